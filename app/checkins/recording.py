"""Recording check-ins, many at a time: load what they need in a fixed number of queries, judge each, write all.

One phone's check-in, a batch that waited for a signal, and a group of strangers' check-ins that happened to arrive
together take the same way. Each item has its own outcome; a bad one fails alone.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session, joinedload

from app.access.viewer import Role
from app.attendance.entries import Author
from app.attendance.heads import take_heads
from app.attendance.law import load_provisions, locked_months, month_of
from app.attendance.rejudge import Rejudging
from app.attendance.upsert import insert_into
from app.checkins.fences import load_fences
from app.checkins.geodesic import geodesic_m
from app.checkins.risks import RECENT, Fix, impossible_speed, repeated_coordinates, stale_fix
from app.checkins.schemas import CheckInIn
from app.clock import business_day, day_closes_at
from app.errors import Conflict, Forbidden, Problem
from app.models import Account, CheckIn, DeviceUse, Posting
from app.policy.geofence import Fence, FenceJudgment, Position, Verdict, judge_position
from app.policy.provisions import Provisions


@dataclass(frozen=True, slots=True)
class Submission:
    """What one account sent."""

    account_id: UUID
    body: CheckInIn

    @property
    def body_hash(self) -> str:
        return hashlib.sha256(self.body.model_dump_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A check-in on record; `created` is false where the phone had sent it before."""

    check_in: CheckIn
    created: bool


Outcome = Recorded | Problem


@dataclass(slots=True)
class Context:
    """All that judging a group of submissions needs of the database."""

    provisions: Provisions
    postings: dict[UUID, list[Posting]]
    """By account."""
    stored: dict[UUID, CheckIn]
    fences: dict[str, list[Fence]]
    locked: set[tuple[str, str]]
    fixes: dict[UUID, list[Fix]] = field(default_factory=lambda: defaultdict(list))
    """Recent ones by posting."""
    devices: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    """The accounts that a phone was used for."""


def record_check_ins(session: Session, submissions: Sequence[Submission], now: datetime) -> list[Outcome]:
    """Record these check-ins, received `now`, and judge their days again. The outcomes come in the same order."""
    context = _load(session, submissions, now)
    outcomes: list[Outcome] = []
    fresh: list[CheckIn] = []
    for submission in submissions:
        outcome = _record(context, submission, now)
        outcomes.append(outcome)
        if isinstance(outcome, Recorded) and outcome.created:
            context.stored[outcome.check_in.id] = outcome.check_in
            fresh.append(outcome.check_in)
    if fresh:
        session.execute(insert(CheckIn), [_row(check_in) for check_in in fresh])
        _remember_devices(session, fresh, now)
        _judge_days(session, context, fresh, now)
    return outcomes


def _load(session: Session, submissions: Sequence[Submission], now: datetime) -> Context:
    postings = _load_postings(session, {s.account_id for s in submissions})
    theirs = [posting for own in postings.values() for posting in own]
    ids = {submission.body.id for submission in submissions}
    days = {business_day(submission.body.captured_at) for submission in submissions} | {business_day(now)}
    _take_past_months(session, theirs, days, business_day(now))
    context = Context(
        provisions=load_provisions(session),
        postings=postings,
        stored={c.id: c for c in session.scalars(select(CheckIn).where(CheckIn.id.in_(ids)))},
        fences=load_fences(session, {posting.village_code for posting in theirs}),
        locked=locked_months(session, {posting.township_code for posting in theirs}, days),
    )
    _load_fixes(session, context, theirs, min(days))
    used = {s.body.device_id for s in submissions if s.body.device_id}
    for device_id, account_id in session.execute(
        select(DeviceUse.device_id, DeviceUse.account_id).where(DeviceUse.device_id.in_(used))
    ):
        context.devices[device_id].add(account_id)
    return context


def _take_past_months(session: Session, postings: Iterable[Posting], days: Iterable[date], today: date) -> None:
    """Only a month that is over can be filed; its days are taken before anybody asks whether it has been."""
    past = [day for day in days if month_of(day) < month_of(today)]
    take_heads(session, [(p.county_code, day) for p in postings for day in past if is_posted(p, day)])


