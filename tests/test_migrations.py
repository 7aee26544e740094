"""The migrations: one line of them, each up and down on both databases with rows in every table."""

import re
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    Numeric,
    Table,
    Uuid,
    func,
    insert,
    inspect,
    select,
)

from app.database import Base, Database, Instant, is_on
from app.ids import new_id
from app.schema import _ALEMBIC_INI, is_current, newest_revision, revision_of, upgrade
from app.settings import Settings

SCRIPTS = ScriptDirectory.from_config(Config(_ALEMBIC_INI))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()]
"""Newest first."""


def test_there_is_one_head_and_one_way_to_it():
    assert len(SCRIPTS.get_heads()) == 1
    assert len(SCRIPTS.get_bases()) == 1
    assert all(not script.is_merge_point for script in SCRIPTS.walk_revisions())


@pytest.fixture
def empty_database(databases):
    url = databases.empty()
    database = Database(Settings(database_url=url))
    yield url, database
    database.dispose()
    databases.drop(url)


def alembic(url: str) -> Config:
    config = Config(_ALEMBIC_INI)
    config.attributes["database_url"] = url
    return config


def test_the_migrations_make_what_the_models_say(empty_database):
    url, database = empty_database
    upgrade(url)
    with database.writer.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": partial(_is_compared, connection.dialect.name)}
        )
        assert compare_metadata(context, Base.metadata) == []
    assert is_current(database.writer)


def test_the_newest_migration_is_the_one_that_alembic_finds():
    assert newest_revision() == SCRIPTS.get_current_head()


def test_migrations_that_fork_are_refused(tmp_path, monkeypatch):
    lines = {
        "first": 'revision: str = "0001"\ndown_revision: str | None = None\n',
        "second": "revision = '0002'\ndown_revision = '0001'\n",
    }
    for name, text in lines.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr("app.schema._MIGRATIONS", tmp_path)
    assert newest_revision() == "0002"
    (tmp_path / "third.py").write_text(lines["second"].replace("0002", "0003"))
    with pytest.raises(RuntimeError, match="0003"):
        newest_revision()


def test_an_empty_database_is_at_no_revision(empty_database):
    _, database = empty_database
    assert revision_of(database.writer) is None
    assert not is_current(database.writer)


def _is_compared(dialect: str, item: Any, name: str, kind: str, reflected: bool, compared: Any) -> bool:
    return is_on(dialect, item) and not (
        kind == "table" and reflected and compared is None and re.search(r"_(default|\d{4}_\d{2})$", name)
    )


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_migration_goes_down_and_up_again_with_rows_in_every_table(empty_database, revision):
    url, database = empty_database
    upgrade(url)
    with database.writing() as session:
        fill(session.connection())
    below = SCRIPTS.get_revision(revision).down_revision or "base"
    command.downgrade(alembic(url), below)
    kept = {} if below == "base" else counts(database)
    command.upgrade(alembic(url), "head")
    assert revision_of(database.writer) == SCRIPTS.get_current_head()
    after = counts(database)
    assert {name: after[name] for name in kept} == kept


def test_going_all_the_way_down_leaves_nothing_behind(empty_database):
    url, database = empty_database
    upgrade(url)
    with database.writing() as session:
        fill(session.connection())
    command.downgrade(alembic(url), "base")
    assert set(inspect(database.writer).get_table_names()) <= {"alembic_version"}


def test_running_the_migrations_again_changes_nothing(empty_database):
    url, database = empty_database
    upgrade(url)
    with database.writing() as session:
        fill(session.connection())
    before = counts(database)
    upgrade(url)
    assert counts(database) == before
    assert set(before.values()) == {1}, "every table has its row"


# ------------------------------------------------------------------ a row for every table


def fill(connection: Connection) -> None:
    """One row in each table; foreign keys refer to the rows made before."""
    made: dict[str, dict[str, Any]] = {}
    for table in Base.metadata.sorted_tables:
        row = {column.name: _value(table, column, made) for column in table.columns}
        connection.execute(insert(table), row)
        made[table.name] = row


def counts(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in Base.metadata.sorted_tables}


def _value(table: Table, column: Column[Any], made: dict[str, dict[str, Any]]) -> Any:
    for key in column.foreign_keys:
        if key.column.table is table:
            return None
        return made[key.column.table.name][key.column.name]
    allowed = _allowed(table, column)
    if allowed:
        return allowed
    kinds: list[tuple[Any, Any]] = [
        (Uuid, new_id()),
        (Boolean, True),
        (Integer, 2026),
        (Numeric, 1.5),
        ((Instant, DateTime), datetime(2026, 11, 23, 8, 5, tzinfo=UTC)),
        (Date, date(2026, 11, 23)),
        (JSON, {}),
    ]
    for kind, value in kinds:
        if isinstance(column.type, kind):
            return value
    return "990101001001"[: getattr(column.type, "length", None) or 12]


def _allowed(table: Table, column: Column[Any]) -> str | None:
    """The first of the values that a check constraint lists for the column."""
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            found = re.search(rf"^{column.name} IN \('(\w+)'", str(constraint.sqltext))
            if found:
                return found.group(1)
    return None
