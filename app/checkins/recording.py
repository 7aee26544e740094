"""Recording check-ins, many at a time: load what they need in a fixed number of queries, judge each, write all.

One phone's check-in, a batch that waited for a signal, and a group of strangers' check-ins that happened to arrive
together take the same way. Each item has its own outcome; a bad one fails alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Select, Text, Uuid, any_, bindparam, cast, func, select
from sqlalchemy.orm import Session

from app.access.own import id_reused, no_posting
from app.attendance.bulk import Insert, insert_all, json_text
from app.attendance.entries import Author
from app.attendance.facts import Span, load_facts
from app.attendance.heads import take_heads
from app.attendance.law import locked_months, month_of
from app.attendance.rejudge import MAX_SPAN_DAYS, Rejudging, status_of
from app.checkins.frame import Asked, Frame, Place, load_frame
from app.checkins.ids import is_stray
from app.checkins.judging import (
    RuleBook,
    Submission,
    Surroundings,
    judge_check_in,
)
from app.clock import business_day
from app.database import plan_by_keys
from app.errors import Forbidden, Problem, is_collision
from app.models import CheckIn, DeviceUse, StrayCheckIn
from app.policy.attendance import Status
from app.policy.calendar import Calendar
from app.policy.days import days_between
from app.policy.presence import day_of
from app.policy.risks import RECENT, Fix, Trail

Row = dict[str, Any]
"""A check-in by column."""


@dataclass(slots=True)
class Recorded:
    """A check-in on record; `created` is false where the phone had sent it before."""

    row: Row
    created: bool
    basis: orjson.Fragment
    day_status: Status = Status.PENDING
    """What its day comes to now."""

    @property
    def day(self) -> tuple[UUID, date]:
        return self.row["posting_id"], self.row["date"]


Outcome = Recorded | Problem

DaySpan = tuple[date, date]
"""Both inclusive."""


@dataclass(slots=True)
class Context:
    """All that judging a group of submissions needs of the database."""

    now: datetime
    today: date
    frame: Frame
    book: RuleBook
    captured_on: Sequence[date]
    """The business day of each submission by its phone's clock."""
    stored: dict[UUID, Row]
    repeats: bool
    """Whether one id comes twice: then the second has to see the first."""
    locked: set[tuple[str, str]]
    new_uses: list[Row] = field(default_factory=list)
    """Phones that an account has not been seen with before."""


def record_check_ins(session: Session, submissions: Sequence[Submission], now: datetime) -> list[Outcome]:
    """Record these check-ins, received `now`, and judge their days again. The outcomes come in the same order."""
    try:
        with session.begin_nested():
            return _record_all(session, submissions, now)
    except Exception as error:
        if not is_collision(error):
            raise
    # A phone that waited too long sends again what is being recorded. It is on record now, and answers for itself.
    return _record_all(session, submissions, now)


def _record_all(session: Session, submissions: Sequence[Submission], now: datetime) -> list[Outcome]:
    plan_by_keys(session)
    context = _load(session, submissions, now)
    outcomes: list[Outcome] = []
    fresh: list[Row] = []
    for submission, captured_on in zip(submissions, context.captured_on, strict=True):
        outcome = _record(context, submission, captured_on)
        outcomes.append(outcome)
        if isinstance(outcome, Recorded) and outcome.created:
            if context.repeats:
                context.stored[outcome.row["id"]] = outcome.row
            fresh.append(outcome.row)
    statuses: dict[tuple[UUID, date], Status] = {}
    if fresh:
        uses = sorted(context.new_uses, key=lambda use: (use["device_id"], use["account_id"]))
        writes = [Insert(CheckIn, fresh), Insert(DeviceUse, uses, _ONCE), Insert(StrayCheckIn, _strays(fresh), _ONCE)]
        spans = _spans_to_judge(fresh)
        _take_days(session, fresh, spans)
        insert_all(session, writes)
        statuses = _judge_days(session, context, fresh, spans, now)
    recorded = [outcome for outcome in outcomes if isinstance(outcome, Recorded)]
    _tell_statuses(session, recorded, statuses, context.frame.law.calendar)
    return outcomes