def _load_postings(session: Session, account_ids: set[UUID]) -> dict[UUID, list[Posting]]:
    """The postings of every account that may check in; an account that may not is missing."""
    postings: dict[UUID, list[Posting]] = {}
    accounts = select(Account.id, Account.role, Account.cadre_id).where(
        Account.id.in_(account_ids), Account.active.is_(True)
    )
    cadres: dict[UUID, UUID] = {}
    for account_id, role, cadre_id in session.execute(accounts):
        if role == Role.CADRE and cadre_id is not None:
            postings[account_id] = []
            cadres[cadre_id] = account_id
    query = select(Posting).where(Posting.cadre_id.in_(cadres)).options(joinedload(Posting.unit))
    for posting in session.scalars(query):
        postings[cadres[posting.cadre_id]].append(posting)
    return postings


def _load_fixes(session: Session, context: Context, postings: Iterable[Posting], first: date) -> None:
    by_id = {posting.id: posting for posting in postings}
    query = select(
        CheckIn.posting_id,
        CheckIn.date,
        CheckIn.captured_at,
        CheckIn.fixed_at,
        CheckIn.lng,
        CheckIn.lat,
        CheckIn.wgs84_lng,
        CheckIn.wgs84_lat,
    ).where(
        CheckIn.county_code.in_({posting.county_code for posting in by_id.values()}),
        CheckIn.posting_id.in_(by_id),
        CheckIn.date >= first - RECENT,
        CheckIn.wgs84_lng.is_not(None),
    )
    for row in session.execute(query).mappings():
        wgs84 = (row["wgs84_lng"], row["wgs84_lat"])
        at = row["fixed_at"] or row["captured_at"]
        context.fixes[row["posting_id"]].append(Fix(row["date"], at, row["lng"], row["lat"], wgs84))


def _record(context: Context, submission: Submission, now: datetime) -> Outcome:
    postings = context.postings.get(submission.account_id)
    if postings is None:
        return Forbidden()
    stored = context.stored.get(submission.body.id)
    if stored is not None:
        same = stored.account_id == submission.account_id and stored.body_hash == submission.body_hash
        return Recorded(stored, created=False) if same else id_reused()
    captured_at = submission.body.captured_at
    # Which day, and so which posting, depends on the clock: any of the cadre's villages tells the county.
    area = postings[0].village_code if postings else None
    skew = timedelta(minutes=float(context.provisions.value("presence.clock_skew_minutes", business_day(now), area)))
    clock_skew = captured_at - now > skew
    day = business_day(now if clock_skew else captured_at)
    posting = next((p for p in postings if is_posted(p, day)), None)
    if posting is None:
        return Conflict("no_posting", "该日期没有派驻记录，不能登记。", "There is no posting on that date.")
    return Recorded(_judged(context, submission, posting, day, now, clock_skew=clock_skew), created=True)


def is_posted(posting: Posting, day: date) -> bool:
    return posting.starts_on <= day and (posting.ends_on is None or posting.ends_on >= day)


def id_reused() -> Conflict:
    return Conflict("id_reused", "该编号已用于另一条内容不同的记录。", "This id was used for another body.")


def _judged(
    context: Context, submission: Submission, posting: Posting, day: date, now: datetime, *, clock_skew: bool
) -> CheckIn:
    body = submission.body
    judgment = _judge_fence(context, posting, day, body)
    fix = _fix_of(body, day, judgment)
    closes_at = day_closes_at(day, str(context.provisions.value("day.closes_at", day, posting.village_code)))
    late = now >= closes_at
    flags = _risk_flags(context, submission, posting, day, fix, judgment, late=late, clock_skew=clock_skew)
    if fix is not None:
        context.fixes[posting.id].append(fix)
    if body.device_id:
        context.devices[body.device_id].add(submission.account_id)
    late_days = int(context.provisions.value("presence.late_upload_days", day, posting.village_code))
    too_late = (business_day(now) - day).days > late_days or (posting.township_code, month_of(day)) in context.locked
    position = body.position
    return CheckIn(
        county_code=posting.county_code,
        date=day,
        id=body.id,
        township_code=posting.township_code,
        village_code=posting.village_code,
        posting_id=posting.id,
        unit_id=posting.unit_id,
        account_id=submission.account_id,
        captured_at=body.captured_at,
        received_at=now,
        lng=position.lng if position else None,
        lat=position.lat if position else None,
        datum=position.datum.value if position else None,
        accuracy_m=position.accuracy_m if position else None,
        fixed_at=position.fixed_at if position else None,
        mock=position.mock if position else None,
        wgs84_lng=judgment.wgs84[0] if judgment.wgs84 else None,
        wgs84_lat=judgment.wgs84[1] if judgment.wgs84 else None,
        device_id=body.device_id,
        note=body.note,
        body_hash=submission.body_hash,
        verdict=judgment.verdict,
        reason=judgment.reason,
        distance_m=judgment.distance_m,
        risk_flags=flags,
        late=late,
        needs_acceptance=judgment.verdict is not Verdict.INSIDE or clock_skew or too_late,
        accepted=None,
        accepted_by=None,
        accepted_at=None,
        acceptance_reason=None,
    )


