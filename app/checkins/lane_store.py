"""The fast lane's connection: two round trips a group on PostgreSQL, a handful of statements on SQLite.

The drivers are used directly: what SQLAlchemy, or psycopg's own cursors, do for a statement costs more than a check-in
may. Statements are prepared once; the planner is told to go by keys, so that no statistics turn a group of thirty into
a table scan.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol

import orjson

from app.attendance.bulk import Places, instant_text, writers
from app.attendance.law import month_of
from app.checkins import lane_sql
from app.checkins.ids import days_of_all
from app.checkins.kept import FoundFence
from app.database import Database
from app.policy.risks import RECENT

Row = dict[str, Any]
"""One check-in and what its day comes to, by the names in `lane_sql.ROW`."""
Versions = Mapping[str, int]
"""Of the day's heads as they were read, by county; 0 where there is none yet."""


class Loaded(NamedTuple):
    """What the database says of one check-in; ids and dates as the database writes them."""

    number: int
    role: str | None
    active: bool | None
    posting_id: str
    county_code: str | None
    """Null, as the rest of the posting, where there is none on that day."""
    township_code: str
    village_code: str
    unit_id: str
    head: tuple[int, bool] | None
    """The day's version, and whether it is closed."""
    bits: int
    correction: str | None
    entry: tuple[str, bool, list[str], int, bool] | None
    """Status, confirmed, exceptions, revision, and whether anybody ever confirmed it."""
    last_revision: int | None
    fences: list[FoundFence] | None
    checked_in: tuple[int, list[list[Any]] | None, list[Any] | None] | None
    """Bits, the recent fixes at the same place, and the last one before this."""
    stored: dict[str, Any] | None


Meanwhile = Callable[[], None]


def nothing() -> None:
    """To do meanwhile."""


@dataclass(frozen=True, slots=True)
class Group:
    """What the database says of a group of check-ins."""

    law: str
    """Changes whenever provisions or calendars do."""
    found: list[Loaded]


class Store(Protocol):
    """One group at a time: load, write; or roll back. `meanwhile` is called once, while the database works if that is
    another process.
    """

    def load(self, sent: Sequence[Row], day: date, held: Collection[str] = (), meanwhile: Meanwhile = nothing) -> Group:
        """What is known of these check-ins; nothing they are judged by changes until the write if their counties' days
        are `held`, otherwise the write tells.
        """

    def write(
        self, rows: Sequence[Row], day: date, versions: Versions, meanwhile: Meanwhile = nothing
    ) -> Collection[str]:
        """Write what belongs to counties whose day nobody has changed since it was read, and tell which they are. On
        return it is on the disk.
        """

    def rollback(self) -> None:
        """Give up whatever is open, on a connection in whatever state."""

    def close(self) -> None: ...


def open_store(database: Database) -> Store:
    if database.is_sqlite:
        return SqliteStore(database)
    from app.checkins.lane_postgresql import PostgresqlStore  # noqa: PLC0415 - late: SQLite does without the driver

    return PostgresqlStore(database)


def group_of(law: str, found: str | bytes) -> Group:
    return Group(law, [Loaded._make(columns) for columns in orjson.loads(found)])


class SqliteStore:
    """The one writing connection, borrowed for each group: before everybody who waits, since a group is short and is
    many phones', but once between any two of them. Whoever has it holds all days.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._borrowed: Any = None

    def load(
        self,
        sent: Sequence[Row],
        day: date,
        held: Collection[str] = (),  # noqa: ARG002 - all are held
        meanwhile: Meanwhile = nothing,
    ) -> Group:
        meanwhile()
        self._database.line.take(next_please=True)
        try:
            self._borrowed = self._database.writer.raw_connection()
        except BaseException:
            self._database.line.give_back()
            raise
        cursor = self._borrowed.driver_connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        ids_from, ids_to = days_of_all(one["id"] for one in sent)
        parameters = {
            "sent": orjson.dumps([_asked(one) for one in sent]).decode(),
            "day": day.isoformat(),
            "recent": (day - RECENT).isoformat(),
            "month": month_of(day),
            "ids_from": ids_from.isoformat(),
            "ids_to": ids_to.isoformat(),
        }
        law, found = cursor.execute(lane_sql.LOAD_SQLITE, parameters).fetchone()
        return group_of(law, found)

    def write(
        self, rows: Sequence[Row], day: date, versions: Versions, meanwhile: Meanwhile = nothing
    ) -> Collection[str]:
        meanwhile()
        cursor = self._borrowed.driver_connection.cursor()
        if rows:
            heads = {"heads": orjson.dumps(versions).decode(), "day": day.isoformat()}
            cursor.execute(lane_sql.HEADS_SQLITE, heads)
            for when, statement, places in _WRITES:
                written = rows if when is None else [row for row in rows if row[when] is not None]
                cursor.executemany(statement, places.fill(written))
        cursor.execute("COMMIT")
        self._give_back()
        return versions.keys()

    def rollback(self) -> None:
        if self._borrowed is not None:
            connection = self._borrowed.driver_connection
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._give_back()

    def _give_back(self) -> None:
        self._borrowed.close()
        self._borrowed = None
        self._database.line.give_back()

    def close(self) -> None:
        self.rollback()


def _asked(one: Row) -> Row:
    return {
        **one,
        "account_id": one["account_id"].hex,
        "id": one["id"].hex,
        "at": instant_text(one["at"]),
    }


_AS_STORED = ("posting_id", "unit_id")
"""Loaded in the form in which they are stored."""


def _places(target: lane_sql.Target) -> Places:
    found = {
        column: write
        for name, column in target.columns().items()
        if column not in _AS_STORED and (write := writers(target.model).get(name))
    }
    return Places(list(target.columns().values()), found)


_WRITES = [(target.when, statement, _places(target)) for target, statement in lane_sql.WRITES_SQLITE]
