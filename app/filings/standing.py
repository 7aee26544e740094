"""Who has filed, who still has time, who is late; and one filing with what became of it."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import Session, defer

from app.access import scope
from app.access.areas import area_prefix, county_of
from app.access.call import Call
from app.attendance.law import load_provisions
from app.attendance.schemas import Actor, Basis
from app.clock import day_closes_at, day_starts_at
from app.errors import NotFound
from app.filings import schemas
from app.filings.changes import changes_since, held_back
from app.filings.sheet import build_sheet, digest
from app.models import Account, Area, Filing, Posting
from app.policy.days import ONE_DAY
from app.policy.filing import (
    FILED_BY,
    FilingKind,
    Period,
    Times,
    filing_times,
    judge_filing,
    parse_period,
)
from app.policy.provisions import Provisions
from app.web.paging import PageRequest


def times_of(provisions: Provisions, area_code: str, period: Period) -> Times:
    closing = str(provisions.value("day.closes_at", period.last, county_of(area_code)))
    return filing_times(period, day_closes_at(period.last, closing), provisions, area_code)


def list_standing(
    call: Call, paging: PageRequest, area_code: str | None, period: Period
) -> tuple[list[schemas.FilingStatus], str | None]:
    """Every office that owes, or has made, the filing of a period: townships, or counties for a week."""
    code = area_code or _own_area(call)
    scope.find_area(call.session, call.viewer, code)
    query = select(Area).where(
        Area.code.startswith(area_prefix(code)),
        Area.level == FILED_BY[period.kind],
        or_(_owes(period), exists().where(Filing.area_code == Area.code, Filing.period == period.text)),
    )
    areas, cursor = paging.fetch(call.session, query, Area.code)
    filed = {
        filing.area_code: filing
        for filing in call.session.scalars(
            _without_sheet().where(Filing.area_code.in_([a.code for a in areas]), Filing.period == period.text)
        )
    }
    return _statuses(call, [(area, period, filed.get(area.code)) for area in areas]), cursor


def list_filed(call: Call, paging: PageRequest, area_code: str | None) -> tuple[list[schemas.FilingStatus], str | None]:
    """What has been filed, newest first."""
    code = area_code or _own_area(call)
    scope.find_area(call.session, call.viewer, code)
    query = _without_sheet().where(Filing.area_code.startswith(area_prefix(code)))
    filings, cursor = paging.fetch(call.session, query, Filing.id, descending=True)
    areas = {a.code: a for a in call.session.scalars(select(Area).where(Area.code.in_([f.area_code for f in filings])))}
    return _statuses(call, [(areas[f.area_code], parse_period(f.period), f) for f in filings]), cursor


def show_filing(call: Call, filing_id: UUID) -> schemas.FilingDetail:
    """The sheet as it was filed, what has changed since, and what the lock holds back."""
    filing = call.session.get(Filing, filing_id)
    if filing is None or not scope.may_ask(call.viewer, filing.area_code):
        raise NotFound
    period = parse_period(filing.period)
    area = call.session.get_one(Area, filing.area_code)
    filed = schemas.FiledSheet.model_validate(filing.sheet)
    present = build_sheet(call, area, period)
    [status] = _statuses(call, [(area, period, filing)])
    return schemas.FilingDetail(
        **status.model_dump(),
        sheet=filed,
        intact=digest(filing.sheet) == filing.sheet_sha256,
        changes_since=changes_since(call, filed, present),
        held_back=held_back(call, filing, filed, present) if period.kind is FilingKind.MONTHLY else [],
    )


def _statuses(call: Call, items: Sequence[tuple[Area, Period, Filing | None]]) -> list[schemas.FilingStatus]:
    provisions = load_provisions(call.session)
    actors = _actors(call.session, [filing.filed_by for _, _, filing in items if filing])
    found = []
    for area, period, filing in items:
        times = times_of(provisions, area.code, period)
        judged = judge_filing(times, filing.filed_at if filing else None, call.now)
        found.append(
            schemas.FilingStatus(
                area_code=area.code,
                area=area.name,
                kind=period.kind,
                period=period.text,
                state=judged.verdict,
                state_label=schemas.STATE_LABELS_ZH[judged.verdict],
                closes_at=times.closes_at,
                due_at=times.due_at,
                filing=filing_out(filing, actors[filing.filed_by]) if filing else None,
                basis=[Basis.model_validate(basis.as_json()) for basis in judged.basis],
            )
        )
    return found


def filing_out(filing: Filing, by: Actor) -> schemas.FilingOut:
    return schemas.FilingOut(
        id=filing.id,
        area_code=filing.area_code,
        kind=FilingKind(filing.kind),
        period=filing.period,
        filed_by=by,
        filed_at=filing.filed_at,
        sha256=filing.sheet_sha256,
    )


def _actors(session: Session, ids: Iterable[UUID]) -> dict[UUID, Actor]:
    accounts = session.scalars(select(Account).where(Account.id.in_(set(ids))))
    return {account.id: Actor.model_validate(account) for account in accounts}


def _without_sheet() -> Select[Filing]:
    return select(Filing).options(defer(Filing.sheet))


def _owes(period: Period) -> ColumnElement[bool]:
    """An office owes a filing for a period in which somebody was posted in its area and on the roster: nobody is late
    for days from before the service knew of anyone.
    """
    mine = Posting.township_code if FILED_BY[period.kind] == "township" else Posting.county_code
    return exists().where(
        mine == Area.code,
        Posting.held_between(period.first, period.last),
        Posting.created_at < day_starts_at(period.last + ONE_DAY),
    )


def _own_area(call: Call) -> str:
    if call.viewer.area_code is None:
        raise NotFound
    return call.viewer.area_code