def _judge_fence(context: Context, posting: Posting, day: date, body: CheckInIn) -> FenceJudgment:
    position = None
    if body.position is not None:
        sent = body.position
        position = Position(sent.lng, sent.lat, sent.datum, sent.accuracy_m)
    return judge_position(
        position,
        context.fences.get(posting.village_code, ()),
        geodesic=geodesic_m,
        max_accuracy_m=float(context.provisions.value("presence.max_accuracy_m", day, posting.village_code)),
        radius_68_to_95=float(context.provisions.value("presence.verdict", day, posting.village_code)),
    )


def _fix_of(body: CheckInIn, day: date, judgment: FenceJudgment) -> Fix | None:
    if body.position is None or judgment.wgs84 is None:
        return None
    at = body.position.fixed_at or body.captured_at
    return Fix(day, at, body.position.lng, body.position.lat, judgment.wgs84)


def _risk_flags(
    context: Context,
    submission: Submission,
    posting: Posting,
    day: date,
    fix: Fix | None,
    judgment: FenceJudgment,
    *,
    late: bool,
    clock_skew: bool,
) -> list[str]:
    body = submission.body
    earlier = context.fixes[posting.id]
    fixed_at = body.position.fixed_at if body.position else None
    others = context.devices[body.device_id] - {submission.account_id} if body.device_id else set()
    law, village = context.provisions, posting.village_code
    max_speed_kmh = float(law.value("presence.max_speed_kmh", day, village))
    stale_after = timedelta(minutes=float(law.value("presence.stale_fix_minutes", day, village)))
    raised = {
        "mock_location": bool(body.position and body.position.mock),
        "impossible_speed": fix is not None and impossible_speed(fix, earlier, max_speed_kmh),
        "repeated_coordinates": fix is not None and repeated_coordinates(fix, earlier),
        "shared_device": bool(others),
        "clock_skew": clock_skew,
        "stale_fix": stale_fix(body.captured_at, fixed_at, stale_after),
        "late_upload": late,
        "datum_suspect": judgment.datum_suspect,
    }
    return [flag for flag, is_raised in raised.items() if is_raised]


_COLUMNS = tuple(column.key for column in CheckIn.__table__.columns)


def _row(check_in: CheckIn) -> dict[str, Any]:
    return {name: getattr(check_in, name) for name in _COLUMNS}


def _remember_devices(session: Session, fresh: Sequence[CheckIn], now: datetime) -> None:
    seen = sorted({(c.device_id, c.account_id) for c in fresh if c.device_id}, key=str)
    if seen:
        rows = [{"device_id": device, "account_id": account, "first_seen_at": now} for device, account in seen]
        session.execute(insert_into(session, DeviceUse).values(rows).on_conflict_do_nothing())


def _judge_days(session: Session, context: Context, fresh: Sequence[CheckIn], now: datetime) -> None:
    postings = {posting.id: posting for own in context.postings.values() for posting in own}
    by_day: dict[date, dict[UUID, UUID]] = defaultdict(dict)
    for check_in in fresh:
        by_day[check_in.date][check_in.posting_id] = check_in.account_id
    for day, authors in sorted(by_day.items()):
        author = Author(now, None, "check_in", each=authors)
        Rejudging(session, author).run([postings[posting_id] for posting_id in sorted(authors)], day, day)
