"""Check-ins as they are answered, read and accepted."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access import audit, scope
from app.access.call import Call
from app.attendance.evidence import counts
from app.attendance.facts import Span, facts_on, load_facts
from app.attendance.law import load_calendar, load_provisions
from app.attendance.lock import take_open_day
from app.attendance.rejudge import rejudge
from app.attendance.schemas import Basis
from app.checkins import schemas
from app.checkins.judging import BASIS_KEYS, Submission
from app.checkins.recording import Outcome, Recorded, record_check_ins
from app.errors import NotFound, Problem, ProblemBody, Unprocessable, from_validation
from app.models import CheckIn, Posting
from app.policy.attendance import Status, judge_day
from app.policy.geofence import Verdict
from app.policy.provisions import Provisions


def check_in(call: Call, body: schemas.CheckInIn) -> tuple[schemas.CheckInOut, bool]:
    """Record one check-in; the second value tells whether it is new. Raises the Problem that refused it."""
    [outcome] = record_check_ins(call.session, [Submission(call.viewer.account_id, body)], call.now)
    if isinstance(outcome, Problem):
        raise outcome
    return answer_all(call.session, [outcome])[outcome.check_in.id], outcome.created


def check_in_batch(call: Call, raw_items: Sequence[Any], language: str, trace_id: str) -> schemas.BatchOut:
    """Record a batch; each item is answered by itself."""
    parsed = [_parse(item) for item in raw_items]
    bodies = [body for body in parsed if isinstance(body, schemas.CheckInIn)]
    outcomes = iter(record_check_ins(call.session, [Submission(call.viewer.account_id, b) for b in bodies], call.now))
    paired: list[tuple[Any, Outcome]] = [
        (raw, next(outcomes) if isinstance(body, schemas.CheckInIn) else body)
        for raw, body in zip(raw_items, parsed, strict=True)
    ]
    answers = answer_all(call.session, [outcome for _, outcome in paired if isinstance(outcome, Recorded)])
    return schemas.BatchOut(results=[_result(raw, out, answers, language, trace_id) for raw, out in paired])


def _parse(item: Any) -> schemas.CheckInIn | Unprocessable:
    try:
        return schemas.CheckInIn.model_validate(item)
    except ValidationError as error:
        return from_validation(error.errors(include_input=False, include_url=False))


def _result(
    raw: Any, outcome: Outcome, answers: dict[UUID, schemas.CheckInOut], language: str, trace_id: str
) -> schemas.ItemResult:
    if isinstance(outcome, Recorded):
        status = 201 if outcome.created else 200
        return schemas.ItemResult(id=outcome.check_in.id, status=status, check_in=answers[outcome.check_in.id])
    problem = ProblemBody.model_validate(outcome.as_json(language, trace_id))
    return schemas.ItemResult(id=_id_of(raw), status=outcome.status, problem=problem)


def _id_of(raw: Any) -> UUID | None:
    try:
        return UUID(raw["id"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def answer_all(session: Session, recorded: Sequence[Recorded]) -> dict[UUID, schemas.CheckInOut]:
    """The answers to check-ins on record, with the status that their days have now."""
    if not recorded:
        return {}
    check_ins = [item.check_in for item in recorded]
    statuses = _day_statuses(session, check_ins)
    provisions = load_provisions(session)
    bases = {where: _basis(provisions, *where) for where in {(c.date, c.village_code) for c in check_ins}}
    return {c.id: _answer(c, bases[c.date, c.village_code], statuses[c.posting_id, c.date]) for c in check_ins}


def _basis(provisions: Provisions, day: date, village_code: str) -> list[Basis]:
    held = (provisions.in_force(key, day, village_code) for key in BASIS_KEYS)
    return [Basis.model_validate(provision.basis().as_json()) for provision in held]


def _answer(stored: CheckIn, basis: list[Basis], day_status: Status) -> schemas.CheckInOut:
    return schemas.CheckInOut(
        id=stored.id,
        posting_id=stored.posting_id,
        date=stored.date,
        captured_at=stored.captured_at,
        received_at=stored.received_at,
        verdict=Verdict(stored.verdict),
        reason=stored.reason,
        distance_m=stored.distance_m,
        counts=counts(stored),
        risk_flags=stored.risk_flags,
        basis=basis,
        day_status=day_status,
    )


def _day_statuses(session: Session, check_ins: Sequence[CheckIn]) -> dict[tuple[UUID, date], Status]:
    calendar = load_calendar(session)
    days = [c.date for c in check_ins]
    span = Span(
        tuple({c.county_code for c in check_ins}), min(days), max(days), tuple({c.posting_id for c in check_ins})
    )
    statuses = {}
    for row in load_facts(session, span):
        judged = row.status or judge_day(facts_on(row.signature, row.date, calendar)).status
        if judged is not None:
            statuses[row.posting_id, row.date] = Status(judged)
    return statuses


def check_ins_query(
    call: Call, area: str | None, day: date | None, verdict: str | None, posting_id: UUID | None
) -> Select[CheckIn]:
    query = select(CheckIn).where(scope.visible_in(call.session, call.viewer, CheckIn, area))
    if day is not None:
        query = query.where(CheckIn.date == day)
    if verdict is not None:
        query = query.where(CheckIn.verdict == verdict)
    if posting_id is not None:
        scope.find(call.session, call.viewer, Posting, posting_id)
        query = query.where(CheckIn.posting_id == posting_id)
    return query


def stored_out(stored: CheckIn) -> schemas.StoredCheckIn:
    position = None
    if stored.lng is not None:
        position = schemas.PositionOut.model_validate(stored)
    fields = {name: getattr(stored, name) for name in schemas.StoredCheckIn.model_fields if hasattr(stored, name)}
    return schemas.StoredCheckIn.model_validate({**fields, "position": position, "counts": counts(stored)})


def decide_acceptance(call: Call, check_in_id: UUID, body: schemas.AcceptanceIn) -> schemas.StoredCheckIn:
    """The township accepts a check-in as presence, or refuses it; the day is judged again."""
    stored = scope.find(call.session, call.viewer, CheckIn, check_in_id, lock=True)
    take_open_day(call.session, stored.township_code, stored.date)
    stored.accepted = body.accept
    stored.accepted_by = call.viewer.account_id
    stored.accepted_at = call.now
    stored.acceptance_reason = body.reason
    call.session.flush()
    posting = call.session.get(Posting, stored.posting_id)
    if posting is None:
        raise NotFound
    rejudge(
        call.session,
        [posting],
        stored.date,
        stored.date,
        now=call.now,
        by=call.viewer.account_id,
        cause="acceptance",
        reason=body.reason,
    )
    audit.record(
        call.session,
        chain=stored.county_code,
        at=call.now,
        by=call.viewer.account_id,
        action="check_in.accepted" if body.accept else "check_in.refused",
        target=str(stored.id),
        date=stored.date,
        reason=body.reason,
    )
    return stored_out(stored)
