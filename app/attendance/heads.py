"""The head of a county's day. Whoever writes to a day takes its head first and reads the facts afterwards, so that
a check-in and the close of its day, at the same instant, see each other in one order or the other.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import Date, String, TextualSelect, bindparam, select, text
from sqlalchemy.orm import Session

from app.attendance.bulk import json_text
from app.database import Instant
from app.models import DayHead

HeadKey = tuple[str, date]
"""(county_code, date)."""


def take_heads(session: Session, keys: Iterable[HeadKey]) -> dict[HeadKey, datetime | None]:
    """Lock these days until the end of the transaction and count the change; returns when each was closed.
    Keys are taken in order, so that two writers never wait for each other.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    session.flush()
    taken = session.execute(
        _taking(session.get_bind().dialect.name),
        {"keys": json_text([{"county_code": county, "date": day} for county, day in wanted])},
    )
    return {(county, day): closed_at for county, day, closed_at in taken}


_KEYS = {
    "postgresql": (
        "t.county_code, t.date, 1 FROM json_to_recordset(CAST(:keys AS json)) AS t(county_code text, date date)"
    ),
    "sqlite": "json_extract(value, '$.county_code'), json_extract(value, '$.date'), 1 FROM json_each(:keys) WHERE true",
}


@lru_cache(maxsize=2)
def _taking(dialect: str) -> TextualSelect:
    """One text for any number of days."""
    return text(
        f"INSERT INTO day_heads (county_code, date, version) SELECT {_KEYS[dialect]} ORDER BY 1, 2"
        " ON CONFLICT (county_code, date) DO UPDATE SET version = day_heads.version + 1"
        " RETURNING county_code, date, closed_at"
    ).columns(county_code=String, date=Date, closed_at=Instant)


_CLOSED = (
    select(DayHead.date).where(DayHead.county_code == bindparam("county_code"), DayHead.closed_at.is_not(None)).limit(1)
)
_FIRST_CLOSED = _CLOSED.order_by(DayHead.date)
_LAST_CLOSED = _CLOSED.order_by(DayHead.date.desc())


def first_closed_day(session: Session, county_code: str) -> date | None:
    """The county's ledger begins with it; from then on every day is closed in its turn."""
    return session.scalar(_FIRST_CLOSED, {"county_code": county_code})


def last_closed_day(session: Session, county_code: str) -> date | None:
    return session.scalar(_LAST_CLOSED, {"county_code": county_code})
