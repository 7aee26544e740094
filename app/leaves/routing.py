"""The route of a request: the law's judgment of its days, and of those that adjoin it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attendance.law import load_calendar, load_provisions
from app.models import DispatchUnit, Leave, Posting
from app.policy.calendar import Calendar
from app.policy.leave import Office, Span, UnitLevel, counted_days, judge_route

ADDS_UP = "leave.adjoining_adds_up"
TAKEN_STATES = ("pending", "approved", "ended")
"""Requests whose days are, or may become, days of leave."""


@dataclass(frozen=True, slots=True)
class Route:
    offices: tuple[Office, ...]
    counted_days: int
    adjoining: tuple[UUID, ...]
    calendar_assumed: bool
    basis: list[dict[str, Any]]


def route_of(session: Session, posting: Posting, span: Span, *, on: date) -> Route:
    """The route of days of leave under what is in force `on` the day of asking. None of the cadre's other leave
    overlaps them.
    """
    provisions = load_provisions(session)
    area = posting.village_code
    adding_up = provisions.in_force(ADDS_UP, on, area)
    others = _other_leave(session, posting.cadre_id) if adding_up.value else {}
    calendar = load_calendar(session)
    counted, adjoining = counted_days(span, tuple(others), calendar)
    level = UnitLevel(session.get_one(DispatchUnit, posting.unit_id).level)
    judgment = judge_route(counted, level, on, provisions, area)
    basis = (*judgment.basis, adding_up.basis()) if adjoining else judgment.basis
    return Route(
        offices=judgment.verdict,
        counted_days=counted,
        adjoining=tuple(others[other] for other in adjoining),
        calendar_assumed=_rests_on_assumption((span, *adjoining), tuple(others), calendar),
        basis=[item.as_json() for item in basis],
    )


def _other_leave(session: Session, cadre_id: UUID) -> dict[Span, UUID]:
    """The days that the cadre has asked for or taken: after an early return only those that were taken."""
    rows = session.execute(
        select(Leave.id, Leave.starts_on, Leave.covered_until).where(
            Leave.cadre_id == cadre_id,
            Leave.state.in_(TAKEN_STATES),
            Leave.covered_until >= Leave.starts_on,
        )
    )
    return {Span(first, last): leave_id for leave_id, first, last in rows}


def _rests_on_assumption(chain: Sequence[Span], others: Sequence[Span], calendar: Calendar) -> bool:
    """Whether a published calendar could have joined what was not, or parted what was: a gap beside the chain has a
    day of a year that is not loaded, and no day that is known to be worked.
    """
    for before, after in pairwise(sorted({*chain, *others})):
        if before not in chain and after not in chain:
            continue
        gap = [before.last + timedelta(days=n) for n in range(1, (after.first - before.last).days)]
        known_working = any(not calendar.is_rest(day) and not calendar.assumed(day) for day in gap)
        if not known_working and any(calendar.assumed(day) for day in gap):
            return True
    return False
