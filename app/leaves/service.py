"""Asking for leave: the route is judged, shown beforehand, and frozen on the request."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.access.call import Call
from app.access.own import body_hash, id_reused, own_posting, take_turn
from app.access.scope import visible, visible_in
from app.access.viewer import Viewer
from app.attendance.posted import place_of
from app.errors import Conflict, NotFound
from app.leaves.days import judge_days, locked_days
from app.leaves.offices import awaiting
from app.leaves.routing import TAKEN_STATES, route_of
from app.leaves.schemas import LeaveIn, State
from app.models import Leave, LeaveStep, Posting
from app.policy.leave import Span
from app.web.paging import PageRequest

_STATE_TEXTS = {"pending": ("待批准", "pending"), "approved": ("已批准", "approved"), "ended": ("已销假", "taken")}


def preview(call: Call, body: LeaveIn) -> Leave:
    """The request as `create` would make it, attached to no session."""
    return _stored(call.session, call.viewer, body) or _draft(call, body)


def create(call: Call, body: LeaveIn) -> tuple[Leave, bool]:
    """The request, and whether it is new. Requests of one cadre are made one after the other."""
    take_turn(call.session, call.viewer)
    stored = _stored(call.session, call.viewer, body)
    if stored is not None:
        return stored, False
    leave = _draft(call, body)
    call.session.add(leave)
    call.session.flush()
    # That a request waits is a fact of its days.
    judge_days(call, leave, cause="leave")
    return leave, True


def find_leave(session: Session, viewer: Viewer, leave_id: UUID) -> Leave:
    leave = session.scalar(
        select(Leave).where(Leave.id == leave_id, visible(viewer, Leave)).options(selectinload(Leave.steps))
    )
    if leave is None:
        raise NotFound
    return leave


def leaves_page(
    call: Call, paging: PageRequest, *, state: State | None, area: str | None, awaiting_me: bool
) -> tuple[list[Leave], str | None]:
    """Newest first."""
    query = select(Leave).where(visible_in(call.session, call.viewer, Leave, area)).options(selectinload(Leave.steps))
    if state is not None:
        query = query.where(Leave.state == state)
    if awaiting_me:
        query = query.where(awaiting(call.viewer))
    rows, cursor = paging.fetch(call.session, query, Leave.created_at, Leave.id, descending=True)
    return list(rows), cursor


def _stored(session: Session, viewer: Viewer, body: LeaveIn) -> Leave | None:
    """The request that already has this id, if it is the same one."""
    leave = session.get(Leave, body.id, options=[selectinload(Leave.steps)])
    if leave is not None and leave.body_hash != body_hash(viewer, body):
        raise id_reused()
    return leave


def _draft(call: Call, body: LeaveIn) -> Leave:
    posting = _posting_over(call.session, call.viewer, body.starts_on, body.ends_on)
    _refuse_overlap(call.session, posting, body)
    route = route_of(call.session, posting, Span(body.starts_on, body.ends_on), on=call.today)
    locked = locked_days(call, [posting], body.starts_on, body.ends_on)
    return Leave(
        id=body.id,
        **place_of(posting),
        cadre_id=posting.cadre_id,
        kind=body.kind,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        reason=body.reason,
        destination=body.destination,
        state="pending",
        days=(body.ends_on - body.starts_on).days + 1,
        counted_days=route.counted_days,
        adjoining=[str(leave_id) for leave_id in route.adjoining],
        calendar_assumed=route.calendar_assumed,
        locked_days=[day.isoformat() for day in locked],
        basis=route.basis,
        covered_until=body.ends_on,
        returned_on=None,
        created_at=call.now,
        body_hash=body_hash(call.viewer, body),
        steps=[
            LeaveStep(
                leave_id=body.id,
                position=position,
                office=office,
                state="open",
                decided_by=None,
                decided_at=None,
                comment=None,
            )
            for position, office in enumerate(route.offices, start=1)
        ],
    )


def _posting_over(session: Session, viewer: Viewer, first: date, last: date) -> Posting:
    """The viewer's own posting that covers all the days from `first` to `last`."""
    posting = own_posting(session, viewer, first)
    if posting.ends_on is not None and posting.ends_on < last:
        raise Conflict(
            "no_posting",
            f"您的派驻到 {posting.ends_on} 为止，请假不能晚于这一天。",
            f"Your posting ends on {posting.ends_on}; a leave can't go beyond that day.",
        )
    return posting


def _refuse_overlap(session: Session, posting: Posting, body: LeaveIn) -> None:
    other = session.scalar(
        select(Leave)
        .where(
            Leave.cadre_id == posting.cadre_id,
            Leave.state.in_(TAKEN_STATES),
            Leave.covered_until >= Leave.starts_on,
            Leave.starts_on <= body.ends_on,
            Leave.covered_until >= body.starts_on,
        )
        .order_by(Leave.starts_on)
        .limit(1)
    )
    if other is not None:
        zh, en = _STATE_TEXTS[other.state]
        raise Conflict(
            "leave_overlaps",
            f"与您 {other.starts_on} 至 {other.covered_until} 的请假（{zh}）重叠，请更改日期，或先撤回、销假。",
            f"It overlaps your {en} leave from {other.starts_on} to {other.covered_until}; change the dates, or end"
            " that one first.",
        )
