"""日报告, 周报, 月报: whose they are, for which period, and when one is late (第八条)."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.policy.days import ONE_DAY, days_between
from app.policy.judgment import Basis, Judgment
from app.policy.provisions import Provisions


class FilingKind(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


FILED_BY = {FilingKind.DAILY: "township", FilingKind.WEEKLY: "county", FilingKind.MONTHLY: "township"}
"""The level of the area whose office files: 乡镇党委 the daily and the monthly one, the county's office the weekly."""


class FilingState(StrEnum):
    OPEN = "open"
    """The period is not over, so nothing can be filed."""
    DUE = "due"
    """Not filed, and still in time."""
    LATE = "late"
    """Not filed, and overdue."""
    FILED = "filed"
    FILED_LATE = "filed_late"


@dataclass(frozen=True, slots=True)
class Period:
    """A day, an ISO week (Monday to Sunday) or a calendar month; both ends inclusive."""

    kind: FilingKind
    text: str
    first: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(days_between(self.first, self.last))


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


class NotAPeriod(ValueError):
    pass


def parse_period(text: str) -> Period:
    """YYYY-MM-DD, YYYY-Www (ISO 8601) or YYYY-MM, of the years 2000 to 2100. Raises NotAPeriod."""
    try:
        found = _parse(text)
    except (ValueError, OverflowError) as error:  # a month that does not exist, the end of time
        raise NotAPeriod(text) from error
    if found is None or found.first.year < 2000 or found.last.year > 2100:
        raise NotAPeriod(text)
    return found


def _parse(text: str) -> Period | None:
    if _DAY.fullmatch(text):
        day = date.fromisoformat(text)
        return Period(FilingKind.DAILY, text, day, day)
    if week := _WEEK.fullmatch(text):
        monday = date.fromisocalendar(int(week[1]), int(week[2]), 1)
        return Period(FilingKind.WEEKLY, text, monday, monday + 6 * ONE_DAY)
    if month := _MONTH.fullmatch(text):
        first = date(int(month[1]), int(month[2]), 1)
        return Period(FilingKind.MONTHLY, text, first, (first + 31 * ONE_DAY).replace(day=1) - ONE_DAY)
    return None


@dataclass(frozen=True, slots=True)
class Times:
    """When a filing can be made (not before `closes_at`) and until when it is in time (`due_at` included: 以内)."""

    closes_at: datetime
    due_at: datetime
    basis: tuple[Basis, ...]


_DUE_KEYS = {
    FilingKind.DAILY: "filing.daily_due_hours",
    FilingKind.WEEKLY: "filing.weekly_due_days",
    FilingKind.MONTHLY: "filing.monthly_due_days",
}


def filing_times(period: Period, closes_at: datetime, provisions: Provisions, area: str) -> Times:
    """By what was in force on the period's last day, which closes at `closes_at`, given in the time zone in which days
    are counted. Hours run from the close; of the days the first is the one after the period's last, and they end with
    their last one at midnight.
    """
    duty = provisions.in_force(f"filing.{period.kind}", period.last, area)
    allowed = provisions.in_force(_DUE_KEYS[period.kind], period.last, area)
    if period.kind is FilingKind.DAILY:
        due_at = closes_at + timedelta(hours=allowed.value)
    else:
        due_at = datetime.combine(period.last + (allowed.value + 1) * ONE_DAY, time.min, closes_at.tzinfo)
    return Times(closes_at, due_at, (duty.basis(), allowed.basis()))


def judge_filing(times: Times, filed_at: datetime | None, now: datetime) -> Judgment[FilingState]:
    """How a filing stands."""
    facts = {"closes_at": times.closes_at, "due_at": times.due_at, "filed_at": filed_at}
    return Judgment(_state(times, filed_at, now), facts, times.basis)


def _state(times: Times, filed_at: datetime | None, now: datetime) -> FilingState:
    if filed_at is not None:
        return FilingState.FILED if filed_at <= times.due_at else FilingState.FILED_LATE
    if now < times.closes_at:
        return FilingState.OPEN
    return FilingState.DUE if now <= times.due_at else FilingState.LATE
