"""Closing days: at 00:30 of the next day what nobody accounted for becomes an absence.

A county's day is closed in one transaction that holds the day's head, so closing twice at once, or while cadres check
in, comes out as if one had waited for the other. Small counties share a transaction. What was closed stays closed; a
run that stops half-way goes on with the next counties.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.attendance import rollups
from app.attendance.absences import count_closed_day
from app.attendance.closing_sets import STANDING, judged_as_set
from app.attendance.entries import Author
from app.attendance.heads import take_heads
from app.attendance.law import load_calendar, load_provisions
from app.attendance.outbox import emit
from app.attendance.pace import Pace, meets_nobody, postings_a_transaction
from app.attendance.partitions import ensure_partitions
from app.clock import business_day, day_closes_at
from app.database import Database
from app.models import DayHead, Posting

log = structlog.get_logger()

ATTEMPTS = 3
BROKEN_OFF = {"40001", "40P01"}
"""PostgreSQL's serialization failure and deadlock."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Told after each transaction."""

    day: date
    county_codes: tuple[str, ...]
    """Closed now; without those that somebody else has closed meanwhile."""
    postings: int
    done: int
    """County days looked after so far, of `due`."""
    due: int


@dataclass(frozen=True, slots=True)
class Due:
    county_code: str
    day: date


def due_days(session: Session, now: datetime) -> list[Due]:
    """Every county's days that are over and not closed, oldest first: from the day on which the county entered its
    first posting, since nobody can have checked in before.
    """
    provisions = load_provisions(session)
    newest = (
        select(DayHead.county_code, func.max(DayHead.date))
        .where(DayHead.closed_at.is_not(None))
        .group_by(DayHead.county_code)
    )
    closed = {county_code: day for county_code, day in session.execute(newest)}  # noqa: C416 - typed rows, not a dict of rows
    entered = session.execute(select(Posting.county_code, func.min(Posting.created_at)).group_by(Posting.county_code))
    due = []
    for county_code, first_entered in entered:
        day = business_day(first_entered)
        if county_code in closed:
            day = closed[county_code] + timedelta(days=1)
        while now >= day_closes_at(day, str(provisions.value("day.closes_at", day, county_code))):
            due.append(Due(county_code, day))
            day += timedelta(days=1)
    return sorted(due, key=lambda item: (item.day, item.county_code))


def close_due_days(
    database: Database,
    now: datetime,
    progress: Callable[[Progress], None] | None = None,
    *,
    stop: Callable[[], bool] = lambda: False,
    pace: Pace | None = None,
) -> int:
    """Close every day that is due, some counties in a transaction; returns the number of county days closed. `stop`
    is asked between two transactions; `pace` is full speed where none is given.
    """
    pace = pace or Pace(meets_nobody)
    with pace.transaction(database) as session:
        due = due_days(session, now)
        ensure_partitions(session, {item.day for item in due} | {business_day(now)})
        sizes = _postings_by_county(session) if due else {}
    closed = seen = 0
    for day, county_codes in _portions(due, sizes, postings_a_transaction(database)):
        pace.rest(stop)
        if stop():
            break
        judged = _close_portion(database, county_codes, day, now, pace)
        closed += len(judged)
        seen += len(county_codes)
        if progress:
            progress(Progress(day, tuple(judged), sum(judged.values()), seen, len(due)))
    return closed


def close_county_day(session: Session, county_code: str, day: date, now: datetime) -> int | None:
    """Close one county's day; returns the number of postings judged, or None where it was closed already."""
    return close_counties(session, [county_code], day, now).get(county_code)


def close_counties(session: Session, county_codes: Sequence[str], day: date, now: datetime) -> dict[str, int]:
    """Close the day of these counties, as far as it is not closed yet; returns the number of postings judged by county.
    Whoever writes to one of these days at the same time has waited, or waits until the commit.
    """
    standing = take_heads(session, [(county_code, day) for county_code in county_codes])
    open_ones = [county_code for county_code in county_codes if standing[county_code, day] is None]
    if not open_ones:
        return {}
    session.execute(
        update(DayHead).where(DayHead.county_code.in_(open_ones), DayHead.date == day).values(closed_at=now)
    )
    calendar, provisions = load_calendar(session), load_provisions(session)
    author = Author(now, None, "close")
    with judged_as_set(session, open_ones, day, calendar, author) as counted:
        rollups.count_day(session, open_ones, day, STANDING)
        count_closed_day(session, open_ones, day, STANDING, now=now, calendar=calendar, provisions=provisions)
    judged = {county_code: counted.get(county_code, 0) for county_code in open_ones}
    for county_code, postings in judged.items():
        payload = {"county_code": county_code, "date": day.isoformat(), "postings": postings}
        emit(session, "day.closed", county_code=county_code, payload=payload, at=now)
    return judged


def _postings_by_county(session: Session) -> dict[str, int]:
    counted = select(Posting.county_code, func.count()).group_by(Posting.county_code)
    return {county_code: number for county_code, number in session.execute(counted)}  # noqa: C416 - typed rows


def _portions(due: Sequence[Due], sizes: Mapping[str, int], most: int) -> Iterator[tuple[date, list[str]]]:
    """The counties to close in one transaction: of one day, with at most so many postings, or one county."""
    for day, items in groupby(due, key=lambda item: item.day):
        portion: list[str] = []
        postings = 0
        for item in items:
            size = sizes.get(item.county_code, 0)
            if portion and postings + size > most:
                yield day, portion
                portion, postings = [], 0
            portion.append(item.county_code)
            postings += size
        if portion:
            yield day, portion


def _close_portion(
    database: Database, county_codes: Sequence[str], day: date, now: datetime, pace: Pace
) -> dict[str, int]:
    """One transaction; again where the database broke it off because it and another one waited for each other."""
    for attempt in range(ATTEMPTS):
        try:
            with pace.transaction(database) as session:
                return close_counties(session, county_codes, day, now)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in BROKEN_OFF or attempt + 1 == ATTEMPTS:
                raise
            log.warning("close_repeated", day=day.isoformat(), counties=len(county_codes))
    raise AssertionError("unreachable")
