"""Reading flags: who sees which is app.access.scope's; here they are put into words."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from app.access.call import Call
from app.access.scope import visible, visible_in
from app.attendance.law import load_calendar
from app.attendance.schemas import Actor, Basis, DayOfMine, Person
from app.errors import NotFound
from app.models import Account, Area, Cadre, DayEntry, DispatchUnit, Posting, RecallFlag, RecallFlagEvent
from app.policy.attendance import LABELS_ZH, Status
from app.policy.recall import GROUNDS, STATE_LABELS_ZH, FlagState
from app.recalls import schemas
from app.recalls.drafts import papers_of, signed_papers
from app.web.paging import PageRequest


def flags_page(
    call: Call, paging: PageRequest, *, area: str | None, state: FlagState | None, ground: str | None
) -> tuple[list[schemas.FlagOut], str | None]:
    """Newest first."""
    query = _described().where(visible_in(call.session, call.viewer, RecallFlag, area))
    if state is not None:
        query = query.where(RecallFlag.state == state)
    if ground is not None:
        query = query.where(RecallFlag.ground == ground)
    rows, cursor = paging.fetch(call.session, query, RecallFlag.id, descending=True)
    return [schemas.FlagOut(**_summary(row)) for row in rows], cursor


def flag_detail(call: Call, flag_id: UUID) -> schemas.FlagDetailOut:
    """Everything on a flag; NotFound outside the viewer's scope."""
    row = call.session.execute(
        _described().where(RecallFlag.id == flag_id, visible(call.viewer, RecallFlag))
    ).one_or_none()
    if row is None:
        raise NotFound
    flag: RecallFlag = row[0]
    return schemas.FlagDetailOut(
        **_summary(row),
        days=[date.fromisoformat(day) for day in flag.days],
        evidence=_evidence(call.session, flag),
        basis=[Basis.model_validate(item) for item in flag.basis],
        history=_history(call.session, flag),
        statement=flag.statement,
        changed_facts=schemas.ChangedFacts.model_validate(flag.facts_changed) if flag.facts_changed else None,
        facts=flag.facts,
        consequences=schemas.Consequences.model_validate(flag.consequences) if flag.consequences else None,
        papers=_papers(call.session, flag),
    )


def events_of(session: Session, flag: RecallFlag) -> Sequence[Row[RecallFlagEvent, Account]]:
    """Oldest first, with who acted."""
    return session.execute(
        select(RecallFlagEvent, Account)
        .outerjoin(Account, Account.id == RecallFlagEvent.by)
        .where(RecallFlagEvent.flag_id == flag.id)
        .order_by(RecallFlagEvent.at, RecallFlagEvent.id)
    ).all()


def _described() -> Select[RecallFlag, Cadre, DispatchUnit, str]:
    return (
        select(RecallFlag, Cadre, DispatchUnit, Area.name)
        .join(Posting, Posting.id == RecallFlag.posting_id)
        .join(Cadre, Cadre.id == Posting.cadre_id)
        .join(DispatchUnit, DispatchUnit.id == RecallFlag.unit_id)
        .join(Area, Area.code == RecallFlag.village_code)
    )


def _summary(row: Row[RecallFlag, Cadre, DispatchUnit, str]) -> dict[str, Any]:
    flag, cadre, unit, village = row
    state = FlagState(flag.state)
    return {
        "id": flag.id,
        "posting_id": flag.posting_id,
        "cadre": Person.model_validate(cadre),
        "unit": Person.model_validate(unit),
        "village_code": flag.village_code,
        "village": village,
        "ground": flag.ground,
        "ground_label": GROUNDS[flag.ground].label_zh(flag.threshold),
        "state": state,
        "state_label": STATE_LABELS_ZH[state],
        "counts": flag.counts,
        "threshold": flag.threshold,
        "raised_at": flag.raised_at,
        "changed_at": flag.changed_at,
        "statement_at": flag.statement_at,
        "statement_due_on": flag.statement_due_on,
        "facts_changed": flag.facts_changed is not None,
    }


def _evidence(session: Session, flag: RecallFlag) -> list[DayOfMine]:
    if not flag.days:
        return []
    days, calendar = [date.fromisoformat(day) for day in flag.days], load_calendar(session)
    entries = session.scalars(
        select(DayEntry)
        .where(
            DayEntry.county_code == flag.county_code,
            DayEntry.posting_id == flag.posting_id,
            DayEntry.date.in_(days),
        )
        .order_by(DayEntry.date)
    )
    return [
        DayOfMine(
            date=entry.date,
            status=Status(entry.status),
            status_label=LABELS_ZH[Status(entry.status)],
            confirmed=entry.confirmed,
            exceptions=entry.exceptions,
            calendar_assumed=calendar.assumed(entry.date),  # which of them count rests on it, whatever their status
        )
        for entry in entries
    ]


def _history(session: Session, flag: RecallFlag) -> list[schemas.FlagTurn]:
    return [
        schemas.FlagTurn(
            at=event.at,
            by=Actor.model_validate(account) if account else None,
            action=event.action,
            from_state=FlagState(event.from_state) if event.from_state else None,
            to_state=FlagState(event.to_state),
            reason=event.reason,
            document_number=event.document,
            counts=event.counts,
        )
        for event, account in events_of(session, flag)
    ]


def _papers(session: Session, flag: RecallFlag) -> list[schemas.PaperOut]:
    signed = signed_papers(session, flag)
    return [
        schemas.PaperOut(
            kind=kind,
            draft=f"/api/v1/recall-flags/{flag.id}/{kind}.docx",
            number=signed[kind].number if kind in signed else None,
            signed_on=signed[kind].day if kind in signed else None,
        )
        for kind in papers_of(flag)
    ]
