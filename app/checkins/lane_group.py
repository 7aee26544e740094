"""One group of check-ins, recorded in one transaction.

This is the usual case alone: an account's check-in of today, on a day that is open, in a month that is not filed. It
is judged by the same functions as everywhere, from facts read in the same transaction; whatever is not usual is
handed back, for `recording` to take the general way.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from app.access.viewer import Role
from app.attendance import facts
from app.attendance.entries import Change
from app.attendance.law import load_calendar, load_provisions
from app.attendance.rejudge import judge_row
from app.checkins import lane_sql
from app.checkins.fences import as_fence
from app.checkins.judging import (
    RuleBook,
    Submission,
    Surroundings,
    day_of,
    id_reused,
    judge_check_in,
    no_posting,
)
from app.checkins.lane_store import Loaded, Rows, Sent, Store
from app.checkins.risks import Fix
from app.clock import SHANGHAI, business_day
from app.database import Database
from app.errors import Forbidden, Problem, Unauthenticated
from app.policy.attendance import Status, judge_day
from app.policy.calendar import Calendar
from app.policy.geofence import Fence
from app.policy.provisions import load_text

FENCES_KEPT = 50_000


class Answer(NamedTuple):
    """A check-in on record, as it is sent."""

    status: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Odd:
    """Not the usual case."""


ODD = Odd()
Recorded = Answer | Problem | Odd


@dataclass(slots=True)
class Posted:
    """A loaded posting, with ids as the database writes them."""

    id: Any
    county_code: str
    township_code: str
    village_code: str
    unit_id: Any


@dataclass(slots=True)
class FactsRow:
    """A row such as `attendance.facts` loads."""

    posting_id: Any
    date: date
    county_code: str
    township_code: str
    village_code: str
    unit_id: Any
    signature: int
    status: str | None
    confirmed: bool
    exceptions: list[str]
    revision: int


@dataclass(slots=True)
class Pending:
    """What a group is about to write, and what it will then answer."""

    rows: Rows = field(
        default_factory=lambda: {"check_ins": [], "entries": [], "revisions": [], "devices": []},
    )
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    ids: set[UUID] = field(default_factory=set)
    """One id sent by two accounts at once: the second has to see the first."""
    devices: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))


class GroupRecorder:
    """Records groups, one after another; keeps what parsing costs: fences by id, the law by what the database has."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store
        self._fences: dict[str, Fence] = {}
        self._law = ""
        self._book = RuleBook(load_text())
        self._calendar = Calendar()

    def record(self, submissions: Sequence[Submission], now: datetime) -> list[Recorded]:
        """Record check-ins of different accounts, received `now`. On return what is answered is on the disk; on an
        exception nothing is.
        """
        day = business_day(now)
        try:
            held, loaded = self._store.begin([_sent(submission) for submission in submissions], day)
            self._learn(loaded)
            pending = Pending()
            outcomes: list[Recorded] = [ODD] * len(submissions)
            for number, found in _one_each(loaded, len(submissions)):
                outcome = self._record(pending, submissions[number], found, held, day, now)
                if isinstance(outcome, dict):
                    pending.answers.append((number, outcome))
                elif outcome is not None:
                    outcomes[number] = outcome
            self._store.commit(pending.rows if pending.rows["check_ins"] else None)
        except BaseException:
            self._store.rollback()
            raise
        for number, content in pending.answers:
            outcomes[number] = Answer(content.pop("status_code"), orjson.dumps(content))
        return outcomes

    def _learn(self, loaded: Sequence[Loaded]) -> None:
        """Read anew what has changed since the last group: provisions, calendars, fences."""
        law = loaded[0].law
        if law != self._law:
            with Session(self._database.reader) as session:
                self._book = RuleBook(load_provisions(session))
                self._calendar = load_calendar(session)
            self._law = law
        wanted = {fence_id for found in loaded for fence_id in found.fence_ids} - self._fences.keys()
        if wanted:
            if len(self._fences) + len(wanted) > FENCES_KEPT:
                self._fences.clear()
                wanted = {fence_id for found in loaded for fence_id in found.fence_ids}
            for fence_id, geometry in self._store.load_fences(wanted).items():
                self._fences[fence_id] = as_fence(geometry)

    def _record(
        self, pending: Pending, submission: Submission, found: Loaded, held: set[str], day: date, now: datetime
    ) -> Recorded | dict[str, Any] | None:
        if found.role is None or not found.active:
            return Unauthenticated()
        if found.role != Role.CADRE:
            return Forbidden()
        usual = business_day(submission.body.captured_at) == day and submission.body.id not in pending.ids
        if found.stored is not None:
            return self._again(submission, found, day)
        if not usual:
            return ODD
        if found.county_code is None:
            return no_posting()
        if found.bits & (lane_sql.CLOSED | lane_sql.MONTH_LOCKED) or found.county_code not in held:
            return ODD
        return self._new(pending, submission, found, found.county_code, day, now)

    def _new(
        self, pending: Pending, submission: Submission, found: Loaded, county_code: str, day: date, now: datetime
    ) -> Recorded | dict[str, Any]:
        posting = Posted(found.posting_id, county_code, found.township_code, found.village_code, found.unit_id)
        _, clock_skew = day_of(self._book, submission.body, now, posting.village_code)
        device_id = submission.body.device_id
        in_group = pending.devices[device_id] if device_id else set()
        around = Surroundings(
            fences=[self._fences[fence_id] for fence_id in found.fence_ids],
            earlier=_fixes(found),
            device_of_others=bool(found.bits & lane_sql.DEVICE_OF_OTHERS or in_group),
            month_locked=False,
        )
        row, _ = judge_check_in(self._book, submission, posting, around, day=day, now=now, clock_skew=clock_skew)
        if row["late"]:
            return ODD
        in_group.add(submission.account_id)
        pending.ids.add(row["id"])
        pending.rows["check_ins"].append(row)
        if device_id and not found.bits & lane_sql.DEVICE_KNOWN:
            pending.rows["devices"].append(
                {"device_id": device_id, "account_id": submission.account_id, "first_seen_at": now}
            )
        day_status = self._judge_day(pending, found, posting, row, now)
        return self._answer(row, posting, day, day_status, counts=not row["needs_acceptance"])

    def _judge_day(
        self, pending: Pending, found: Loaded, posting: Posted, row: dict[str, Any], now: datetime
    ) -> Status:
        facts_row = _facts_row(found, posting, row["date"], _bits_with(found.bits, row))
        change = judge_row(facts_row, self._calendar, found.last_revision)
        if change is None:
            return self._status(facts_row)
        entry, revision = _rows_of(change, row["account_id"], now)
        pending.rows["entries"].append(entry)
        pending.rows["revisions"].append(revision)
        return Status(entry["status"])

    def _status(self, row: FactsRow) -> Status:
        if row.status is not None:
            return Status(row.status)
        return Status(judge_day(facts.facts_on(row.signature, row.date, self._calendar)).status or Status.PENDING)

    def _answer(
        self, row: dict[str, Any], posting: Posted, day: date, day_status: Status, *, counts: bool
    ) -> dict[str, Any]:
        return {
            "status_code": 201,
            "id": row["id"],
            "posting_id": _dashed(posting.id),
            "date": day,
            "captured_at": row["captured_at"].astimezone(SHANGHAI),
            "received_at": row["received_at"].astimezone(SHANGHAI),
            "verdict": row["verdict"],
            "reason": row["reason"],
            "distance_m": row["distance_m"],
            "counts": counts,
            "risk_flags": row["risk_flags"],
            "basis": self._book.rules(posting.village_code, day).basis_json,
            "day_status": day_status.value,
        }

    def _again(self, submission: Submission, found: Loaded, day: date) -> Recorded | dict[str, Any]:
        """A check-in that is stored already: sent again, or its id used for another."""
        stored = found.stored
        if stored is None or found.county_code is None:
            return ODD
        if UUID(stored["account_id"]) != submission.account_id or stored["body_hash"] != submission.body_hash:
            return id_reused()
        if stored["date"] != day.isoformat() or stored["posting_id"] != found.posting_id:
            return ODD
        posting = Posted(
            found.posting_id, found.county_code, found.township_code, stored["village_code"], found.unit_id
        )
        accepted = stored["accepted"]
        row = {
            **stored,
            "id": submission.body.id,
            "captured_at": _instant(stored["captured_at"]),
            "received_at": _instant(stored["received_at"]),
            "risk_flags": _list(stored["risk_flags"]),
        }
        counts = bool(accepted) if accepted is not None else not stored["needs_acceptance"]
        day_status = self._status(_facts_row(found, posting, day, found.bits))
        return self._answer(row, posting, day, day_status, counts=counts) | {"status_code": 200}


