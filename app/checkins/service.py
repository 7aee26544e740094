"""Check-ins as they are answered, read and accepted."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Select, select

from app.access import scope
from app.access.call import Call
from app.attendance.evidence import counts
from app.attendance.lock import take_open_day
from app.attendance.rejudge import rejudge
from app.checkins import schemas
from app.checkins.answers import answer_of
from app.checkins.judging import Submission
from app.checkins.recording import Outcome, Recorded, record_check_ins
from app.errors import NotFound, Problem, Unprocessable, from_validation
from app.models import CheckIn, Posting


def check_in(call: Call, body: schemas.CheckInIn) -> tuple[bytes, bool]:
    """Record one check-in; its answer, and whether it is new. Raises the Problem that refused it."""
    [outcome] = record_check_ins(call.session, [Submission(call.viewer.account_id, body)], call.now)
    if isinstance(outcome, Problem):
        raise outcome
    return orjson.dumps(answer_to(outcome)), outcome.created


def check_in_batch(call: Call, raw_items: Sequence[Any], language: str, trace_id: str) -> bytes:
    """Record a batch; each item is answered by itself, as `schemas.BatchOut`."""
    parsed = _parse_all(raw_items)
    submissions = [Submission(call.viewer.account_id, body) for body in parsed if isinstance(body, schemas.CheckInIn)]
    recorded = iter(record_check_ins(call.session, submissions, call.now))
    outcomes = [next(recorded) if isinstance(body, schemas.CheckInIn) else body for body in parsed]
    results = [_result(raw, outcome, language, trace_id) for raw, outcome in zip(raw_items, outcomes, strict=True)]
    return orjson.dumps({"results": results})


_ITEMS = TypeAdapter(list[schemas.CheckInIn])


def _parse_all(items: Sequence[Any]) -> Sequence[schemas.CheckInIn | Unprocessable]:
    """All at once, which is cheaper; one by one where something is wrong, so that it is refused alone."""
    try:
        return _ITEMS.validate_python(items)
    except ValidationError:
        return [_parse(item) for item in items]


def _parse(item: Any) -> schemas.CheckInIn | Unprocessable:
    try:
        return schemas.CheckInIn.model_validate(item)
    except ValidationError as error:
        return from_validation(error.errors(include_input=False, include_url=False))


def _result(raw: Any, outcome: Outcome, language: str, trace_id: str) -> dict[str, Any]:
    if isinstance(outcome, Recorded):
        status = 201 if outcome.created else 200
        return {"id": outcome.row["id"], "status": status, "check_in": answer_to(outcome), "problem": None}
    problem = outcome.as_json(language, trace_id)
    return {"id": _id_of(raw), "status": outcome.status, "check_in": None, "problem": problem}


def _id_of(raw: Any) -> UUID | None:
    try:
        return UUID(raw["id"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def answer_to(recorded: Recorded) -> dict[str, Any]:
    return answer_of(recorded.row, recorded.row["posting_id"], recorded.basis, recorded.day_status)


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


_STORED_AS_SHOWN = schemas.StoredCheckIn.model_fields.keys() - {"position", "counts"}


def stored_out(stored: CheckIn) -> schemas.StoredCheckIn:
    position = None
    if stored.lng is not None:
        position = schemas.PositionOut.model_validate(stored)
    fields = {name: getattr(stored, name) for name in _STORED_AS_SHOWN}
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
    call.audit(
        chain=stored.county_code,
        action="check_in.accepted" if body.accept else "check_in.refused",
        target=str(stored.id),
        date=stored.date,
        reason=body.reason,
    )
    return stored_out(stored)
