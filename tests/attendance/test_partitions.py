"""Months of the large tables: made ahead, set aside when they are old, and keyed so that they can be distributed."""

from datetime import date, datetime

import pytest
from sqlalchemy import UniqueConstraint, func, inspect, select, text

from app.attendance.close import close_county_day, close_due_days
from app.attendance.partitions import PARTITIONED, detach_partitions, ensure_partitions, list_partitions
from app.clock import SHANGHAI
from app.database import Base
from app.models import DayEntry
from tests.support.world import COUNTY

GROWING = {
    "absence_counters": ("county_code",),
    "check_ins": ("county_code", "date"),
    "county_months": ("county_code", "date"),
    "county_rollups": ("county_code", "date"),
    "day_entries": ("county_code", "date"),
    "day_heads": ("county_code", "date"),
    "day_revisions": ("county_code", "date"),
    "team_rollups": ("county_code", "date"),
}
"""Tables with a row for each posting, or for each day of a posting, team or county; what every unique key of theirs
carries, so that rows can be placed by county and months set aside.
"""


def test_every_unique_key_of_a_large_table_carries_the_county_and_the_day():
    for name, carried in GROWING.items():
        table = Base.metadata.tables[name]
        keys = [table.primary_key.columns.keys()]
        keys += [list(c.columns.keys()) for c in table.constraints if isinstance(c, UniqueConstraint)]
        keys += [[column.name for column in index.columns] for index in table.indexes if index.unique]
        for key in keys:
            assert set(carried) <= set(key), (name, key)


def test_no_other_table_has_a_day_of_a_posting_as_its_key():
    """Who adds one says here how it is distributed."""
    by_day = {
        table.name
        for table in Base.metadata.tables.values()
        if {"county_code", "date"} <= set(table.primary_key.columns.keys())
    }
    assert by_day | {"absence_counters"} == set(GROWING)


def test_the_migrated_database_has_the_keys_that_the_models_name(database):
    inspector = inspect(database.writer)
    for name, carried in GROWING.items():
        wanted = Base.metadata.tables[name].primary_key.columns.keys()
        assert inspector.get_pk_constraint(name)["constrained_columns"] == wanted

        assert all(set(carried) <= set(key["column_names"]) for key in inspector.get_unique_constraints(name))


@pytest.fixture
def postgresql_only(databases):
    if databases.name != "postgresql":
        pytest.skip("SQLite has no partitions")


@pytest.mark.usefixtures("postgresql_only")
def test_a_close_makes_the_months_ahead_and_a_row_of_a_later_month_waits_in_the_default_one(world, database, clock):
    clock.set("2026-11-24 00:30")
    close_due_days(database, clock())
    with database.writing() as session:
        months = {partition.month for partition in list_partitions(session)}
        assert months == {date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)}
        close_county_day(session, COUNTY, date(2027, 5, 31), datetime(2027, 6, 1, 1, tzinfo=SHANGHAI))
        assert session.scalar(text("SELECT count(*) FROM day_entries_default")) == 4
        ensure_partitions(session, [date(2027, 5, 1)])
        assert session.scalar(text("SELECT count(*) FROM day_entries_default")) == 0
        assert session.scalar(text("SELECT count(*) FROM day_entries_2027_05")) == 4
        assert session.scalar(select(func.count()).select_from(DayEntry).where(DayEntry.date == date(2027, 5, 31))) == 4


@pytest.mark.usefixtures("postgresql_only")
def test_a_month_of_check_ins_is_vacuumed_early_so_that_the_week_before_is_read_from_the_index_alone(database):
    with database.writing() as session:
        ensure_partitions(session, [date(2026, 11, 1)])
        options = "SELECT reloptions FROM pg_class WHERE relname = 'check_ins_2026_11'"
        assert session.scalar(text(options)) == ["autovacuum_vacuum_insert_scale_factor=0.01"]


@pytest.mark.usefixtures("postgresql_only")
def test_a_month_that_was_detached_is_in_no_answer_and_keeps_its_rows_in_its_own_table(world, database):
    with database.writing() as session:
        ensure_partitions(session, [date(2026, 10, 1), date(2026, 11, 1)])
        for day in (date(2026, 10, 30), date(2026, 11, 2)):
            close_county_day(session, COUNTY, day, datetime(2026, 11, 3, 1, tzinfo=SHANGHAI))
    with database.writing() as session:
        assert detach_partitions(session, date(2026, 11, 1)) == [f"{table}_2026_10" for table in PARTITIONED]
    with database.writing() as session:
        days = set(session.scalars(select(DayEntry.date)))
        assert days == {date(2026, 11, 2)}
        assert session.scalar(text("SELECT count(*) FROM day_entries_2026_10")) == 4
        assert session.scalar(text("SELECT count(*) FROM day_revisions_2026_10")) == 4
        assert detach_partitions(session, date(2026, 11, 1)) == [], "once"
        bounds = "FOR VALUES FROM ('2026-10-01') TO ('2026-11-01')"
        session.execute(text(f"ALTER TABLE day_entries ATTACH PARTITION day_entries_2026_10 {bounds}"))
        assert set(session.scalars(select(DayEntry.date))) == {date(2026, 10, 30), date(2026, 11, 2)}, "attached again"


@pytest.mark.usefixtures("postgresql_only")
def test_rows_of_a_detached_month_that_come_after_all_are_taken_by_the_default_partition(world, database):
    with database.writing() as session:
        ensure_partitions(session, [date(2026, 10, 1), date(2026, 11, 1)])
        detach_partitions(session, date(2026, 11, 1))
        ensure_partitions(session, [date(2026, 10, 1)])
        close_county_day(session, COUNTY, date(2026, 10, 30), datetime(2026, 11, 3, 1, tzinfo=SHANGHAI))
        assert session.scalar(text("SELECT count(*) FROM day_entries_default")) == 4
        assert session.scalar(text("SELECT count(*) FROM day_entries_2026_10")) == 0
