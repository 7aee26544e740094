"""Why a day has its status."""

from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.attendance import schemas
from app.attendance.evidence import load_evidence
from app.attendance.facts import Span, load_facts
from app.attendance.law import is_locked, load_calendar, load_provisions
from app.attendance.signatures import facts_on, is_unrecorded
from app.errors import NotFound
from app.models import Account, DayRevision, Posting
from app.policy.attendance import LABELS_ZH, Status, day_basis, judge_day, rests_on_assumption


def explain_day(session: Session, posting: Posting, day: date) -> schemas.Explanation:
    """The facts, the provisions that were in force on the day, and every revision; NotFound outside the posting, and
    where the ledger has no such day.
    """
    row = load_facts(session, Span((posting.county_code,), day, day, (posting.id,))).one_or_none()
    if row is None or is_unrecorded(row.status, row.signature):
        raise NotFound
    calendar = load_calendar(session)
    facts = facts_on(row.signature, day, calendar)
    judgment = judge_day(facts)
    status = Status(row.status) if row.status else judgment.status
    if status is None:
        raise NotFound
    basis = day_basis(judgment, load_provisions(session), day, posting.village_code)
    return schemas.Explanation(
        posting_id=posting.id,
        date=day,
        status=status,
        status_label=LABELS_ZH[status],
        confirmed=bool(row.confirmed),
        exceptions=row.exceptions if row.status else list(judgment.exceptions),
        locked=is_locked(session, posting.township_code, day),
        calendar_assumed=rests_on_assumption(facts, status),
        facts=asdict(facts),
        evidence=load_evidence(session, [posting], day, day).get((posting.id, day), []),
        basis=[schemas.Basis.model_validate(item.as_json()) for item in basis],
        revisions=_revisions(session, row),
    )


def _revisions(session: Session, row: Row[Any]) -> list[schemas.Revision]:
    query = (
        select(DayRevision, Account)
        .outerjoin(Account, Account.id == DayRevision.by)
        .where(
            DayRevision.county_code == row.county_code,
            DayRevision.date == row.date,
            DayRevision.posting_id == row.posting_id,
        )
        .order_by(DayRevision.revision)
    )
    return [
        schemas.Revision(
            revision=revision.revision,
            status=Status(revision.status),
            confirmed=revision.confirmed,
            exceptions=revision.exceptions,
            by=schemas.Actor.model_validate(account) if account else None,
            at=revision.at,
            cause=revision.cause,
            reason=revision.reason,
        )
        for revision, account in session.execute(query)
    ]
