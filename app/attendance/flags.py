"""Recall flags, as far as the ledger turns them (第九条（五）4).

The service warns, finds a candidate and lifts; it moves a flag between these and nothing else. From the county's
written opinion on only people move it: where the facts then no longer carry what the opinion rests on, the flag says
so, and the county has to look before the next step.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from app.attendance.histories import load_days
from app.attendance.law import load_provisions
from app.attendance.outbox import EventType, emit
from app.attendance.posted import Posted, place_of
from app.clock import business_day
from app.ids import new_id
from app.models import RecallFlag, RecallFlagEvent
from app.policy.calendar import Calendar
from app.policy.cited_days import days_gone
from app.policy.provisions import Provisions
from app.policy.recall import (
    ABSENCE_GROUNDS,
    MOVED_BY_FACTS,
    FlagState,
    GroundJudgment,
    RecallJudgment,
    Settled,
    gravity_of,
)

SETTLED = frozenset({FlagState.RECALLED, FlagState.REASSIGNED, FlagState.DISMISSED})
"""Ended by people. The days on such a flag carry no other one."""

_ENDED = SETTLED | {FlagState.LIFTED}
STANDING = tuple(state for state in FlagState if state != FlagState.LIFTED)
"""What a judgment is held against."""

BRIDGED_AT_MOST = timedelta(days=62)
"""More rest days in a row than any holiday has. What bridges the outermost days of an opinion lies within."""


@dataclass(slots=True)
class HeldFlags:
    """What stands against some postings, locked until the end of the transaction."""

    absences: dict[tuple[UUID, str], "_Standing"]
    by_posting: dict[UUID, list[RecallFlag]]
    """On whichever ground."""

    def settled(self, posting_id: UUID) -> Settled:
        return {ground: self.absences[posting_id, ground].settled_days for ground in ABSENCE_GROUNDS}


def hold_flags(session: Session, posting_ids: Collection[UUID], calendar: Calendar) -> HeldFlags:
    """In one query, however many postings there are. Who does not hold the postings' counters holds the flags before
    reading these, so as not to overwrite with an older truth what somebody who corrects the past writes meanwhile.
    """
    by_posting: dict[UUID, list[RecallFlag]] = defaultdict(list)
    for flag in session.scalars(_HELD, {"postings": list(posting_ids)}):
        by_posting[flag.posting_id].append(flag)
    absences: dict[tuple[UUID, str], _Standing] = defaultdict(_Standing)
    for flag in (flag for flags in by_posting.values() for flag in flags if flag.ground in ABSENCE_GROUNDS):
        entry = absences[flag.posting_id, flag.ground]
        if flag.state in SETTLED:
            entry.settled_days.update(_dates(flag))
            entry.recalled = entry.recalled or flag.state == FlagState.RECALLED
        else:
            entry.flag = flag
    _find_days_gone(session, absences, calendar)
    return HeldFlags(absences, by_posting)


def update_flags(
    session: Session,
    held: HeldFlags,
    judgments: Iterable[tuple[Posted, RecallJudgment]],
    *,
    now: datetime,
    by: UUID | None,
) -> None:
    """Bring the absence flags of these postings in line with their newest judgments. `by` is the account whose act
    changed the facts, or null where only time passed.
    """
    turning = _Turning(session, now, by)
    for posting, judgment in judgments:
        flags = held.by_posting[posting.id]
        for ground in judgment.grounds:
            flags += turning.settle(posting, ground, held.absences[posting.id, ground.ground])
        for flag in flags:
            flag.judge_again_on = judgment.changes_on
    turning.write()


def flagged(session: Session, county_codes: Sequence[str], day: date, amended: Sequence[str]) -> dict[UUID, bool]:
    """The postings of these counties with a flag that facts move; true where the close of `day` judges them though
    nothing was added to their days: because time may tell them otherwise by then, because people have turned one of
    their flags, or because the county's law is amended.
    """
    due = or_(
        RecallFlag.judge_again_on.is_(None), RecallFlag.judge_again_on <= day, RecallFlag.county_code.in_(amended)
    )
    moved = func.max(case((RecallFlag.state.in_(MOVED_BY_FACTS), 1), else_=0))
    query = (
        select(RecallFlag.posting_id, func.max(case((due, 1), else_=0)))
        .where(RecallFlag.county_code.in_(county_codes), RecallFlag.state.in_(STANDING))
        .group_by(RecallFlag.posting_id)
        .having(moved == 1)
    )
    return {posting_id: bool(is_due) for posting_id, is_due in session.execute(query)}


def live_key(posting_id: UUID, ground: str) -> str:
    return f"{posting_id}:{ground}"


def move(
    flag: RecallFlag,
    to_state: FlagState,
    *,
    action: str,
    now: datetime,
    by: UUID | None,
    reason: str | None = None,
    document: str | None = None,
) -> RecallFlagEvent:
    """Turn a flag and return the event that records it, for the caller to add to the session. A flag that has ended
    may leave days behind for another one: whoever ends it judges the posting again.
    """
    event = RecallFlagEvent(
        id=new_id(),
        flag_id=flag.id,
        at=now,
        by=by,
        action=action,
        from_state=flag.state,
        to_state=to_state,
        reason=reason,
        document=document,
        counts=flag.counts,
    )
    flag.state = to_state
    flag.changed_at = now
    flag.judge_again_on = None
    if to_state in _ENDED:
        flag.live_key = None
    return event


def announce(session: Session, event_type: EventType, flag: RecallFlag, *, now: datetime) -> None:
    """Tell the webhooks; ids and codes only, no names."""
    payload = {
        "flag_id": str(flag.id),
        "posting_id": str(flag.posting_id),
        "ground": flag.ground,
        "state": flag.state,
        "village_code": flag.village_code,
        "counts": flag.counts,
    }
    emit(session, event_type, county_code=flag.county_code, payload=payload, at=now)


def statement_due_on(provisions: Provisions, today: date, area_code: str) -> date:
    """The last day (inclusive) that the cadre has to answer before the county writes, counted from tomorrow."""
    return today + timedelta(days=int(provisions.value("recall.statement_days", today, area_code)))


@dataclass(slots=True)
class _Standing:
    """What is stored for one posting and ground: the open flag, and the days on which ended flags were settled."""

    flag: RecallFlag | None = None
    settled_days: set[date] = field(default_factory=set)
    recalled: bool = False
    """The posting has ended on this ground, and nothing more can come of it, whatever days the recall did not list."""
    days_gone: list[str] = field(default_factory=list)
    """Days that an opinion or notice rests on and that the ledger no longer counts."""


_HELD = (
    select(RecallFlag)
    .where(
        RecallFlag.posting_id.in_(bindparam("postings", expanding=True)),
        RecallFlag.state != FlagState.LIFTED,
    )
    .order_by(RecallFlag.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)


def _find_days_gone(session: Session, standing: Mapping[tuple[UUID, str], _Standing], calendar: Calendar) -> None:
    """The ledger is asked, not the newest judgment: days that merely left the year's window were absences all the
    same.
    """
    watched: dict[str, list[tuple[_Standing, RecallFlag]]] = defaultdict(list)
    for entry in standing.values():
        if entry.flag is not None and entry.flag.state not in MOVED_BY_FACTS:
            watched[entry.flag.county_code].append((entry, entry.flag))
    for county_code, entries in watched.items():
        postings = {flag.posting_id for _, flag in entries}
        cited = [day for _, flag in entries for day in _dates(flag)]
        first, last = min(cited) - BRIDGED_AT_MOST, max(cited) + BRIDGED_AT_MOST
        histories = load_days(session, county_code, sorted(postings), first, last, calendar)
        for entry, flag in entries:
            unbroken = flag.ground == "absence_consecutive"
            gone = days_gone(_dates(flag), histories[flag.posting_id], _unit(flag), unbroken=unbroken)
            entry.days_gone = [day.isoformat() for day in gone]


def _dates(flag: RecallFlag) -> list[date]:
    return [date.fromisoformat(day) for day in flag.days]


def _unit(flag: RecallFlag) -> str:
    """The reading under which the flag's days were counted: an amended one does not reach back to an opinion."""
    return next(str(basis["value"]) for basis in flag.basis if basis["key"] == "absence.unit")