def _spans_to_judge(fresh: Sequence[Row]) -> list[DaySpan]:
    """One phone's batch is judged from its first day to its last, all at once: a day between them that nothing happened
    on is judged as it was. Other days are judged one by one.
    """
    days = {row["date"] for row in fresh}
    first, last = min(days), max(days)
    if len({row["account_id"] for row in fresh}) == 1 and (last - first).days < MAX_SPAN_DAYS:
        return [(first, last)]
    return [(day, day) for day in sorted(days)]


def _take_days(session: Session, fresh: Sequence[Row], spans: Sequence[DaySpan]) -> None:
    """Hold all days that will be judged, in one order and before anything is written: somebody who holds one of them
    may wait for the same phone's first use, or for the totals of the month.
    """
    counties = {row["county_code"] for row in fresh}
    days = [day for first, last in spans for day in days_between(first, last)]
    take_heads(session, [(county, day) for county in counties for day in days])


_ONCE = "ON CONFLICT DO NOTHING"


def _strays(rows: Iterable[Row]) -> list[Row]:
    """What has to be written down of check-ins whose id tells of other days."""
    kept = ("id", "county_code", "date")
    return [{name: row[name] for name in kept} for row in rows if is_stray(row["id"], row["date"])]


def _load(session: Session, submissions: Sequence[Submission], now: datetime) -> Context:
    today = business_day(now)
    captured_on = [business_day(submission.body.captured_at) for submission in submissions]
    days = {*captured_on, today}
    asked = Asked(
        accounts={submission.account_id for submission in submissions},
        ids={submission.body.id for submission in submissions},
        devices={s.body.device_id for s in submissions if s.body.device_id},
        first=min(days),
    )
    frame = load_frame(session, asked)
    theirs = [place for own in frame.postings.values() for place in own]
    if _take_past_months(session, theirs, days, today):
        frame = load_frame(session, asked)
    return Context(
        now=now,
        today=today,
        frame=frame,
        book=frame.law.book,
        captured_on=captured_on,
        stored=_load_stored(session, asked.ids) if frame.any_stored else {},
        repeats=len(asked.ids) < len(submissions),
        locked=locked_months(session, {place.township_code for place in theirs}, days),
    )


_CHECK_INS = select(*CheckIn.__table__.columns)


def _load_stored(session: Session, ids: Collection[UUID]) -> dict[UUID, Row]:
    """Those that are on record already, by id. The ids are one text: two hundred cost more than the question."""
    dialect = session.get_bind().dialect.name
    listed = [each.hex for each in ids]
    asked = {"ids": f"{{{','.join(listed)}}}" if dialect == "postgresql" else json_text(listed)}
    return {row["id"]: dict(row) for row in session.execute(_stored_ones(dialect), asked).mappings()}


@lru_cache(maxsize=2)
def _stored_ones(dialect: str) -> Select[Any]:
    if dialect == "postgresql":
        return _CHECK_INS.where(CheckIn.id == any_(cast(bindparam("ids", type_=Text), ARRAY(Uuid))))
    given = func.json_each(bindparam("ids")).table_valued("value")
    return _CHECK_INS.where(CheckIn.id.in_(select(given.c.value)))


def _take_past_months(session: Session, places: Iterable[Place], days: Iterable[date], today: date) -> bool:
    """Only a month that is over can be filed; its days are taken before anybody asks whether it has been. Whether there
    are any: then what was read before they were taken may be of yesterday.
    """
    past = [day for day in days if month_of(day) < month_of(today)]
    keys = [(place.county_code, day) for place in places for day in past if place.holds_on(day)]
    take_heads(session, keys)
    return bool(keys)


