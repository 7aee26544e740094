"""The fast lane's connection: two round trips a group on PostgreSQL, a handful of statements on SQLite.

The drivers are used directly: what SQLAlchemy, or psycopg's own cursors, do for a statement costs more than a check-in
may. Statements are prepared once; the planner is told to go by keys, so that no statistics turn a group of thirty into
a table scan.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, Protocol, cast
from uuid import UUID

import orjson
import psycopg
from psycopg import pq
from psycopg.errors import error_from_result

from app.attendance.law import month_of
from app.checkins import lane_sql
from app.checkins.risks import RECENT
from app.database import Database

LOCK_TIMEOUT_MS = 5_000
"""How long a group waits for an officer's work on the same day."""
STATEMENT_TIMEOUT_MS = 15_000

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
    entry: tuple[str, bool, list[str], int] | None
    """Status, confirmed, exceptions, revision."""
    last_revision: int | None
    fence_ids: list[str] | None
    checked_in: tuple[int, list[list[Any]] | None] | None
    """Bits, and the recent fixes at the same place."""
    last_fix: list[Any] | None
    stored: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Group:
    """What the database says of a group of check-ins."""

    law: str
    """Changes whenever provisions or calendars do."""
    found: list[Loaded]


class Store(Protocol):
    """One group at a time: load, write; or roll back."""

    def load(self, sent: Sequence[Row], day: date, held: Collection[str] = ()) -> Group:
        """What is known of these check-ins; nothing they are judged by changes until the write if their counties' days
        are `held`, otherwise the write tells.
        """

    def load_fences(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]: ...

    def write(self, rows: Sequence[Row], day: date, versions: Versions) -> Collection[str]:
        """Write what belongs to counties whose day nobody has changed since it was read, and tell which they are. On
        return it is on the disk.
        """

    def rollback(self) -> None:
        """Give up whatever is open, on a connection in whatever state."""

    def close(self) -> None: ...


def open_store(database: Database) -> Store:
    return SqliteStore(database) if database.is_sqlite else PostgresqlStore(database)


def _group(law: str, found: str | bytes) -> Group:
    return Group(law, [Loaded._make(columns) for columns in orjson.loads(found)])


class PostgresqlStore:
    """A connection of its own, outside the pool, opened when it is first needed and again when it was lost."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: psycopg.Connection[Any] | None = None
        self._prepared: set[str] = set()

    def _connect(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            pooled = self._database.writer.raw_connection()
            connection = cast("psycopg.Connection[Any]", pooled.driver_connection)
            pooled.detach()
            connection.autocommit = True
            for name, value in (
                ("lock_timeout", LOCK_TIMEOUT_MS),
                ("statement_timeout", STATEMENT_TIMEOUT_MS),
                ("plan_cache_mode", "force_generic_plan"),
                ("enable_seqscan", "off"),
                ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
                ("jit", "off"),
            ):
                connection.execute(f"SET {name} = {value}")
            self._prepared.clear()
            self._connection = connection
        return self._connection

    def _run(self, statement: str, *values: bytes) -> pq.abc.PGresult:
        """Its result; one round trip, in which other threads run."""
        connection = self._connect().pgconn
        name = str(hash(statement)).encode()
        if statement not in self._prepared:
            self._succeeded(connection, connection.prepare(name, statement.encode()))
            self._prepared.add(statement)
        return self._succeeded(connection, connection.exec_prepared(name, values))

    def _succeeded(self, connection: pq.abc.PGconn, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if connection.status == pq.ConnStatus.BAD:
            self.close()
            raise psycopg.OperationalError("the connection was lost")
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            raise error_from_result(result)
        return result

    def load(self, sent: Sequence[Row], day: date, held: Collection[str] = ()) -> Group:
        if held:
            self._connect().execute("BEGIN")
            counties = "{" + ",".join(sorted(held)) + "}"
            self._run(lane_sql.HOLD_POSTGRESQL, counties.encode(), day.isoformat().encode())
        result = self._run(
            lane_sql.LOAD_POSTGRESQL,
            orjson.dumps(sent),
            day.isoformat().encode(),
            (day - RECENT).isoformat().encode(),
            month_of(day).encode(),
        )
        law, found = cast("bytes", result.get_value(0, 0)), cast("bytes", result.get_value(0, 1))
        return _group(law.decode(), found)

    def load_fences(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        result = self._run(lane_sql.FENCES_POSTGRESQL, ("{" + ",".join(ids) + "}").encode())
        fences: dict[str, dict[str, Any]] = orjson.loads(result.get_value(0, 0) or b"{}")
        return fences

    def write(self, rows: Sequence[Row], day: date, versions: Versions) -> Collection[str]:
        result = self._run(
            lane_sql.WRITE_POSTGRESQL, orjson.dumps(versions), day.isoformat().encode(), orjson.dumps(rows)
        )
        moved = {cast("bytes", result.get_value(n, 0)).decode() for n in range(result.ntuples)}
        connection = self._connect()
        if connection.info.transaction_status != pq.TransactionStatus.IDLE:
            connection.execute("COMMIT")
        return moved

    def rollback(self) -> None:
        connection = self._connection
        if connection is None or connection.info.transaction_status == pq.TransactionStatus.IDLE:
            return
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SqliteStore:
    """The one writing connection, borrowed for each group, so that everybody else has their turn. Whoever has it holds
    all days.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._borrowed: Any = None

    def load(self, sent: Sequence[Row], day: date, held: Collection[str] = ()) -> Group:  # noqa: ARG002 - all are held
        self._borrowed = self._database.writer.raw_connection()
        cursor = self._borrowed.driver_connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        parameters = {
            "sent": orjson.dumps([_stored(one) for one in sent]).decode(),
            "day": day.isoformat(),
            "recent": (day - RECENT).isoformat(),
            "month": month_of(day),
        }
        law, found = cursor.execute(lane_sql.LOAD_SQLITE, parameters).fetchone()
        return _group(law, found)

    def load_fences(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        parameters = {"ids": orjson.dumps(list(ids)).decode()}
        [found] = self._borrowed.driver_connection.execute(lane_sql.FENCES_SQLITE, parameters).fetchone()
        fences: dict[str, dict[str, Any]] = orjson.loads(found)
        return fences

    def write(self, rows: Sequence[Row], day: date, versions: Versions) -> Collection[str]:
        cursor = self._borrowed.driver_connection.cursor()
        if rows:
            heads = {"heads": orjson.dumps(versions).decode(), "day": day.isoformat()}
            cursor.execute(lane_sql.HEADS_SQLITE, heads)
            stored = [_stored(row) for row in rows]
            for when, statement in lane_sql.WRITES_SQLITE:
                cursor.executemany(statement, [row for row in stored if when is None or row[when] is not None])
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

    def close(self) -> None:
        self.rollback()


def instant_text(value: datetime) -> str:
    """As SQLAlchemy writes an instant into SQLite: UTC, always with microseconds."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _stored(row: Row) -> Row:
    """A row as SQLAlchemy writes it into SQLite."""
    return {name: _as_stored(value) for name, value in row.items()}


def _as_stored(value: Any) -> Any:
    kind = type(value)
    if kind is UUID:
        return value.hex
    if kind is datetime:
        return instant_text(value)
    if kind is date:
        return value.isoformat()
    if kind is list or kind is tuple:
        return orjson.dumps(value).decode()
    return value
