"""Which days a declaration of whereabouts speaks for: from its `since` until `expected_back_at` or the next one.

Ends are exclusive instants, so a declaration that ends at midnight does not touch the day that begins then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from app.policy.days import ONE_DAY, business_day

TRIP_STATES = ("official", "training")
"""Declarations that make a day 公出."""

_INSTANT_BEFORE = timedelta(microseconds=1)


def order_of(since: datetime, received_at: datetime, declaration_id: UUID) -> tuple[datetime, datetime, str]:
    """The order of declarations: the newest `since` wins, and of several at one instant what came in last."""
    return since, received_at, str(declaration_id)


def first_day(since: datetime, received_at: datetime, late_upload_days: int) -> date:
    """The first day that a declaration speaks for. One sent later than `late_upload_days` does not reach further back:
    otherwise a trip declared afterwards could undo absences that the township has confirmed long ago.
    """
    return max(business_day(since), business_day(received_at) - late_upload_days * ONE_DAY)


def last_day(since: datetime, expected_back_at: datetime | None, next_since: datetime | None) -> date | None:
    """The last day touched; null while the end is open; the day before the first one where the next declaration
    begins at the same instant, so that nothing is touched.
    """
    ends = [end for end in (expected_back_at, next_since) if end is not None]
    if not ends:
        return None
    end = min(ends)
    return business_day(since) - ONE_DAY if end <= since else business_day(end - _INSTANT_BEFORE)


@dataclass(frozen=True, slots=True)
class Days:
    """Business days, both inclusive; open where `last` is null, empty where it lies before `first`."""

    first: date
    last: date | None

    def until(self, day: date) -> "Days":
        return Days(self.first, day if self.last is None else min(self.last, day))


def hull(spans: Sequence[Days], today: date) -> tuple[date, date] | None:
    """The first and last day, as far as they have begun, that any of the spans touches; null where none does."""
    begun = [span.until(today) for span in spans]
    touched = [(span.first, span.last) for span in begun if span.last is not None and span.first <= span.last]
    if not touched:
        return None
    return min(first for first, _ in touched), max(last for _, last in touched)