def _sent(submission: Submission) -> Sent:
    body = submission.body
    position = body.position
    return Sent(
        account_id=submission.account_id,
        id=body.id,
        device_id=body.device_id,
        at=(position.fixed_at if position else None) or body.captured_at,
        lng=position.lng if position else None,
        lat=position.lat if position else None,
    )


def _one_each(loaded: Sequence[Loaded], count: int) -> list[tuple[int, Loaded]]:
    """Those that came once; two postings on one day are not the usual case."""
    times = [0] * count
    for found in loaded:
        times[found.number] += 1
    return [(found.number, found) for found in loaded if times[found.number] == 1]


def _fixes(found: Loaded) -> list[Fix]:
    rows = found.same_place if found.last_fix is None else [found.last_fix, *found.same_place]
    return [
        Fix(date.fromisoformat(day), _instant(at), lng, lat, (wgs84_lng, wgs84_lat))
        for day, at, lng, lat, wgs84_lng, wgs84_lat in rows
    ]


def _bits_with(bits: int, row: dict[str, Any]) -> int:
    """The day's facts once this check-in is among them."""
    bits |= lane_sql.WAITING if row["needs_acceptance"] else lane_sql.COUNTING
    if row["verdict"] == "outside":
        bits |= lane_sql.OUTSIDE
    return bits


