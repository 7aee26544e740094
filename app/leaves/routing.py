"""The route of a request: the law's judgment of its days, and of those that adjoin it."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attendance.law import load_calendar, load_provisions
from app.models import DispatchUnit, Leave, Posting
from app.policy.leave import Office, Span, UnitLevel, counted_days, judge_route

_TAKEN_STATES = ("pending", "approved", "ended")
"""A rejected or withdrawn request is no absence that another one could prolong."""


@dataclass(frozen=True, slots=True)
class Route:
    offices: tuple[Office, ...]
    counted_days: int
    adjoining: tuple[UUID, ...]
    calendar_assumed: bool
    basis: list[dict[str, Any]]


def route_of(session: Session, posting: Posting, span: Span, *, on: date) -> Route:
    """The route of a cadre's days of leave, under what is in force `on` the day of asking."""
    provisions = load_provisions(session)
    others = _spans_of(session, posting.cadre_id)
    counted, adjoining = counted_days(span, list(others), load_calendar(session))
    level = UnitLevel(session.get_one(DispatchUnit, posting.unit_id).level)
    judgment = judge_route(counted, level, on, provisions, posting.village_code)
    return Route(
        offices=judgment.verdict,
        counted_days=counted,
        adjoining=tuple(others[s] for s in adjoining),
        calendar_assumed=False,
        basis=[basis.as_json() for basis in judgment.basis],
    )


def _spans_of(session: Session, cadre_id: UUID) -> dict[Span, UUID]:
    """The days that the cadre has asked for or taken: after an early return only those that were taken."""
    rows = session.execute(
        select(Leave.id, Leave.starts_on, Leave.covered_until).where(
            Leave.cadre_id == cadre_id,
            Leave.state.in_(_TAKEN_STATES),
            Leave.covered_until >= Leave.starts_on,
        )
    )
    return {Span(first, last): leave_id for leave_id, first, last in rows}
