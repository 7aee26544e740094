"""From a stored flag to what its papers say."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.areas import county_of, township_of
from app.access.call import Call
from app.access.scope import find
from app.attendance.law import load_calendar, load_provisions
from app.clock import business_day
from app.models import Area, Cadre, DayEntry, DispatchUnit, Posting, RecallFlag, RecallFlagEvent
from app.policy.attendance import Status
from app.policy.recall import GROUNDS, FlagState
from app.recalls.manual import describe_facts
from app.recalls.papers import Case, Signed, notice_draft, opinion_draft
from app.recalls.steps import wrong_state

OPINION, NOTICE = "opinion", "notice"


def draft(call: Call, flag_id: UUID, kind: str) -> bytes:
    """The draft of a paper as the flag stands now; Conflict `wrong_state` before its turn has come."""
    flag = find(call.session, call.viewer, RecallFlag, flag_id)
    if kind not in papers_of(flag):
        raise wrong_state(flag)
    case = load_case(call, flag)
    return opinion_draft(case) if kind == OPINION else notice_draft(case)


def papers_of(flag: RecallFlag) -> tuple[str, ...]:
    """The papers whose turn has come."""
    if not GROUNDS[flag.ground].recalls:
        return ()
    if flag.state == FlagState.CANDIDATE:
        return (OPINION,)
    if flag.state in {FlagState.OPINION, FlagState.NOTICED, FlagState.RECALLED}:
        return (OPINION, NOTICE)
    return ()


def signed_papers(session: Session, flag: RecallFlag) -> dict[str, Signed]:
    """The papers that hold: what was signed before the county took the flag up again no longer does."""
    signed: dict[str, Signed] = {}
    events = session.scalars(
        select(RecallFlagEvent)
        .where(RecallFlagEvent.flag_id == flag.id)
        .order_by(RecallFlagEvent.at, RecallFlagEvent.id)
    )
    for event in events:
        if event.action == "reviewed":
            signed.clear()
        elif event.action in {OPINION, NOTICE} and event.document:
            signed[event.action] = Signed(event.document, business_day(event.at))
    return signed


def load_case(call: Call, flag: RecallFlag) -> Case:
    posting, cadre, unit = call.session.execute(
        select(Posting, Cadre, DispatchUnit)
        .join(Cadre, Cadre.id == Posting.cadre_id)
        .join(DispatchUnit, DispatchUnit.id == Posting.unit_id)
        .where(Posting.id == flag.posting_id)
    ).one()
    county, township, village = _names(call.session, flag.village_code)
    signed = signed_papers(call.session, flag)
    days = [date.fromisoformat(day) for day in flag.days]
    calendar = load_calendar(call.session)
    return Case(
        county=county,
        village=f"{township}{village}",
        cadre=cadre.name,
        duty=posting.duty,
        unit=unit.name,
        unit_level=unit.level,
        posted_from=posting.starts_on,
        ground_label=GROUNDS[flag.ground].label_zh(flag.threshold),
        recorded=tuple(describe_facts(flag)),
        counts=flag.counts,
        days=days,
        basis=[*flag.basis, *_procedure(call, flag)],
        unconfirmed=_unconfirmed(call.session, flag, days),
        calendar_assumed=any(calendar.assumed(day) for day in days),
        statement=flag.statement,
        statement_on=business_day(flag.statement_at) if flag.statement_at else None,
        statement_due_on=flag.statement_due_on,
        opinion=signed.get(OPINION),
        notice=signed.get(NOTICE),
        drafted_at=call.now,
        drafted_on=call.today,
    )


def _procedure(call: Call, flag: RecallFlag) -> list[dict[str, Any]]:
    provisions = load_provisions(call.session)
    return [
        provisions.in_force(key, call.today, flag.village_code).basis().as_json()
        for key in ("recall.procedure", "recall.consequences")
    ]


def _unconfirmed(session: Session, flag: RecallFlag, days: list[date]) -> list[date]:
    """A rest day that only the count bridges needs no confirmation."""
    query = select(DayEntry.date).where(
        DayEntry.county_code == flag.county_code,
        DayEntry.posting_id == flag.posting_id,
        DayEntry.date.in_(days),
        DayEntry.status == Status.ABSENT,
        DayEntry.confirmed.is_(False),
    )
    return sorted(session.scalars(query))


def _names(session: Session, village_code: str) -> tuple[str, str, str]:
    codes = (county_of(village_code), township_of(village_code), village_code)
    names = dict(session.execute(select(Area.code, Area.name).where(Area.code.in_(codes))).all())
    county, township, village = (names[code] for code in codes)
    return county, township, village