def _facts_row(found: Loaded, posting: Posted, day: date, bits: int) -> FactsRow:
    return FactsRow(
        posting_id=posting.id,
        date=day,
        county_code=posting.county_code,
        township_code=posting.township_code,
        village_code=posting.village_code,
        unit_id=posting.unit_id,
        signature=signature_of(bits, found.correction, confirmed=found.confirmed),
        status=found.status,
        confirmed=found.confirmed,
        exceptions=found.exceptions,
        revision=found.revision,
    )


_SAME_BITS = (
    (lane_sql.LATE, facts.LATE_UPLOAD),
    (lane_sql.WAITING, facts.WAITING_EVIDENCE),
    (lane_sql.LEAVE_APPROVED, facts.ON_LEAVE),
    (lane_sql.LEAVE_PENDING, facts.LEAVE_PENDING),
    (lane_sql.BOARD_TRIP, facts.OFFICIAL),
    (lane_sql.OUTAGE, facts.OUTAGE),
    (lane_sql.OUTSIDE | lane_sql.BOARD_IN_VILLAGE, facts.ELSEWHERE),
    (lane_sql.BOARD_ON_LEAVE, facts.BOARD_ON_LEAVE),
    (lane_sql.CLOSED, facts.CLOSED),
)


def signature_of(bits: int, correction: str | None, *, confirmed: bool) -> int:
    """What the lane has read of a day, as `attendance.facts` writes it."""
    signature = facts.POSTED
    for wanted, fact in _SAME_BITS:
        if bits & wanted == wanted:
            signature |= fact
    if bits & lane_sql.COUNTING:
        signature |= facts.BY_CHECK_IN
    elif bits & lane_sql.REGISTERED:
        signature |= facts.BY_REGISTRATION
    elif bits & lane_sql.ACCEPTED:
        signature |= facts.BY_ACCEPTANCE
    if confirmed:
        signature |= facts.CONFIRMED
    return signature | (facts.STATUSES.index(Status(correction)) + 1 if correction else 0)


def _rows_of(change: Change, account_id: UUID, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entry and the revision that record a change."""
    after = change.after
    both = {
        "county_code": change.county_code,
        "date": change.date,
        "posting_id": change.posting_id,
        "status": str(after.status),
        "confirmed": after.confirmed,
        "exceptions": list(after.exceptions),
        "revision": after.revision,
    }
    entry = both | {
        "township_code": change.township_code,
        "village_code": change.village_code,
        "unit_id": change.unit_id,
        "judged_at": now,
    }
    return entry, both | {"at": now, "by": account_id, "cause": "check_in", "reason": None}


def _dashed(posting_id: str) -> str:
    return posting_id if len(posting_id) == 36 else str(UUID(posting_id))


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def _list(value: Any) -> list[str]:
    parsed: list[str] = orjson.loads(value) if isinstance(value, str) else value
    return parsed
