"""Requests routed again: who would have had to approve."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.areas import in_area
from app.clock import business_day, day_starts_at
from app.leaves.routing import ADDS_UP, TAKEN_STATES
from app.models import Area, Cadre, DispatchUnit, Leave
from app.policy.calendar import Calendar
from app.policy.leave import Span, UnitLevel, counted_days, judge_route
from app.policy.provisions import Provisions
from app.replay.report import Person, RouteChange

PREFIX = "leave."


def changed_routes(
    session: Session, area: str, first: date, last: date, law: Provisions, proposal: Provisions, calendar: Calendar
) -> Iterator[RouteChange]:
    """The requests made from `first` to `last` that other offices would have had to approve."""
    made = (
        select(Leave, DispatchUnit.level, Cadre.name, Area.name)
        .join(DispatchUnit, DispatchUnit.id == Leave.unit_id)
        .join(Cadre, Cadre.id == Leave.cadre_id)
        .join(Area, Area.code == Leave.village_code)
        .where(
            in_area(Leave, area),
            Leave.created_at >= day_starts_at(first),
            Leave.created_at < day_starts_at(last + timedelta(days=1)),
        )
        .order_by(Leave.created_at, Leave.id)
    )
    for leave, level, name, village in session.execute(made).yield_per(500):
        asked_on, code = business_day(leave.created_at), leave.village_code
        after_days = _counted(session, leave, asked_on, law, proposal, calendar)
        before = judge_route(leave.counted_days, UnitLevel(level), asked_on, law, code).verdict
        after = judge_route(after_days, UnitLevel(level), asked_on, proposal, code).verdict
        if set(before) != set(after):
            yield RouteChange(
                person=Person(str(leave.posting_id), name, code, village),
                leave_id=str(leave.id),
                asked_on=asked_on,
                first=leave.starts_on,
                last=leave.ends_on,
                before_days=leave.counted_days,
                after_days=after_days,
                before=before,
                after=after,
            )


def _counted(
    session: Session, leave: Leave, asked_on: date, law: Provisions, proposal: Provisions, calendar: Calendar
) -> int:
    """The days that would have chosen the tier: those that did, unless the proposal adds up where the law does not."""
    adds_up = bool(proposal.value(ADDS_UP, asked_on, leave.village_code))
    if adds_up == bool(law.value(ADDS_UP, asked_on, leave.village_code)):
        return leave.counted_days
    if not adds_up:
        return leave.days
    earlier = session.execute(
        select(Leave.starts_on, Leave.covered_until).where(
            Leave.cadre_id == leave.cadre_id,
            Leave.id != leave.id,
            Leave.created_at < leave.created_at,
            Leave.state.in_(TAKEN_STATES),
            Leave.covered_until >= Leave.starts_on,
        )
    )
    others = [Span(start, end) for start, end in earlier]
    return counted_days(Span(leave.starts_on, leave.ends_on), others, calendar)[0]
