"""The facts of one posting's days, as every check-in has them judged again: the statement of `facts` with a fixed text.
It is long, and what SQLAlchemy and psycopg do to its text for each run costs several times what sending it does.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Select, String, Uuid, bindparam
from sqlalchemy.orm import Session

from app.attendance.facts import Parameters, Span, days_of, facts_about, load_facts


def load_facts_of(session: Session, span: Span) -> Sequence[Any]:
    """As `load_facts`, of postings that are named."""
    if span.posting_ids is None or len(span.posting_ids) != 1 or len(span.county_codes) != 1:
        return load_facts(session, span).all()
    if session.get_bind().dialect.name == "postgresql":
        return _run_natively(session, span.days, _values(span))
    return session.execute(_statement(span.days), _values(span)).all()


def _values(span: Span) -> dict[str, Any]:
    [county_code], [posting_id] = span.county_codes, span.posting_ids or ()
    asked = {"county_code": county_code, "posting_id": posting_id, "first": span.first, "last": span.last}
    return asked | days_of(span)


_ONE_POSTING = Parameters(
    (bindparam("county_code", type_=String),),
    bindparam("first", type_=Date),
    bindparam("last", type_=Date),
    (bindparam("posting_id", type_=Uuid),),
)


@lru_cache(maxsize=64)
def _statement(days: int) -> Select[Any]:
    return facts_about(_ONE_POSTING, days)


def _run_natively(session: Session, days: int, values: dict[str, Any]) -> Sequence[Any]:
    """Through SQLAlchemy all the same, which knows what to do with a connection that is lost."""
    from psycopg import RawCursor  # noqa: PLC0415 - late: SQLite does without the driver

    session.flush()
    text, names, fixed = _native(days)
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    usual, driver.cursor_factory = driver.cursor_factory, RawCursor
    try:
        given = tuple(values[name] if name in values else fixed[name] for name in names)
        return connection.exec_driver_sql(text, given).all()
    finally:
        driver.cursor_factory = usual


@lru_cache(maxsize=64)
def _native(days: int) -> tuple[str, Sequence[str], dict[str, Any]]:
    """The statement in the server's own words, the names of its places, and the values that are always the same."""
    from sqlalchemy.dialects.postgresql import psycopg  # noqa: PLC0415 - as above

    dialect = psycopg.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
    # SQLAlchemy wants values for its places, whichever.
    anyone = Span(("",), date.min, date.min + timedelta(days=days - 1), (UUID(int=0),))
    found = _statement(days).compile(dialect=dialect).construct_expanded_state(_values(anyone))
    return found.statement, tuple(found.positiontup or ()), dict(found.parameters)
