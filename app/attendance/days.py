"""What officers do with days: look, confirm, correct, register on paper."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, String, and_, cast, select
from sqlalchemy.orm import Session, joinedload

from app.access import audit, scope
from app.access.call import Call
from app.access.viewer import Role
from app.attendance import schemas
from app.attendance.entries import Author
from app.attendance.evidence import load_evidence
from app.attendance.facts import Span, load_facts
from app.attendance.law import load_calendar
from app.attendance.lock import take_open_day
from app.attendance.posted import place_of
from app.attendance.rejudge import Rejudging, rejudge, rejudge_corrected
from app.attendance.signatures import facts_on, is_unrecorded
from app.errors import Conflict, FieldError, NotFound, Unprocessable
from app.ids import new_id
from app.models import Cadre, Correction, DayEntry, Posting, Registration
from app.policy.attendance import LABELS_ZH, Status, judge_day, rests_on_assumption
from app.policy.calendar import Calendar
from app.web.paging import PageRequest


def list_days(
    call: Call, paging: PageRequest, area_code: str, day: date, *, only_exceptions: bool
) -> tuple[list[schemas.DayOfPosting], str | None]:
    """The postings of an area on a day, as they stand; an open day nobody has touched is 待定."""
    query = _postings_of_day(call, area_code, day)
    if only_exceptions:
        entry = and_(
            DayEntry.county_code == Posting.county_code, DayEntry.date == day, DayEntry.posting_id == Posting.id
        )
        query = query.join(DayEntry, entry).where(cast(DayEntry.exceptions, String) != "[]")
    postings, cursor = paging.fetch(call.session, query, Posting.village_code, Posting.id)
    evidence = load_evidence(call.session, postings, day, day)
    standing = standings(call.session, postings, day, day)
    items = [
        schemas.DayOfPosting(
            posting_id=posting.id,
            cadre=schemas.Person.model_validate(posting.cadre),
            village_code=posting.village_code,
            evidence=evidence.get((posting.id, day), []),
            **standing[posting.id, day].model_dump(),
        )
        for posting in postings
        if (posting.id, day) in standing
    ]
    return items, cursor


def _postings_of_day(call: Call, area_code: str, day: date) -> Select[Posting]:
    return (
        select(Posting)
        .where(scope.visible_in(call.session, call.viewer, Posting, area_code), Posting.held_on(day))
        .options(joinedload(Posting.cadre).load_only(Cadre.id, Cadre.name))
    )


def standings(
    session: Session, postings: Sequence[Posting], first: date, last: date
) -> dict[tuple[UUID, date], schemas.DayOfMine]:
    """How each posted day stands: the entry where there is one, an open day without one as judged from the facts. A
    closed day without one is in no ledger, and not here.
    """
    if not postings or first > last:
        return {}
    calendar = load_calendar(session)
    span = Span(tuple({p.county_code for p in postings}), first, last, tuple(p.id for p in postings))
    rows = sorted(load_facts(session, span), key=lambda row: row.date)
    recorded = (row for row in rows if not is_unrecorded(row.status, row.signature))
    return {(row.posting_id, row.date): _standing(row, calendar) for row in recorded}


def _standing(row: Row[Any], calendar: Calendar) -> schemas.DayOfMine:
    status, exceptions = row.status, row.exceptions
    facts = facts_on(row.signature, row.date, calendar)
    if status is None:
        judgment = judge_day(facts)
        status, exceptions = judgment.status, list(judgment.exceptions)
    status = Status(status)
    return schemas.DayOfMine(
        date=row.date,
        status=status,
        status_label=LABELS_ZH[status],
        confirmed=bool(row.confirmed),
        exceptions=exceptions,
        calendar_assumed=rests_on_assumption(facts, status),
    )


def confirm_days(call: Call, body: schemas.ConfirmationIn) -> schemas.ConfirmationOut:
    """Confirm an area's day: all of it as judged, or the items that are named, with corrections among them."""
    _require_begun(call, body.date)
    scope.find_area(call.session, call.viewer, body.area_code)
    take_open_day(call.session, _own_township(call), body.date)
    postings = _postings_to_confirm(call, body)
    corrected = _correct_items(call, body, postings)
    author = Author(call.now, call.viewer.account_id, "confirmation", None)
    Rejudging(call.session, author, confirm=lambda _row, judged: judged.status is not Status.PENDING).run(
        postings, body.date, body.date
    )
    standing = standings(call.session, postings, body.date, body.date)
    pending = [posting.id for posting in postings if not standing[posting.id, body.date].confirmed]
    call.audit(
        chain=postings[0].county_code if postings else audit.SERVICE,
        action="days.confirmed",
        target=body.area_code,
        date=body.date,
        postings=len(postings) - len(pending),
        corrected=corrected,
    )
    return schemas.ConfirmationOut(
        date=body.date,
        area_code=body.area_code,
        confirmed=len(postings) - len(pending),
        corrected=corrected,
        pending=pending,
    )


