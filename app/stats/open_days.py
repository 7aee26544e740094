"""The counties of an area, and the days that they have begun and not closed yet."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.areas import county_column_in, county_of, level_of
from app.access.viewer import Role, Viewer
from app.attendance.facts import Span
from app.attendance.open_days import first_open_days
from app.attendance.rejudge import MAX_SPAN_DAYS
from app.models import Area, Posting


def counties_of(session: Session, viewer: Viewer, area_code: str) -> tuple[str, ...]:
    """The counties whose days tell of the area: those in it, or the one that it lies in; for a unit officer only those
    to which its unit ever sent somebody. Naming them lets every look into a table by county and day begin at the day.
    """
    if level_of(area_code) in {"county", "township", "village"}:
        return (county_of(area_code),)
    query = select(Area.code).where(Area.level == "county", county_column_in(Area.code, area_code))
    if viewer.role is Role.UNIT:
        query = query.where(Area.code.in_(select(Posting.county_code).where(Posting.unit_id == viewer.unit_id)))
    return tuple(session.scalars(query.order_by(Area.code)))


def open_spans(session: Session, counties: Sequence[str], first: date, last: date) -> Iterator[Span]:
    """The counties' open days from `first` to `last`, in pieces that one query can take."""
    if first > last:
        return
    by_start: dict[date, list[str]] = defaultdict(list)
    for county_code, begins in first_open_days(session, counties):
        if begins <= last:
            by_start[max(begins, first)].append(county_code)
    for begins, codes in sorted(by_start.items()):
        start = begins
        while start <= last:
            end = min(start + timedelta(days=MAX_SPAN_DAYS - 1), last)
            yield Span(tuple(sorted(codes)), start, end)
            start = end + timedelta(days=1)
