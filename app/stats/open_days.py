"""The days that counties have begun and not closed yet."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.areas import county_column_in, county_of, level_of
from app.attendance.facts import Span
from app.attendance.rejudge import MAX_SPAN_DAYS
from app.clock import business_day
from app.models import Area, DayHead, Posting


def open_spans(session: Session, area_code: str, first: date, last: date) -> Iterator[Span]:
    """The open days from `first` to `last` of the area's counties (of its own county, inside one), in pieces that one
    query can take.
    """
    if first > last:
        return
    counties: dict[date, list[str]] = defaultdict(list)
    for county_code, begins in _first_open_days(session, area_code):
        if begins <= last:
            counties[max(begins, first)].append(county_code)
    for begins, codes in sorted(counties.items()):
        start = begins
        while start <= last:
            end = min(start + timedelta(days=MAX_SPAN_DAYS - 1), last)
            yield Span(tuple(sorted(codes)), start, end)
            start = end + timedelta(days=1)


def _first_open_days(session: Session, area_code: str) -> Iterator[tuple[str, date]]:
    """By county, the day after the last closed one; where none was closed, the day on which its first posting was
    entered. One look into an index for each county, however long its history.
    """
    closed = (
        select(func.max(DayHead.date))
        .where(DayHead.county_code == Area.code, DayHead.closed_at.is_not(None))
        .scalar_subquery()
    )
    of_area = county_of(area_code) if level_of(area_code) in {"township", "village"} else area_code
    query = select(Area.code, closed).where(Area.level == "county", county_column_in(Area.code, of_area))
    never: list[str] = []
    for county_code, last_closed in session.execute(query):
        if last_closed is None:
            never.append(county_code)
        else:
            yield county_code, last_closed + timedelta(days=1)
    entered = (
        select(Posting.county_code, func.min(Posting.created_at))
        .where(Posting.county_code.in_(never))
        .group_by(Posting.county_code)
    )
    for county_code, at in session.execute(entered) if never else ():
        yield county_code, business_day(at)
