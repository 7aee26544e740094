"""请假: who approves, what adds up, what a leave covers (第九条（二）)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.policy.calendar import Calendar
from app.policy.days import ONE_DAY
from app.policy.judgment import Judgment
from app.policy.provisions import Provisions


class Office(StrEnum):
    TOWNSHIP = "township"
    COUNTY = "county"
    CITY = "city"
    UNIT = "unit"


class UnitLevel(StrEnum):
    """Who sent the cadre."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


class StepState(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"


class LeaveState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Calendar days, both ends included; `last` before `first` covers none."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return max(0, (self.last - self.first).days + 1)

    def overlaps(self, other: "Span") -> bool:
        return self.first <= other.last and other.first <= self.last


def judge_route(
    days: int, unit_level: UnitLevel, on: date, provisions: Provisions, area_code: str
) -> Judgment[tuple[Office, ...]]:
    """The offices that approve a leave of `days` counted days, by what is in force `on` the day of the request. Every
    office named has to approve; more than one decide jointly, in any order.
    """
    township = provisions.in_force("leave.township_days", on, area_code)
    county = provisions.in_force("leave.county_days", on, area_code)
    if days <= township.value:
        return Judgment((Office.TOWNSHIP,), _facts(days, unit_level), (township.basis(),))
    if days <= county.value:
        return Judgment((Office.COUNTY,), _facts(days, unit_level), (county.basis(),))
    key = "leave.long_city_units" if unit_level is UnitLevel.CITY else "leave.long_other_units"
    long = provisions.in_force(key, on, area_code)
    return Judgment(tuple(Office(office) for office in long.value), _facts(days, unit_level), (long.basis(),))


def _facts(days: int, unit_level: UnitLevel) -> dict[str, object]:
    return {"counted_days": days, "unit_level": unit_level.value}


def adjoins(earlier: Span, later: Span, calendar: Calendar) -> bool:
    """Whether nothing but rest days lies between two spans (or nothing at all)."""
    day = earlier.last + ONE_DAY
    while day < later.first:
        if not calendar.is_rest(day):
            return False
        day += ONE_DAY
    return True


def counted_days(new: Span, others: Sequence[Span], calendar: Calendar) -> tuple[int, tuple[Span, ...]]:
    """The days that choose the tier of `new`: its own and those of every request that adjoins it, or adjoins one that
    does. Rest days between two requests are not leave. Also returns those requests, oldest first.
    """
    chain = [new]
    remaining = sorted(others)
    while True:
        joined = [span for span in remaining if any(_touch(span, link, calendar) for link in chain)]
        if not joined:
            break
        chain += joined
        remaining = [span for span in remaining if span not in joined]
    added = tuple(sorted(span for span in chain if span is not new))
    return sum(span.days for span in chain), added


def _touch(one: Span, other: Span, calendar: Calendar) -> bool:
    earlier, later = sorted((one, other))
    return adjoins(earlier, later, calendar)


def decide_steps(states: Sequence[StepState]) -> LeaveState:
    """The state of a pending request whose steps stand so: one rejection rejects it, every approval approves it."""
    if StepState.REJECTED in states:
        return LeaveState.REJECTED
    if all(state is StepState.APPROVED for state in states):
        return LeaveState.APPROVED
    return LeaveState.PENDING


def days_covered(span: Span, returned_on: date | None) -> Span:
    """The days that an approved leave covers: all of them, or those before the return (销假), which is a day back on
    post.
    """
    if returned_on is None:
        return span
    return Span(span.first, min(span.last, returned_on - ONE_DAY))
