"""The evidence behind days, as people are shown it: a fixed number of queries for any number of postings."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attendance import schemas
from app.attendance.facts import Span
from app.models import CheckIn, Correction, Leave, Posting, Registration, Whereabouts
from app.policy.days import days_between
from app.policy.presence import is_presence

DayKey = tuple[UUID, date]


def counts(check_in: CheckIn) -> bool:
    return is_presence(needs_acceptance=check_in.needs_acceptance, accepted=check_in.accepted)


def load_evidence(
    session: Session, postings: Sequence[Posting], first: date, last: date
) -> dict[DayKey, list[schemas.Evidence]]:
    """The evidence of every day from `first` to `last`, oldest first within its kind."""
    if not postings:
        return {}
    span = Span(tuple({p.county_code for p in postings}), first, last, tuple(p.id for p in postings))
    found: dict[DayKey, list[schemas.Evidence]] = defaultdict(list)
    for check_in in session.scalars(select(CheckIn).where(span.of(CheckIn)).order_by(CheckIn.captured_at)):
        found[check_in.posting_id, check_in.date].append(of_check_in(check_in))
    for entered in session.scalars(select(Registration).where(span.of(Registration)).order_by(Registration.id)):
        found[entered.posting_id, entered.date].append(schemas.RegistrationEvidence.model_validate(entered))
    for correction in session.scalars(select(Correction).where(span.of(Correction)).order_by(Correction.id)):
        found[correction.posting_id, correction.date].append(schemas.CorrectionEvidence.model_validate(correction))
    _add_spans(session, span, found)
    return found


def _add_spans(session: Session, span: Span, found: dict[DayKey, list[schemas.Evidence]]) -> None:
    live = ("pending", "approved", "ended")
    leaves = (
        select(Posting.id, Leave)
        .join(Leave, Leave.cadre_id == Posting.cadre_id)
        .where(span.whose(Posting), Leave.starts_on <= span.last, Leave.ends_on >= span.first, Leave.state.in_(live))
    )
    for posting_id, leave in session.execute(leaves.order_by(Leave.starts_on)):
        for day in days_between(max(span.first, leave.starts_on), min(span.last, leave.ends_on)):
            found[posting_id, day].append(schemas.LeaveEvidence.model_validate(leave))
    boards = select(Whereabouts).where(span.touching(Whereabouts, Whereabouts.first_day, Whereabouts.last_day))
    for board in session.scalars(boards.order_by(Whereabouts.since)):
        for day in days_between(max(span.first, board.first_day), min(span.last, board.last_day or span.last)):
            found[board.posting_id, day].append(schemas.WhereaboutsEvidence.model_validate(board))


def of_check_in(check_in: CheckIn) -> schemas.CheckInEvidence:
    return schemas.CheckInEvidence(
        id=check_in.id,
        captured_at=check_in.captured_at,
        received_at=check_in.received_at,
        verdict=check_in.verdict,
        reason=check_in.reason,
        distance_m=check_in.distance_m,
        counts=counts(check_in),
        accepted=check_in.accepted,
        acceptance_reason=check_in.acceptance_reason,
        risk_flags=check_in.risk_flags,
        note=check_in.note,
    )
