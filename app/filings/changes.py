"""What became of a filed sheet: the days that read differently now, and what the month lock has held back."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.access import scope
from app.access.areas import county_of, in_area
from app.access.call import Call
from app.attendance.entries import OUTSIDE_POSTING
from app.attendance.facts import Span, load_facts
from app.attendance.law import load_calendar
from app.attendance.schemas import Actor
from app.attendance.signatures import facts_on
from app.filings import schemas
from app.models import Account, CheckIn, Correction, DayRevision, Filing
from app.policy.attendance import Status, judge_day


class Cell(NamedTuple):
    posting_id: UUID
    date: date


def changes_since(call: Call, filed: schemas.FiledSheet, present: schemas.FiledSheet) -> list[schemas.ChangeSince]:
    """The days whose status is no longer the filed one, and who brought the present one about."""
    before, after = _cells(filed), _cells(present)
    changed = sorted(
        (cell for cell in before.keys() | after.keys() if before.get(cell) != after.get(cell)),
        key=lambda cell: (cell.date, cell.posting_id),
    )
    names = _names(present) | _names(filed)
    authors = _authors(call.session, filed.area_code, changed, after)
    return [
        schemas.ChangeSince(
            posting_id=cell.posting_id,
            name=names[cell.posting_id],
            date=cell.date,
            filed=before.get(cell),
            present=after.get(cell),
            **_said_of(*authors[cell]) if cell in authors else _NOBODY,
        )
        for cell in changed
    ]


_NOBODY: dict[str, None] = dict.fromkeys(("cause", "by", "at", "reason"))


def _said_of(revision: DayRevision, account: Account | None) -> dict[str, object]:
    by = Actor.model_validate(account) if account else None
    return {"cause": revision.cause, "by": by, "at": revision.at, "reason": revision.reason}


def _cells(sheet: schemas.FiledSheet) -> dict[Cell, Status]:
    return {Cell(row.posting_id, day.date): day.status for row in sheet.rows for day in row.days}


def _names(sheet: schemas.FiledSheet) -> dict[UUID, str]:
    return {row.posting_id: row.name for row in sheet.rows}


def _authors(
    session: Session, area_code: str, cells: Iterable[Cell], after: dict[Cell, Status]
) -> dict[Cell, tuple[DayRevision, Account | None]]:
    """The revision of each day that brought its present status about: a confirmation after it only repeats it."""
    wanted = set(cells)
    if not wanted:
        return {}
    query = (
        select(DayRevision, Account)
        .outerjoin(Account, Account.id == DayRevision.by)
        .where(
            DayRevision.county_code == county_of(area_code),
            DayRevision.date.in_({cell.date for cell in wanted}),
            DayRevision.posting_id.in_({cell.posting_id for cell in wanted}),
        )
        .order_by(DayRevision.date, DayRevision.posting_id, DayRevision.revision)
    )
    found: dict[Cell, tuple[DayRevision, Account | None]] = {}
    for revision, account in session.execute(query):
        cell = Cell(revision.posting_id, revision.date)
        if cell in wanted and (cell not in after or cell not in found or _status(found[cell][0]) != _status(revision)):
            found[cell] = (revision, account)
    return found


def _status(revision: DayRevision) -> str | None:
    """What a revision made of its day: nothing where it took the day out."""
    return None if tuple(revision.exceptions) == OUTSIDE_POSTING else revision.status


def held_back(
    call: Call, filing: Filing, filed: schemas.FiledSheet, present: schemas.FiledSheet
) -> list[schemas.HeldBack]:
    """Evidence, leave and declarations that came after the month was filed and would have made a day read
    differently. They are on record; the day stays until the county corrects it.
    """
    names = _names(filed) | _names(present)
    waiting = _late_check_ins(call, filing, filed)
    span = Span((filing.county_code,), filed.first, filed.last, tuple(names))
    calendar = load_calendar(call.session)
    found = []
    for row in load_facts(call.session, span) if names else ():
        facts = facts_on(row.signature, row.date, calendar)
        if row.status is None and not facts.closed:
            continue  # from before the county began to close days: it is in no sheet
        judged = judge_day(facts)
        news = set(judged.exceptions) - set(row.exceptions or ())
        if Cell(row.posting_id, row.date) in waiting:
            news.add("evidence_waiting")
        status = Status(row.status) if row.status else None
        if news or judged.status is not status:
            found.append(
                schemas.HeldBack(
                    posting_id=row.posting_id,
                    name=names[row.posting_id],
                    date=row.date,
                    status=status,
                    would_be=judged.status,
                    exceptions=sorted(news),
                )
            )
    return sorted(found, key=lambda item: (item.date, item.posting_id))


def _late_check_ins(call: Call, filing: Filing, filed: schemas.FiledSheet) -> set[Cell]:
    """Check-ins that came after the filing, wait to be accepted, and that no later correction has settled."""
    settled = exists().where(
        Correction.posting_id == CheckIn.posting_id,
        Correction.date == CheckIn.date,
        Correction.corrected_at >= CheckIn.received_at,
    )
    query = select(CheckIn.posting_id, CheckIn.date).where(
        scope.visible(call.viewer, CheckIn),
        in_area(CheckIn, filing.area_code),
        CheckIn.date.between(filed.first, filed.last),
        CheckIn.received_at >= filing.filed_at,
        CheckIn.needs_acceptance.is_(True),
        CheckIn.accepted.is_(None),
        ~settled,
    )
    return {Cell(posting_id, day) for posting_id, day in call.session.execute(query)}
