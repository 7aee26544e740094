"""Requests as they are answered; names and counts are fetched once for a whole page."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.attendance.schemas import Basis, Person
from app.leaves.schemas import LeaveOut, StepOut
from app.models import Account, Cadre, Leave, LeaveAttachment, LeaveStep


def present(session: Session, leave: Leave) -> LeaveOut:
    return present_all(session, [leave])[0]


def present_all(session: Session, leaves: Sequence[Leave]) -> list[LeaveOut]:
    """`leave.steps` of each is loaded."""
    cadres = _names(session, Cadre, {leave.cadre_id for leave in leaves})
    officers = _names(
        session, Account, {step.decided_by for leave in leaves for step in leave.steps if step.decided_by is not None}
    )
    attachments = _attachment_counts(session, [leave.id for leave in leaves])
    return [_answer(leave, cadres, officers, attachments.get(leave.id, 0)) for leave in leaves]


def _names(session: Session, model: type[Cadre] | type[Account], ids: Iterable[UUID]) -> dict[UUID, Person]:
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.execute(select(model.id, model.name).where(model.id.in_(wanted)))
    return {row_id: Person(id=row_id, name=name) for row_id, name in rows}


def _attachment_counts(session: Session, leave_ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = session.execute(
        select(LeaveAttachment.leave_id, func.count())
        .where(LeaveAttachment.leave_id.in_(leave_ids))
        .group_by(LeaveAttachment.leave_id)
    )
    return dict(rows.all())


def _answer(leave: Leave, cadres: dict[UUID, Person], officers: dict[UUID, Person], attachments: int) -> LeaveOut:
    return LeaveOut(
        id=leave.id,
        state=leave.state,
        kind=leave.kind,
        starts_on=leave.starts_on,
        ends_on=leave.ends_on,
        days=leave.days,
        counted_days=leave.counted_days,
        adjoining=[UUID(text) for text in leave.adjoining],
        calendar_assumed=leave.calendar_assumed,
        route=[_step(step, officers) for step in leave.steps],
        basis=[Basis.model_validate(item) for item in leave.basis],
        reason=leave.reason,
        destination=leave.destination,
        posting_id=leave.posting_id,
        village_code=leave.village_code,
        cadre=cadres[leave.cadre_id],
        covered_until=leave.covered_until if leave.covered_until >= leave.starts_on else None,
        returned_on=leave.returned_on,
        locked_days=[date.fromisoformat(text) for text in leave.locked_days],
        attachments=attachments,
        created_at=leave.created_at,
    )


def _step(step: LeaveStep, officers: dict[UUID, Person]) -> StepOut:
    return StepOut(
        office=step.office,
        state=step.state,
        decided_by=officers[step.decided_by] if step.decided_by is not None else None,
        decided_at=step.decided_at,
        comment=step.comment,
    )
