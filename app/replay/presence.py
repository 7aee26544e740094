"""Check-ins judged again: whether each would have counted, and on which day.

A check-in is judged under the law in force and under the proposal, both times by today's fences; only where the two
differ does the proposal's judgment take the place of what is on record. So a fence that was moved since, or a month
that was filed when the check-in came, is never taken for the proposal's doing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.attendance.facts import Span, load_facts
from app.attendance.rejudge import MAX_SPAN_DAYS
from app.attendance.signatures import facts_on, presence_of, with_presence
from app.checkins.fences import load_fences
from app.checkins.geodesic import geodesic_m
from app.clock import business_day
from app.models import CheckIn, Posting, Registration
from app.policy.attendance import Evidence, Status, judge_day
from app.policy.calendar import Calendar
from app.policy.datum import Datum
from app.policy.days import ONE_DAY
from app.policy.geofence import Fence, Position, Verdict, judge_position
from app.policy.presence import day_of, evidence_of, is_clock_ahead, is_too_late, needs_acceptance
from app.policy.provisions import Provisions

KEYS = frozenset(
    {
        "presence.verdict",
        "presence.max_accuracy_m",
        "presence.late_upload_days",
        "presence.clock_skew_minutes",
    }
)
"""The provisions that decide whether a check-in counts by itself."""

_COLUMNS = (
    CheckIn.posting_id,
    CheckIn.village_code,
    CheckIn.date,
    CheckIn.captured_at,
    CheckIn.received_at,
    CheckIn.lng,
    CheckIn.lat,
    CheckIn.datum,
    CheckIn.accuracy_m,
    CheckIn.verdict,
    CheckIn.needs_acceptance,
    CheckIn.accepted,
)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What one law says of a check-in."""

    day: date
    verdict: Verdict
    clock_skew: bool
    too_late: bool

    def needs_acceptance(self, verdict: str) -> bool:
        """That a month was filed is no law's doing: it is on record as another reason."""
        return needs_acceptance(
            Verdict(verdict), clock_skew=self.clock_skew, too_late=self.too_late, month_locked=False
        )


@dataclass(slots=True)
class _Evidence:
    """The check-ins of one posting and day, as far as they bear on presence."""

    counting: bool = False
    accepted: bool = False
    touched: bool = False
    """Whether the proposal has changed any of them."""

    def add(self, *, needs_acceptance: bool, accepted: bool | None) -> None:
        evidence = evidence_of(needs_acceptance=needs_acceptance, accepted=accepted)
        self.counting |= evidence is Evidence.CHECK_IN
        self.accepted |= evidence is Evidence.ACCEPTED


@dataclass(frozen=True, slots=True)
class StatusChange:
    posting_id: UUID
    date: date
    before: Status
    after: Status


def changed_days(
    session: Session,
    postings: Sequence[Posting],
    first: date,
    last: date,
    law: Provisions,
    proposal: Provisions,
    calendar: Calendar,
) -> list[StatusChange]:
    """The days of these postings whose status would be another one under the proposal."""
    evidence = _evidence(session, postings, first, last, law, proposal)
    touched = {key for key, found in evidence.items() if found.touched and first <= key[1] <= last}
    if not touched:
        return []
    registered = _registered(session, postings, first, last)
    changes = []
    for row in _facts(session, postings, sorted({day for _, day in touched})):
        key = (row.posting_id, row.date)
        if key in touched:
            change = _change(row, evidence[key], registered=key in registered, calendar=calendar)
            changes += [change] if change else []
    return changes


def _evidence(
    session: Session, postings: Sequence[Posting], first: date, last: date, law: Provisions, proposal: Provisions
) -> dict[tuple[UUID, date], _Evidence]:
    fences = load_fences(session, {posting.village_code for posting in postings})
    evidence: dict[tuple[UUID, date], _Evidence] = defaultdict(_Evidence)
    # One day more at both ends: another reading of a wrong clock moves a check-in to the day before or after.
    span = _span(postings, first - ONE_DAY, last + ONE_DAY)
    for sent in session.execute(select(*_COLUMNS).where(span.of(CheckIn)), execution_options={"yield_per": 1000}):
        theirs = fences.get(sent.village_code, ())
        now, then = _judge(sent, theirs, law), _judge(sent, theirs, proposal)
        day = sent.date if now.day == then.day else then.day
        verdict = sent.verdict if now.verdict is then.verdict else then.verdict.value
        for_another_reason = sent.needs_acceptance and not now.needs_acceptance(sent.verdict)
        has_to_wait = then.needs_acceptance(verdict) or for_another_reason
        found = evidence[sent.posting_id, day]
        if now == then:
            found.add(needs_acceptance=sent.needs_acceptance, accepted=sent.accepted)
            continue
        found.add(needs_acceptance=has_to_wait, accepted=sent.accepted)
        found.touched = True
        evidence[sent.posting_id, sent.date].touched = True
    return evidence


def _judge(sent: Row[*tuple[object, ...]], fences: Sequence[Fence], law: Provisions) -> _Judged:
    received_day, area = business_day(sent.received_at), sent.village_code
    skew = timedelta(minutes=float(law.value("presence.clock_skew_minutes", received_day, area)))
    clock_skew = is_clock_ahead(sent.captured_at, sent.received_at, skew)
    day = day_of(business_day(sent.captured_at), received_day, clock_skew=clock_skew)
    late_days = int(law.value("presence.late_upload_days", day, area))
    position = None
    if sent.lng is not None:
        position = Position(sent.lng, sent.lat, Datum(sent.datum), sent.accuracy_m)
    judgment = judge_position(
        position,
        fences,
        geodesic=geodesic_m,
        max_accuracy_m=float(law.value("presence.max_accuracy_m", day, area)),
        radius_68_to_95=float(law.value("presence.verdict", day, area)),
    )
    return _Judged(day, judgment.verdict, clock_skew, is_too_late(day, received_day, late_days))


def _registered(session: Session, postings: Sequence[Posting], first: date, last: date) -> set[tuple[UUID, date]]:
    query = select(Registration.posting_id, Registration.date).where(_span(postings, first, last).of(Registration))
    return {(posting_id, day) for posting_id, day in session.execute(query)}


def _facts(session: Session, postings: Sequence[Posting], days: Sequence[date]) -> list[Row[*tuple[object, ...]]]:
    """The facts of the months in which these days lie."""
    rows: list[Row[*tuple[object, ...]]] = []
    left = list(days)
    while left:
        start = left[0]
        last = max(day for day in left if (day - start).days < MAX_SPAN_DAYS)
        rows += load_facts(session, _span(postings, start, last))
        left = [day for day in left if day > last]
    return rows


def _change(
    row: Row[*tuple[object, ...]], found: _Evidence, *, registered: bool, calendar: Calendar
) -> StatusChange | None:
    presence = presence_of(
        Evidence.CHECK_IN if found.counting else None,
        Evidence.REGISTRATION if registered else None,
        Evidence.ACCEPTED if found.accepted else None,
    )
    before = judge_day(facts_on(row.signature, row.date, calendar)).status
    after = judge_day(facts_on(with_presence(row.signature, presence), row.date, calendar)).status
    standing = Status(row.status) if row.status else before
    if after is None or standing is None or after is before or after is standing:
        return None
    return StatusChange(row.posting_id, row.date, standing, after)


def _span(postings: Sequence[Posting], first: date, last: date) -> Span:
    counties = tuple(sorted({posting.county_code for posting in postings}))
    return Span(counties, first, last, tuple(posting.id for posting in postings))