def _own_township(call: Call) -> str:
    if call.viewer.area_code is None:
        raise NotFound
    return call.viewer.area_code


def _postings_to_confirm(call: Call, body: schemas.ConfirmationIn) -> list[Posting]:
    postings = call.session.scalars(_postings_of_day(call, body.area_code, body.date).order_by(Posting.id)).all()
    if body.items is None:
        return list(postings)
    by_id = {posting.id: posting for posting in postings}
    wanted = [item.posting_id for item in body.items]
    if len(set(wanted)) < len(wanted):
        raise Unprocessable.field("/items", "duplicate_item", "同一派驻重复出现", "a posting occurs twice")
    if not set(wanted) <= by_id.keys():
        raise NotFound
    return [by_id[posting_id] for posting_id in wanted]


def _correct_items(call: Call, body: schemas.ConfirmationIn, postings: Sequence[Posting]) -> int:
    """Enter the items whose status differs from the judged one as corrections; returns how many."""
    standing = standings(call.session, postings, body.date, body.date)
    errors, corrected = [], 0
    for number, (item, posting) in enumerate(zip(body.items or [], postings, strict=False)):
        judged = standing.get((posting.id, body.date))
        if item.status is None or (judged is not None and item.status is judged.status):
            continue
        if not item.remark:
            pointer = f"/items/{number}/remark"
            errors.append(
                FieldError(pointer, "remark_required", "改变状态须填写说明", "a changed status needs a remark")
            )
            continue
        call.session.add(_correction(call, posting, body.date, item.status, item.remark))
        corrected += 1
    if errors:
        raise Unprocessable(
            "remark_required", "改变状态须填写说明。", "A changed status needs a remark.", errors=errors
        )
    call.session.flush()
    return corrected


def correct_day(call: Call, body: schemas.CorrectionIn) -> schemas.DayOfMine:
    """Enter an officer's status for a day. The township corrects until its month is filed, the county always."""
    posting = scope.find(call.session, call.viewer, Posting, body.posting_id)
    _require_begun(call, body.date)
    _require_posted(posting, body.date)
    if call.viewer.role is Role.TOWNSHIP:
        take_open_day(call.session, posting.township_code, body.date)
    call.session.add(_correction(call, posting, body.date, body.status, body.reason))
    call.session.flush()
    author = Author(call.now, call.viewer.account_id, "correction", body.reason)
    rejudge_corrected(call.session, posting, body.date, author)
    call.audit(
        chain=posting.county_code,
        action="day.corrected",
        target=str(posting.id),
        date=body.date,
        status=body.status,
        reason=body.reason,
    )
    return standings(call.session, [posting], body.date, body.date)[posting.id, body.date]


def _correction(call: Call, posting: Posting, day: date, status: Status, reason: str) -> Correction:
    return Correction(
        id=new_id(),
        **place_of(posting),
        date=day,
        status=status,
        reason=reason,
        corrected_by=call.viewer.account_id,
        corrected_at=call.now,
    )


def register(call: Call, body: schemas.RegistrationIn) -> schemas.RegistrationOut:
    """Enter a 到岗登记 from paper, a visit or a phone call; it counts as a check-in does."""
    posting = scope.find(call.session, call.viewer, Posting, body.posting_id)
    _require_begun(call, body.date)
    _require_posted(posting, body.date)
    take_open_day(call.session, posting.township_code, body.date)
    entered = Registration(
        id=new_id(),
        **place_of(posting),
        date=body.date,
        source=body.source,
        note=body.note,
        entered_by=call.viewer.account_id,
        entered_at=call.now,
    )
    call.session.add(entered)
    call.session.flush()
    rejudge(
        call.session,
        [posting],
        body.date,
        body.date,
        now=call.now,
        by=call.viewer.account_id,
        cause="registration",
        reason=body.note,
    )
    call.audit(
        chain=posting.county_code,
        action="day.registered",
        target=str(posting.id),
        date=body.date,
        source=body.source,
    )
    day = standings(call.session, [posting], body.date, body.date)[posting.id, body.date]
    return schemas.RegistrationOut(
        id=entered.id,
        posting_id=posting.id,
        date=body.date,
        source=body.source,
        note=body.note,
        entered_at=call.now,
        day_status=day.status,
        confirmed=day.confirmed,
    )


def _require_begun(call: Call, day: date) -> None:
    if day > call.today:
        raise Unprocessable.field("/date", "day_not_begun", "该日期尚未到来", "the day has not begun")


def _require_posted(posting: Posting, day: date) -> None:
    if not posting.holds_on(day):
        raise Conflict("no_posting", "该日期不在派驻期内。", "The day lies outside the posting.")
