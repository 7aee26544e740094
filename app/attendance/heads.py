"""The head of a county's day. Whoever writes to a day takes its head first and reads the facts afterwards, so that
a check-in and the close of its day, at the same instant, see each other in one order or the other.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.attendance.upsert import insert_of
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
    rows = [{"county_code": county, "date": day, "version": 1, "closed_at": None} for county, day in wanted]
    closed: dict[HeadKey, datetime | None] = {}
    for county, day, closed_at in session.execute(_taking(session.get_bind().dialect.name), rows):
        closed[county, day] = closed_at
    return closed


@lru_cache(maxsize=2)
def _taking(dialect: str) -> Any:
    return (
        insert_of(dialect, DayHead)
        .on_conflict_do_update(
            index_elements=[DayHead.county_code, DayHead.date], set_={"version": DayHead.version + 1}
        )
        .returning(DayHead.county_code, DayHead.date, DayHead.closed_at)
    )


_LAST_CLOSED = (
    select(DayHead.date)
    .where(DayHead.county_code == bindparam("county_code"), DayHead.closed_at.is_not(None))
    .order_by(DayHead.date.desc())
    .limit(1)
)


def last_closed_day(session: Session, county_code: str) -> date | None:
    return session.scalar(_LAST_CLOSED, {"county_code": county_code})