@dataclass(slots=True)
class _Turning:
    """One pass over judgments; rows are written together at its end."""

    session: Session
    now: datetime
    by: UUID | None
    provisions: Provisions | None = None
    events: list[RecallFlagEvent] = field(default_factory=list)
    announced: list[tuple[EventType, RecallFlag]] = field(default_factory=list)

    def settle(self, posting: Posted, judgment: GroundJudgment, standing: _Standing) -> list[RecallFlag]:
        """Returns the flag that it raises, if it does."""
        flag = standing.flag
        if flag is None:
            if judgment.state is not None and not standing.recalled:
                return [self._raise(posting, judgment, judgment.state)]
        elif flag.state not in MOVED_BY_FACTS:
            self._watch(flag, judgment, standing.days_gone)
        elif judgment.state is None:
            self._lift(flag, judgment)
        else:
            self._follow(flag, judgment, judgment.state)
        return []

    def write(self) -> None:
        self.session.flush()  # flags before the events that name them
        self.session.add_all(self.events)
        for event_type, flag in self.announced:
            announce(self.session, event_type, flag, now=self.now)
        self.session.flush()

    def _raise(self, posting: Posted, judgment: GroundJudgment, state: FlagState) -> RecallFlag:
        flag = RecallFlag(
            id=new_id(),
            **place_of(posting),
            ground=judgment.ground,
            state=None,
            live_key=live_key(posting.id, judgment.ground),
            raised_at=self.now,
            changed_at=self.now,
        )
        self.session.add(flag)
        self._adopt(flag, judgment)
        self._move(flag, state, action="raised")
        return flag

    def _follow(self, flag: RecallFlag, judgment: GroundJudgment, state: FlagState) -> None:
        if (flag.counts, flag.days) != (judgment.counts, _days(judgment)):
            self._adopt(flag, judgment)
            flag.changed_at = self.now
        if flag.state != state:
            self._move(flag, state, action="moved")

    def _lift(self, flag: RecallFlag, judgment: GroundJudgment) -> None:
        self._adopt(flag, judgment)
        self.events.append(move(flag, FlagState.LIFTED, action="lifted", now=self.now, by=self.by))
        self.announced.append(("flag.lifted", flag))

    def _watch(self, flag: RecallFlag, judgment: GroundJudgment, days_gone: list[str]) -> None:
        """What an opinion or notice rests on stays as it was written; that it no longer holds is said beside it."""
        before = flag.facts_changed
        flag.facts_changed = {"days_gone": days_gone, "counts": dict(judgment.counts)} if days_gone else None
        if (before or {}).get("days_gone", []) == days_gone:
            return
        action = "facts_changed" if days_gone else "facts_restored"
        self.events.append(move(flag, FlagState(flag.state), action=action, now=self.now, by=self.by))

    def _move(self, flag: RecallFlag, state: FlagState, *, action: str) -> None:
        climbs = gravity_of(state) > gravity_of(FlagState(flag.state) if flag.state else None)
        self.events.append(move(flag, state, action=action, now=self.now, by=self.by))
        flag.statement_due_on = None
        if state is FlagState.CANDIDATE:
            self.provisions = self.provisions or load_provisions(self.session)
            flag.statement_due_on = statement_due_on(self.provisions, business_day(self.now), flag.village_code)
        if climbs:
            self.announced.append(("flag.raised", flag))

    def _adopt(self, flag: RecallFlag, judgment: GroundJudgment) -> None:
        flag.counts = dict(judgment.counts)
        flag.threshold = judgment.threshold
        flag.days = _days(judgment)
        flag.basis = [basis.as_json() for basis in judgment.basis]


def _days(judgment: GroundJudgment) -> list[str]:
    return [day.isoformat() for day in judgment.days]
