# ruff: noqa: S608 - the statements are made of the names that the models give
"""Many rows in one statement. SQLAlchemy and the drivers spend on one row, taking it apart parameter by parameter, more
than a check-in may cost; here the database takes the rows apart.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import JSON, Boolean, Column, Date, TextClause, Uuid, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.database import Instant

Row = Mapping[str, Any]
"""Values by column: str, number, bool, None, UUID, date, aware datetime, or a list for a JSON column."""


class Insert(NamedTuple):
    """Rows of one table that all have the columns of the first; `ending` is what comes after them, an ON CONFLICT
    clause.
    """

    model: Any
    rows: Sequence[Row]
    ending: str = ""

    @property
    def key(self) -> "InsertKey":
        return self.model, tuple(self.rows[0]), self.ending


InsertKey = tuple[Any, tuple[str, ...], str]
"""What the text of a statement depends on: model, columns, ending."""


def insert_rows(session: Session, model: Any, rows: Sequence[Row], ending: str = "") -> None:
    insert_all(session, [Insert(model, rows, ending)])


def insert_all(session: Session, inserts: Iterable[Insert]) -> None:
    """Insert into several tables, in one statement where the database can: each has a price besides that of its rows.
    They are written in no particular order.
    """
    filled = [insert for insert in inserts if insert.rows]
    if not filled:
        return
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        rows = {f"rows_{number}": orjson.dumps(insert.rows).decode() for number, insert in enumerate(filled)}
        connection.execute(_from_json(tuple(insert.key for insert in filled)), rows)
        return
    for insert in filled:
        connection.exec_driver_sql(_from_places(*insert.key), _places(*insert.key[:2]).fill(insert.rows))


@lru_cache(maxsize=64)
def _from_json(keys: tuple[InsertKey, ...]) -> TextClause:
    *others, last = (_one_from_json(f"rows_{number}", *key) for number, key in enumerate(keys))
    before = ", ".join(f"w{number} AS ({statement})" for number, statement in enumerate(others))
    return text(f"WITH {before} {last}" if before else last)


def _one_from_json(parameter: str, model: Any, columns: tuple[str, ...], ending: str) -> str:
    table, names = model.__table__, _quoted(columns)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    typed = ", ".join(f'"{name}" {table.columns[name].type.compile(dialect)}' for name in columns)
    source = f"SELECT {names} FROM json_to_recordset(CAST(:{parameter} AS json)) AS t({typed})"
    return f"INSERT INTO {table.name} ({names}) {source} {ending}"


@lru_cache(maxsize=64)
def _places(model: Any, columns: tuple[str, ...]) -> "Places":
    return Places(columns, writers(model))


@lru_cache(maxsize=64)
def _from_places(model: Any, columns: tuple[str, ...], ending: str) -> str:
    places = ", ".join("?" for _ in columns)
    return f"INSERT INTO {model.__table__.name} ({_quoted(columns)}) VALUES ({places}) {ending}"


def _quoted(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


Writer = Callable[[Any], Any]


class Places:
    """How rows are handed to SQLite: the values of some columns, in their order, each written by its writer if it has
    one.
    """

    def __init__(self, columns: Sequence[str], found: Mapping[str, Writer]) -> None:
        self._columns = columns
        self._writers = [(place, found[name]) for place, name in enumerate(columns) if name in found]

    def fill(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """Column by column: a value that a row shares with the one before it (whose village it was, when it came) is
        written once.
        """
        filled = [list(map(row.__getitem__, self._columns)) for row in rows]
        for place, write in self._writers:
            last = written = None
            for row in filled:
                value = row[place]
                if value is not last:
                    last, written = value, write(value)
                row[place] = written
        return list(map(tuple, filled))


@lru_cache(maxsize=64)
def writers(model: Any) -> Mapping[str, Writer]:
    """How SQLAlchemy writes into SQLite what SQLite has no type for, by column. It has one for booleans, but the driver
    looks for it at every value.
    """
    found = {column.name: _writer(column) for column in model.__table__.columns}
    return {name: write for name, write in found.items() if write is not None}


def _writer(column: Column[Any]) -> Writer | None:
    kinds: Mapping[type, Writer] = {
        Uuid: attrgetter("hex"),
        Instant: instant_text,
        Date: date.isoformat,
        JSON: json_text,
        Boolean: int,
    }
    write = next((write for kind, write in kinds.items() if isinstance(column.type, kind)), None)
    if write is None or not column.nullable:
        return write
    return lambda value: None if value is None else write(value)


def instant_text(value: datetime) -> str:
    """As SQLAlchemy writes an instant into SQLite: UTC, always with microseconds, no offset."""
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def json_text(value: Any) -> str:
    return orjson.dumps(value).decode()
