"""What the ledger says of a posting's past that bears on a recall.

Only days that the county has closed: what an officer entered for the time before the service began is nobody's ledger,
and no close has ever counted it.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.attendance.bulk import json_text
from app.attendance.heads import first_closed_day, last_closed_day
from app.models import DayEntry
from app.policy.attendance import Status
from app.policy.calendar import Calendar
from app.policy.days import days_between
from app.policy.recall import HistoryDay

WINDOW = timedelta(days=2 * 366)
"""How far back the ledger is read: a year's window, and a run that began before it."""

COUNTED = (Status.ABSENT, Status.REST)
"""Every other status ends a run just as a missing day does, so only these are read."""

FEW = 20
"""Postings whose days are sooner looked up one by one than found among those of a county of hundreds."""


def load_histories(
    session: Session, county_code: str, posting_ids: Sequence[UUID], as_of: date, calendar: Calendar
) -> dict[UUID, list[HistoryDay]]:
    """The absent and rest days of postings of one county, oldest first, up to `as_of` inclusive."""
    return load_days(session, county_code, posting_ids, as_of - WINDOW, as_of, calendar)


def load_days(
    session: Session, county_code: str, posting_ids: Sequence[UUID], first: date, last: date, calendar: Calendar
) -> dict[UUID, list[HistoryDay]]:
    """The absent and rest days of postings of one county from `first` to `last` inclusive, oldest first."""
    histories: dict[UUID, list[HistoryDay]] = {posting_id: [] for posting_id in posting_ids}
    begins, ends = first_closed_day(session, county_code), last_closed_day(session, county_code)
    if begins is None or ends is None:
        return histories
    first, last = max(begins, first), min(ends, last)
    for posting_id, day, status, confirmed in _counted_days(session, county_code, posting_ids, first, last):
        histories[posting_id].append(
            HistoryDay(day, Status(status), confirmed=confirmed, working=not calendar.is_rest(day))
        )
    return histories


def _counted_days(
    session: Session, county_code: str, posting_ids: Sequence[UUID], first: date, last: date
) -> Iterable[Any]:
    asked: dict[str, Any] = {"county_code": county_code, "posting_ids": list(posting_ids)}
    if len(posting_ids) <= FEW and session.get_bind().dialect.name == "sqlite":
        days = [day.isoformat() for day in days_between(first, last)]
        return session.execute(_DAY_BY_DAY, asked | {"days": json_text(days)})
    return session.execute(_ALL_DAYS, asked | {"first": first, "last": last})


_THEIRS = (
    select(DayEntry.posting_id, DayEntry.date, DayEntry.status, DayEntry.confirmed)
    .where(
        DayEntry.county_code == bindparam("county_code"),
        DayEntry.posting_id.in_(bindparam("posting_ids", expanding=True)),
        DayEntry.status.in_(COUNTED),
    )
    .order_by(DayEntry.posting_id, DayEntry.date)
)
_ALL_DAYS = _THEIRS.where(DayEntry.date.between(bindparam("first"), bindparam("last")))
_DAYS = func.json_each(bindparam("days")).table_valued("value")
_DAY_BY_DAY = _THEIRS.where(DayEntry.date.in_(select(_DAYS.c.value)))
"""Each day is looked up by its key. SQLite would walk through all that the county has within the window, while nobody
else can write; PostgreSQL skips from day to day by itself.
"""
