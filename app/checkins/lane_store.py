"""The fast lane's connection: two round trips a group on PostgreSQL, a handful of statements on SQLite.

The drivers are used directly: what SQLAlchemy does for a statement costs more than a check-in may. Statements are
prepared once; the planner is told to go by keys, so that no statistics turn a group of thirty into a table scan.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol, cast
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import set_json_loads

from app.attendance.law import month_of
from app.checkins import lane_sql
from app.checkins.risks import RECENT
from app.database import Database

LOCK_TIMEOUT_MS = 5_000
"""How long a group waits for an officer's work on the same day."""
STATEMENT_TIMEOUT_MS = 15_000

Rows = dict[str, list[dict[str, Any]]]
"""What to write: check_ins, entries, revisions, devices, by column."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the load statement is asked about."""

    account_id: UUID
    id: UUID
    device_id: str | None
    at: datetime
    lng: float | None
    lat: float | None


@dataclass(slots=True)
class Loaded:
    """What the database says of one of them; ids as the database writes them, JSON parsed."""

    number: int
    role: str | None
    active: bool
    posting_id: str
    county_code: str | None
    township_code: str
    village_code: str
    unit_id: str
    bits: int
    correction: str | None
    status: str | None
    confirmed: bool
    exceptions: list[str]
    revision: int
    last_revision: int
    fence_ids: list[str]
    last_fix: list[Any] | None
    same_place: list[list[Any]]
    stored: dict[str, Any] | None
    law: str


class Store(Protocol):
    """One group at a time: begin, write and commit; or roll back."""

    def begin(self, sent: Sequence[Sent], day: date) -> tuple[set[str], list[Loaded]]:
        """Open a transaction, take the day's heads, and read. Returns the counties whose heads are held."""

    def load_fences(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]: ...

    def commit(self, rows: Rows | None) -> None:
        """Write and commit; on return it is on the disk."""

    def rollback(self) -> None:
        """Give up whatever is open, on a connection in whatever state."""

    def close(self) -> None: ...


def open_store(database: Database) -> Store:
    return SqliteStore(database) if database.is_sqlite else PostgresqlStore(database)


def _loaded(row: Sequence[Any], parse: Any) -> Loaded:
    return Loaded(
        number=row[0],
        role=row[1],
        active=bool(row[2]),
        posting_id=row[3],
        county_code=row[4],
        township_code=row[5],
        village_code=row[6],
        unit_id=row[7],
        bits=row[8] or 0,
        correction=row[9],
        status=row[10],
        confirmed=bool(row[11]),
        exceptions=parse(row[12]) or [],
        revision=row[13] or 0,
        last_revision=row[14] or 0,
        fence_ids=parse(row[15]) or [],
        last_fix=parse(row[16]),
        same_place=parse(row[17]) or [],
        stored=parse(row[18]),
        law=row[19],
    )


class PostgresqlStore:
    """A connection of its own, outside the pool, opened when it is first needed and again when it was lost."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: psycopg.Connection[Any] | None = None

    def _connect(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            pooled = self._database.writer.raw_connection()
            connection = cast("psycopg.Connection[Any]", pooled.driver_connection)
            pooled.detach()
            connection.autocommit = True
            connection.prepare_threshold = 0
            set_json_loads(orjson.loads, connection)
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
            self._connection = connection
        return self._connection

    def begin(self, sent: Sequence[Sent], day: date) -> tuple[set[str], list[Loaded]]:
        connection = self._connect()
        parameters = {
            "sent": orjson.dumps(
                [
                    {
                        "n": number,
                        "account_id": one.account_id,
                        "id": one.id,
                        "device_id": one.device_id,
                        "at": one.at,
                        "lng": one.lng,
                        "lat": one.lat,
                    }
                    for number, one in enumerate(sent)
                ]
            ).decode(),
            "day": day.isoformat(),
            "recent": (day - RECENT).isoformat(),
            "month": month_of(day),
        }
        with connection.pipeline():
            connection.execute("BEGIN")
            heads = connection.execute(lane_sql.TAKE_HEADS_POSTGRESQL, parameters)
            found = connection.execute(lane_sql.LOAD_POSTGRESQL, parameters)
        return {row[0] for row in heads}, [_loaded(row, _as_it_is) for row in found]

    def load_fences(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        return dict(self._connect().execute(lane_sql.FENCES_POSTGRESQL, {"ids": list(ids)}).fetchall())

    def commit(self, rows: Rows | None) -> None:
        connection = self._connect()
        if rows is None:
            connection.execute("COMMIT")
            return
        with connection.pipeline():
            connection.execute(
                lane_sql.WRITE_POSTGRESQL,
                {name: orjson.dumps(values).decode() for name, values in rows.items()},
            )
            connection.execute("COMMIT")

    def rollback(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _as_it_is(value: Any) -> Any:
    return value


class SqliteStore:
    """The one writing connection, borrowed for each group, so that everybody else has their turn."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._borrowed: Any = None

    def begin(self, sent: Sequence[Sent], day: date) -> tuple[set[str], list[Loaded]]:
        self._borrowed = self._database.writer.raw_connection()
        cursor = self._borrowed.driver_connection.cursor()
        parameters = {
            "sent": orjson.dumps(
                [
                    {
                        "n": number,
                        "account_id": one.account_id.hex,
                        "id": one.id.hex,
                        "device_id": one.device_id,
                        "at": instant_text(one.at),
                        "lng": one.lng,
                        "lat": one.lat,
                    }
                    for number, one in enumerate(sent)
                ]
            ).decode(),
            "day": day.isoformat(),
            "recent": (day - RECENT).isoformat(),
            "month": month_of(day),
        }
        cursor.execute("BEGIN IMMEDIATE")
        held = {row[0] for row in cursor.execute(lane_sql.TAKE_HEADS_SQLITE, parameters).fetchall()}
        return held, [_loaded(row, _parsed) for row in cursor.execute(lane_sql.LOAD_SQLITE, parameters)]

    def load_fences(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        found = self._borrowed.driver_connection.execute(
            lane_sql.FENCES_SQLITE, {"ids": orjson.dumps(list(ids)).decode()}
        )
        return {fence_id: orjson.loads(geometry) for fence_id, geometry in found}

    def commit(self, rows: Rows | None) -> None:
        cursor = self._borrowed.driver_connection.cursor()
        for name, values in (rows or {}).items():
            if values:
                model, statement = lane_sql.INSERTS_SQLITE[name]
                columns = lane_sql.columns_of(model)
                cursor.executemany(statement, [[_stored(row[column]) for column in columns] for row in values])
        cursor.execute("COMMIT")
        self._give_back()

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


def _parsed(value: str | None) -> Any:
    return None if value is None else orjson.loads(value)


def instant_text(value: datetime) -> str:
    """As SQLAlchemy writes an instant into SQLite: UTC, always with microseconds."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _stored(value: Any) -> Any:
    """A value as SQLAlchemy writes it into SQLite."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    return value
