"""One group of check-ins, recorded in one transaction.

This is the usual case alone: an account's check-in of today, on a day that is open, in a month that is not filed. It
is judged by the same functions as everywhere; whatever is not usual is handed back, for `recording` to take the general
way.

No lock is held while a group is read and judged. The write moves a county's day on only from the version at which it
was read; where somebody else was there in between, those check-ins are read and judged again, with the day held.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from app.access.own import id_reused, no_posting
from app.access.viewer import Role
from app.attendance.posted import PostingRow
from app.attendance.rejudge import judge_standing, status_from
from app.checkins import lane_sql
from app.checkins.answers import answer_of, dashed, instant_of
from app.checkins.frame import fix_of
from app.checkins.ids import is_stray
from app.checkins.judging import (
    RuleBook,
    Submission,
    Surroundings,
    judge_check_in,
)
from app.checkins.kept import Known, Law, kept_of
from app.checkins.lane_day import may_be_settled, signature_of, standing_in
from app.checkins.lane_store import Loaded, Row, Store
from app.clock import business_day
from app.database import Database
from app.errors import Forbidden, Problem, Unauthenticated
from app.policy.attendance import Status
from app.policy.calendar import Calendar
from app.policy.geofence import Fence
from app.policy.provisions import load_text
from app.policy.risks import Fix


class Answer(NamedTuple):
    """A check-in on record, as it is sent."""

    status: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Odd:
    """Not the usual case."""


ODD = Odd()
Recorded = Answer | Problem | Odd


class Said(NamedTuple):
    """What will be answered, once it is true."""

    number: int
    county_code: str | None
    """Whose day has to be written for it to be true; null where it is already."""
    status: int
    row: Row
    posting_id: str
    basis: orjson.Fragment
    day_status: Status

    def written_out(self) -> Answer:
        return Answer(self.status, orjson.dumps(answer_of(self.row, self.posting_id, self.basis, self.day_status)))


@dataclass(slots=True)
class Pending:
    """What a group is about to write, and what it will then answer."""

    rows: list[Row] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    """Of the days that the rows belong to, by county."""
    said: list[Said] = field(default_factory=list)
    ids: set[UUID] = field(default_factory=set)
    """One id sent by two accounts at once: the second has to see the first."""
    devices: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))


class GroupRecorder:
    """Records groups, one after another."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store
        self._kept = kept_of(database.writer)
        self._known = Known(Law("", RuleBook(load_text()), Calendar()), {})
        """What the group that is being recorded is judged by."""

    def record(self, submissions: Sequence[Submission], now: datetime) -> list[Recorded]:
        """Record check-ins of different accounts, received `now`. What is answered is on the disk; on an exception
        nothing is lost: what was written answers for itself when it is sent again.
        """
        outcomes: list[Recorded] = [ODD] * len(submissions)
        everybody = list(range(len(submissions)))
        overtaken = self._attempt(submissions, everybody, outcomes, now)
        if overtaken:
            self._attempt(submissions, list(overtaken), outcomes, now, held=set(overtaken.values()))
        return outcomes

    def _attempt(
        self,
        submissions: Sequence[Submission],
        numbers: Sequence[int],
        outcomes: list[Recorded],
        now: datetime,
        held: Collection[str] = (),
    ) -> dict[int, str]:
        """Record some of a group, and put down what came of it; the county of each whose day was changed meanwhile."""
        day = business_day(now)
        pending = Pending()
        try:
            group = self._store.load(
                [_sent(number, submissions[number]) for number in numbers],
                day,
                held,
                lambda: _think_ahead(submissions[number] for number in numbers),
            )
            self._known = self._kept.update(self._reading, group.law, [found.fences for found in group.found])
            for found in _one_each(group.found):
                outcome = self._record(pending, submissions[found.number], found, day, now)
                if outcome is not None:
                    outcomes[found.number] = outcome
            answers: list[Answer] = []
            moved = self._store.write(
                pending.rows,
                day,
                pending.versions,
                lambda: answers.extend(said.written_out() for said in pending.said),
            )
        finally:
            self._store.rollback()
        overtaken: dict[int, str] = {}
        for said, answer in zip(pending.said, answers, strict=True):
            if said.county_code is None or said.county_code in moved:
                outcomes[said.number] = answer
            else:
                overtaken[said.number] = said.county_code
        return overtaken

    @property
    def _law(self) -> Law:
        return self._known.law

    def _reading(self) -> Session:
        return Session(self._database.reader)

    def _record(
        self, pending: Pending, submission: Submission, found: Loaded, day: date, now: datetime
    ) -> Recorded | None:
        """What is answered at once; None where `pending` has got it."""
        if found.role is None or not found.active:
            return Unauthenticated()
        if found.role != Role.CADRE:
            return Forbidden()
        if found.stored is not None:
            return self._again(pending, submission, found, found.stored, day)
        if business_day(submission.body.captured_at) != day or submission.body.id in pending.ids:
            return ODD
        if found.bits & lane_sql.STRAY or is_stray(submission.body.id, day):
            return ODD
        if found.county_code is None:
            return no_posting()
        version, closed = found.head or (0, False)
        if closed or found.bits & lane_sql.MONTH_LOCKED or found.correction or may_be_settled(_bits(found), found):
            return ODD
        fences = self._known.fences_of(found.fences)
        if fences is None:
            return ODD
        posting = PostingRow(
            found.posting_id, found.county_code, found.township_code, found.village_code, found.unit_id
        )
        row = self._judge(pending, submission, found, posting, fences, now)
        if row["late"]:
            return ODD
        pending.versions[posting.county_code] = version
        self._keep(pending, found, posting, row)
        return None

    def _judge(
        self,
        pending: Pending,
        submission: Submission,
        found: Loaded,
        posting: PostingRow,
        fences: Sequence[Fence],
        now: datetime,
    ) -> Row:
        day = business_day(now)
        clock_skew = self._law.book.is_ahead(submission.body.captured_at, now, day, posting.village_code)
        device_id = submission.body.device_id
        in_group = pending.devices[device_id] if device_id else set()
        around = Surroundings(
            fences=fences,
            earlier=_fixes(found),
            device_of_others=bool(found.bits & lane_sql.DEVICE_OF_OTHERS or in_group),
            month_locked=False,
        )
        row, _ = judge_check_in(
            self._law.book, submission, posting, around, day=day, now=now, today=day, clock_skew=clock_skew
        )
        row["device_is_new"] = True if device_id and not found.bits & lane_sql.DEVICE_KNOWN else None
        in_group.add(submission.account_id)
        return row

    def _keep(self, pending: Pending, found: Loaded, posting: PostingRow, row: Row) -> None:
        """Put down a judged check-in, what its day comes to, and the answer."""
        signature = signature_of(_bits_with(_bits(found), row), found)
        before = standing_in(found)
        after = judge_standing(signature, before, row["date"], self._law.calendar)
        row["status"], row["confirmed"], row["exceptions"], row["revision"] = None, None, None, None
        if after is not None:
            judgment, row["confirmed"] = after
            row["status"], row["exceptions"] = judgment.status, judgment.exceptions
            row["revision"] = (before.revision or found.last_revision or 0) + 1
        day_status = row["status"] or status_from(before.status, signature, row["date"], self._law.calendar)
        pending.ids.add(row["id"])
        pending.rows.append(row)
        basis = self._law.book.rules(posting.village_code, row["date"]).basis
        pending.said.append(Said(found.number, posting.county_code, 201, row, dashed(posting.id), basis, day_status))

    def _again(
        self, pending: Pending, submission: Submission, found: Loaded, stored: Row, day: date
    ) -> Recorded | None:
        """A check-in that is stored already: sent again, or its id used for another."""
        if found.county_code is None:
            return ODD
        if UUID(stored["account_id"]) != submission.account_id or stored["body_hash"] != submission.body_hash:
            return id_reused()
        if stored["date"] != day.isoformat() or stored["posting_id"] != found.posting_id:
            return ODD
        row = {
            **stored,
            "id": submission.body.id,
            "date": day,
            "captured_at": instant_of(stored["captured_at"]),
            "received_at": instant_of(stored["received_at"]),
            "risk_flags": _list(stored["risk_flags"]),
        }
        day_status = status_from(standing_in(found).status, signature_of(_bits(found), found), day, self._law.calendar)
        basis = self._law.book.rules(stored["village_code"], day).basis
        pending.said.append(Said(found.number, None, 200, row, dashed(found.posting_id), basis, day_status))
        return None


