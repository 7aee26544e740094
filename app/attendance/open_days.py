"""From which day on a county has a ledger, and from which on its days are open."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from app.clock import business_day
from app.models import Area, DayHead, Posting


def among(column: Any, counties: Sequence[str]) -> ColumnElement[bool]:
    """`column IN (counties)`, handed over as one value: looking at each by itself costs more than some queries do."""
    return column.in_(bindparam(None, list(counties), expanding=True))  # type: ignore[no-any-return]


def first_open_days(session: Session, counties: Sequence[str]) -> Iterator[tuple[str, date]]:
    """By county, the day after the last closed one; where none was closed, the day on which its first posting was
    entered. One look into an index for each county, however long its history.
    """
    for county_code, last_closed, entered in _edges(session, counties, func.max(DayHead.date)):
        yield county_code, entered if last_closed is None else last_closed + timedelta(days=1)


def first_days(session: Session, counties: Sequence[str]) -> Iterator[tuple[str, date]]:
    """By county, the first closed day; where none was closed, as above. What is entered for days before it is on
    record, and in nobody's ledger.
    """
    for county_code, first_closed, entered in _edges(session, counties, func.min(DayHead.date)):
        yield county_code, first_closed or entered


def _edges(
    session: Session, counties: Sequence[str], edge: ColumnElement[date]
) -> Iterator[tuple[str, date | None, date]]:
    """By county, one end of its closed days, or null and the day on which its first posting was entered."""
    closed = select(edge).where(DayHead.county_code == Area.code, DayHead.closed_at.is_not(None)).scalar_subquery()
    query = select(Area.code, closed).where(among(Area.code, counties))
    never: list[str] = []
    for county_code, day in session.execute(query):
        if day is None:
            never.append(county_code)
        else:
            yield county_code, day, day
    entered = (
        select(Posting.county_code, func.min(Posting.created_at))
        .where(Posting.county_code.in_(never))
        .group_by(Posting.county_code)
    )
    for county_code, at in session.execute(entered) if never else ():
        yield county_code, None, business_day(at)
