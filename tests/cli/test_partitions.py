"""Setting old months aside from the command line."""

import pytest

from app.attendance.partitions import ensure_partitions
from app.clock import business_day, now
from app.database import Database
from app.settings import Settings


@pytest.fixture
def migrated(cli, environment):
    assert cli("migrate").code == 0
    return environment["DATABASE_URL"]


def test_months_within_the_recalls_view_are_never_detached(cli, migrated):
    answer = cli("partitions", "detach", "--before", f"{business_day(now()):%Y-%m}")
    assert (answer.code, "两年" in answer.err) == (2, True)


def test_old_months_are_detached_and_named(cli, migrated, databases):
    if databases.name != "postgresql":
        answer = cli("partitions", "detach", "--before", "2020-01")
        assert (answer.code, "SQLite" in answer.err) == (2, True)
        return
    database = Database(Settings(database_url=migrated))
    with database.writing() as session:
        today = business_day(now())
        ensure_partitions(session, [today.replace(year=2019, month=12, day=1), today])
    database.dispose()
    assert "2019-12  check_ins_2019_12" in cli("partitions", "list").out
    answer = cli("partitions", "detach", "--before", "2020-01")
    assert answer.code == 0, answer.err
    assert answer.out.split() == ["check_ins_2019_12", "day_entries_2019_12", "day_revisions_2019_12"]
    assert "没有更早的分区" in cli("partitions", "detach", "--before", "2020-01").out


@pytest.mark.parametrize("month", ["2020", "2020-13", "很早"])
def test_a_month_that_is_none_is_refused_in_words(cli, migrated, month):
    answer = cli("partitions", "detach", "--before", month)
    assert (answer.code, "YYYY-MM" in answer.err) == (2, True)