def _think_ahead(submissions: Iterable[Submission]) -> None:
    """What can be told of them without the database, while it looks for what can't."""
    for submission in submissions:
        _ = submission.body_hash, submission.wgs84


def _sent(number: int, submission: Submission) -> Row:
    """What the load statement is asked about."""
    body = submission.body
    position = body.position
    return {
        "n": number,
        "account_id": submission.account_id,
        "id": body.id,
        "device_id": body.device_id,
        "at": (position.fixed_at if position else None) or body.captured_at,
        "lng": position.lng if position else None,
        "lat": position.lat if position else None,
    }


def _one_each(loaded: Sequence[Loaded]) -> list[Loaded]:
    """Those that came once; two postings on one day are not the usual case."""
    times = Counter(found.number for found in loaded)
    return [found for found in loaded if times[found.number] == 1]


def _fixes(found: Loaded) -> list[Fix]:
    if found.checked_in is None:
        return []
    _, same_place, last = found.checked_in
    rows = same_place or []
    return [fix_of(row) for row in (rows if last is None else [last, *rows])]


def _bits(found: Loaded) -> int:
    return found.bits | found.checked_in[0] if found.checked_in else found.bits


def _bits_with(bits: int, row: Row) -> int:
    """The day's facts once this check-in is among them."""
    bits |= lane_sql.WAITING if row["needs_acceptance"] else lane_sql.COUNTING
    if row["verdict"] == "outside":
        bits |= lane_sql.OUTSIDE
    return bits


def _list(value: Any) -> list[str]:
    parsed: list[str] = orjson.loads(value) if isinstance(value, str) else value
    return parsed
