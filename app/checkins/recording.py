"""Recording check-ins, many at a time: load what they need in a fixed number of queries, judge each, write all.

One phone's check-in, a batch that waited for a signal, and a group of strangers' check-ins that happened to arrive
together take the same way. Each item has its own outcome; a bad one fails alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session, joinedload

from app.access.viewer import Role
from app.attendance.entries import Author
from app.attendance.heads import take_heads
from app.attendance.law import load_provisions, locked_months, month_of
from app.attendance.rejudge import MAX_SPAN_DAYS, Rejudging
from app.attendance.upsert import insert_into
from app.checkins.fences import load_fences
from app.checkins.judging import (
    RuleBook,
    Submission,
    Surroundings,
    day_of,
    id_reused,
    judge_check_in,
    no_posting,
)
from app.checkins.risks import RECENT, Fix, Trail
from app.clock import business_day
from app.errors import Forbidden, Problem
from app.models import Account, CheckIn, DeviceUse, Posting
from app.policy.geofence import Fence


@dataclass(frozen=True, slots=True)
class Recorded:
    """A check-in on record; `created` is false where the phone had sent it before."""

    check_in: CheckIn
    created: bool


Outcome = Recorded | Problem


@dataclass(slots=True)
class Context:
    """All that judging a group of submissions needs of the database."""

    book: RuleBook
    postings: dict[UUID, list[Posting]]
    """By account."""
    stored: dict[UUID, CheckIn]
    fences: dict[str, list[Fence]]
    locked: set[tuple[str, str]]
    fixes: dict[UUID, Trail] = field(default_factory=lambda: defaultdict(Trail))
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
        book=RuleBook(load_provisions(session)),
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
        context.fixes[row["posting_id"]].add(Fix(row["date"], at, row["lng"], row["lat"], wgs84))


def _record(context: Context, submission: Submission, now: datetime) -> Outcome:
    postings = context.postings.get(submission.account_id)
    if postings is None:
        return Forbidden()
    stored = context.stored.get(submission.body.id)
    if stored is not None:
        same = stored.account_id == submission.account_id and stored.body_hash == submission.body_hash
        return Recorded(stored, created=False) if same else id_reused()
    # Which day, and so which posting, depends on the clock: any of the cadre's villages tells the county.
    area = postings[0].village_code if postings else None
    day, clock_skew = day_of(context.book, submission.body, now, area)
    posting = next((p for p in postings if is_posted(p, day)), None)
    if posting is None:
        return no_posting()
    return Recorded(_judged(context, submission, posting, day, now, clock_skew=clock_skew), created=True)


def is_posted(posting: Posting, day: date) -> bool:
    return posting.starts_on <= day and (posting.ends_on is None or posting.ends_on >= day)


def _judged(
    context: Context, submission: Submission, posting: Posting, day: date, now: datetime, *, clock_skew: bool
) -> CheckIn:
    device_id = submission.body.device_id
    used_by = context.devices[device_id] if device_id else set()
    around = Surroundings(
        fences=context.fences.get(posting.village_code, ()),
        earlier=_earlier(context.fixes[posting.id], submission, day),
        device_of_others=bool(used_by - {submission.account_id}),
        month_locked=(posting.township_code, month_of(day)) in context.locked,
    )
    row, fix = judge_check_in(context.book, submission, posting, around, day=day, now=now, clock_skew=clock_skew)
    if fix is not None:
        context.fixes[posting.id].add(fix)
    used_by.add(submission.account_id)
    return CheckIn(**row)


def _earlier(trail: Trail, submission: Submission, day: date) -> list[Fix]:
    position = submission.body.position
    if position is None:
        return []
    return trail.around(position.lng, position.lat, position.fixed_at or submission.body.captured_at, day - RECENT)


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
    [*accounts] = {check_in.account_id for check_in in fresh}
    first, last = min(c.date for c in fresh), max(c.date for c in fresh)
    if len(accounts) == 1 and (last - first).days < MAX_SPAN_DAYS:
        # One phone's batch: all its days at once. A day between them that nothing happened on is judged as it was.
        own = [postings[posting_id] for posting_id in sorted({c.posting_id for c in fresh})]
        Rejudging(session, Author(now, accounts[0], "check_in")).run(own, first, last)
        return
    by_day: dict[date, dict[UUID, UUID]] = defaultdict(dict)
    for check_in in fresh:
        by_day[check_in.date][check_in.posting_id] = check_in.account_id
    for day, authors in sorted(by_day.items()):
        author = Author(now, None, "check_in", each=authors)
        Rejudging(session, author).run([postings[posting_id] for posting_id in sorted(authors)], day, day)
