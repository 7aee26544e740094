"""Closing days: at 00:30 of the next day what nobody accounted for becomes an absence.

A county's day is closed in one transaction that holds the day's head, so closing twice at once, or while cadres check
in, comes out as if one had waited for the other. What was closed stays closed; a run that stops half-way goes on with
the next county.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from app.attendance import rollups
from app.attendance.absences import WINDOW, refresh_absences
from app.attendance.entries import CHUNK, Author, Change, write_changes
from app.attendance.facts import Span, facts_on, load_facts
from app.attendance.heads import take_heads
from app.attendance.law import load_calendar, load_provisions
from app.attendance.outbox import emit
from app.attendance.partitions import ensure_partitions
from app.attendance.rejudge import change_of, standing_of
from app.clock import business_day, day_closes_at
from app.database import Database
from app.models import DayEntry, DayHead, Posting, RecallFlag
from app.policy.attendance import Status, judge_day
from app.policy.calendar import Calendar
from app.policy.recall import MOVED_BY_FACTS

log = structlog.get_logger()

Progress = Callable[[str, date, int], None]
"""Told (county, day, postings) after each close."""


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
    database: Database, now: datetime, progress: Progress | None = None, *, stop: Callable[[], bool] = lambda: False
) -> int:
    """Close every day that is due, each in a transaction of its own; returns the number of county days closed. `stop`
    is asked between two of them.
    """
    with database.writing() as session:
        due = due_days(session, now)
        ensure_partitions(session, {item.day for item in due} | {business_day(now)})
    closed = 0
    for item in due:
        if stop():
            break
        with database.writing() as session:
            postings = close_county_day(session, item.county_code, item.day, now)
        if postings is not None:
            closed += 1
            if progress:
                progress(item.county_code, item.day, postings)
    return closed


def close_county_day(session: Session, county_code: str, day: date, now: datetime) -> int | None:
    """Close one county's day; returns the number of postings judged, or None where it was closed already."""
    if take_heads(session, [(county_code, day)])[county_code, day] is not None:
        return None
    session.execute(
        update(DayHead).where(DayHead.county_code == county_code, DayHead.date == day).values(closed_at=now)
    )
    calendar = load_calendar(session)
    author = Author(now, None, "close")
    judged = 0
    for changes, count in _judged_in_chunks(session, county_code, day, calendar):
        judged += count
        write_changes(session, changes, author, count=False)
    rollups.rebuild(session, [county_code], day)
    _refresh_flags(session, county_code, day, now, calendar)
    emit(
        session,
        "day.closed",
        county_code=county_code,
        payload={"county_code": county_code, "date": day.isoformat(), "postings": judged},
        at=now,
    )
    return judged


def _judged_in_chunks(
    session: Session, county_code: str, day: date, calendar: Calendar
) -> Iterator[tuple[list[Change], int]]:
    for rows in load_facts(session, Span((county_code,), day, day), chunk=CHUNK).partitions():
        changes = []
        for row in rows:
            before = standing_of(row)
            judgment = judge_day(facts_on(row.signature, day, calendar))
            confirmed = before.confirmed and judgment.status == before.status
            if (before.status, before.exceptions) != (judgment.status, judgment.exceptions):
                changes.append(change_of(row, before, judgment, confirmed, before.revision + 1, closed=True))
        yield changes, len(rows)


def _refresh_flags(session: Session, county_code: str, day: date, now: datetime, calendar: Calendar) -> None:
    """Only an absence of today, or an open flag that today's end of the year's window may thin out, can turn; on the
    day on which another rule of absence comes into force, anybody's absences can.
    """
    first = day - WINDOW if load_provisions(session).any_begins("absence.", day, county_code) else day
    absent = select(DayEntry.posting_id).where(
        DayEntry.county_code == county_code, DayEntry.date.between(first, day), DayEntry.status == Status.ABSENT
    )
    flagged = select(RecallFlag.posting_id).where(
        RecallFlag.county_code == county_code, RecallFlag.state.in_(MOVED_BY_FACTS)
    )
    postings = session.scalars(select(Posting).where(or_(Posting.id.in_(absent), Posting.id.in_(flagged)))).all()
    refresh_absences(session, postings, now=now, by=None, calendar=calendar)
