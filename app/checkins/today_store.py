"""The connection that reads everybody's first screen, one of its own, and what it finds."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol, cast
from uuid import UUID

import orjson

from app.attendance.bulk import instant_text
from app.checkins import today_sql
from app.database import Database


class Found(NamedTuple):
    """What the database says of one account's day; ids, dates and instants as the database writes them."""

    number: int
    """Its place among those that were asked for."""
    role: str | None
    active: bool | None
    posting_id: str | None
    """Null, as everything after it, where there is no posting on that day."""
    village_code: str
    duty: str
    starts_on: str
    ends_on: str | None
    unit: str
    village: str
    fences: list[dict[str, Any]] | None
    head: tuple[int, bool] | None
    bits: int
    correction: str | None
    entry: tuple[str, bool, list[str], int, bool] | None
    checked_in: tuple[int, list[list[Any]] | None]
    """Bits; id, captured at, verdict, needs acceptance, accepted."""
    whereabouts: list[Any] | None
    """Id, state, destination, since, expected back at."""
    leave: list[Any] | None
    """Id, kind, state, first and last day."""


class TodayStore(Protocol):
    def read(self, account_ids: Sequence[UUID], day: date, now: datetime) -> tuple[str, list[Found]]:
        """What changes whenever a calendar does, and what is found of each account, in whatever order."""

    def close(self) -> None:
        """Give the connection up; the next reading opens another."""


def open_today_store(database: Database) -> TodayStore:
    return SqliteTodayStore(database) if database.is_sqlite else PostgresqlTodayStore(database)


def _parsed(calendar: str, found: str | bytes) -> tuple[str, list[Found]]:
    return calendar, [Found._make(columns) for columns in orjson.loads(found)]


class SqliteTodayStore:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Any = None

    def read(self, account_ids: Sequence[UUID], day: date, now: datetime) -> tuple[str, list[Found]]:
        if self._connection is None:
            pooled = self._database.reader.raw_connection()
            self._connection = pooled.driver_connection
            pooled.detach()
        parameters = {
            "sent": orjson.dumps([account_id.hex for account_id in account_ids]).decode(),
            "day": day.isoformat(),
            "now": instant_text(now),
        }
        # All rows of one: a statement that is not read to its end would hold back the log.
        [(calendar, found)] = self._connection.execute(today_sql.TODAY_SQLITE, parameters).fetchall()
        return _parsed(calendar, found)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class PostgresqlTodayStore:
    def __init__(self, database: Database) -> None:
        from app.checkins.lane_postgresql import Prepared  # noqa: PLC0415 - late: SQLite does without the driver

        self._connection = Prepared(database)

    def read(self, account_ids: Sequence[UUID], day: date, now: datetime) -> tuple[str, list[Found]]:
        sent = "{" + ",".join(map(str, account_ids)) + "}"
        values = (sent.encode(), day.isoformat().encode(), now.isoformat().encode())
        result = self._connection.run(today_sql.TODAY_POSTGRESQL, *values)
        calendar, found = cast("bytes", result.get_value(0, 0)), cast("bytes", result.get_value(0, 1))
        return _parsed(calendar.decode(), found)

    def close(self) -> None:
        self._connection.close()