def _record(context: Context, submission: Submission, captured_on: date) -> Outcome:
    postings = context.frame.postings.get(submission.account_id)
    if postings is None:
        return Forbidden()
    stored = context.stored.get(submission.body.id) if context.stored else None
    if stored is not None:
        same = stored["account_id"] == submission.account_id and stored["body_hash"] == submission.body_hash
        if not same:
            return id_reused()
        return Recorded(stored, created=False, basis=context.book.rules(stored["village_code"], stored["date"]).basis)
    # Which day, and so which posting, depends on the clock: any of the cadre's villages tells the county.
    area = postings[0].village_code if postings else None
    clock_skew = context.book.is_ahead(submission.body.captured_at, context.now, context.today, area)
    day = day_of(captured_on, context.today, clock_skew=clock_skew)
    posting = next((place for place in postings if place.holds_on(day)), None)
    if posting is None:
        return no_posting()
    row = _judged(context, submission, posting, day, clock_skew=clock_skew)
    return Recorded(row, created=True, basis=context.book.rules(posting.village_code, day).basis)


def _judged(context: Context, submission: Submission, posting: Place, day: date, *, clock_skew: bool) -> Row:
    device_id = submission.body.device_id
    used_by = context.frame.devices[device_id] if device_id else set()
    is_known = submission.account_id in used_by
    trail = context.frame.fixes[posting.id]
    around = Surroundings(
        fences=posting.fences,
        earlier=_earlier(trail, submission, day),
        device_of_others=len(used_by) > is_known,
        month_locked=bool(context.locked) and (posting.township_code, month_of(day)) in context.locked,
    )
    row, fix = judge_check_in(
        context.book, submission, posting, around, day=day, now=context.now, today=context.today, clock_skew=clock_skew
    )
    if fix is not None:
        trail.add(fix)
    if device_id and not is_known:
        context.new_uses.append(
            {"device_id": device_id, "account_id": submission.account_id, "first_seen_at": context.now}
        )
        used_by.add(submission.account_id)
    return row


def _earlier(trail: Trail, submission: Submission, day: date) -> list[Fix]:
    position = submission.body.position
    if position is None:
        return []
    return trail.around(position.lng, position.lat, position.fixed_at or submission.body.captured_at, day - RECENT)


def _judge_days(
    session: Session, context: Context, fresh: Sequence[Row], spans: Sequence[DaySpan], now: datetime
) -> dict[tuple[UUID, date], Status]:
    """Judge the days of these check-ins again; what they come to."""
    law = context.frame.law
    postings = {place.id: place for own in context.frame.postings.values() for place in own}
    senders = {row["account_id"] for row in fresh}
    by = senders.pop() if len(senders) == len(spans) == 1 else None
    statuses: dict[tuple[UUID, date], Status] = {}
    for first, last in spans:
        authors = {row["posting_id"]: row["account_id"] for row in fresh if first <= row["date"] <= last}
        rejudging = Rejudging(
            session,
            Author(now, by, "check_in", each=authors),
            days_held=True,
            provisions=law.book.provisions,
            calendar=law.calendar,
        )
        rejudging.run([postings[posting_id] for posting_id in sorted(authors)], first, last)
        statuses |= rejudging.statuses
    return statuses


def _tell_statuses(
    session: Session,
    recorded: Sequence[Recorded],
    statuses: Mapping[tuple[UUID, date], Status],
    calendar: Calendar,
) -> None:
    """Say of each what its day comes to; days that were not judged just now are read."""
    unread: list[Recorded] = []
    for one in recorded:
        status = statuses.get(one.day)
        if status is None:
            unread.append(one)
        else:
            one.day_status = status
    if unread:
        read = _read_statuses(session, [one.row for one in unread], calendar)
        for one in unread:
            one.day_status = read.get(one.day, Status.PENDING)


def _read_statuses(session: Session, rows: Sequence[Row], calendar: Calendar) -> dict[tuple[UUID, date], Status]:
    days = [row["date"] for row in rows]
    counties, postings = ({row[name] for row in rows} for name in ("county_code", "posting_id"))
    span = Span(tuple(counties), min(days), max(days), tuple(postings))
    return {(row.posting_id, row.date): status_of(row, calendar) for row in load_facts(session, span)}
