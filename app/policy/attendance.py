"""The status of a day: a pure function of its facts."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Literal

from app.policy.judgment import Basis
from app.policy.provisions import Provisions


class Status(StrEnum):
    ON_POST = "on_post"
    OFFICIAL = "official"
    LEAVE = "leave"
    REST = "rest"
    ABSENT = "absent"
    PENDING = "pending"


LABELS_ZH = {
    Status.ON_POST: "在岗",
    Status.OFFICIAL: "公出",
    Status.LEAVE: "请假",
    Status.REST: "休息",
    Status.ABSENT: "离岗",
    Status.PENDING: "待定",
}

SYMBOLS = {
    Status.ON_POST: "√",
    Status.OFFICIAL: "公",
    Status.LEAVE: "假",
    Status.REST: "休",
    Status.ABSENT: "×",
    Status.PENDING: "",
}
"""As the 月考勤表 prints them."""


DayException = Literal[
    "present_on_leave",
    "official_unverified",
    "late_upload",
    "present_since_correction",
    "evidence_waiting",
    "board_says_in_village_checked_in_elsewhere",
    "leave_not_approved",
    "outage",
    "calendar_assumed",
]
"""What somebody has to look at."""


class Evidence(StrEnum):
    """What presence rests on; all three count the same."""

    CHECK_IN = "check_in"
    REGISTRATION = "registration"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class DayFacts:
    """All that a day's status depends on. No date and no id in it, so that few distinct values exist."""

    posted: bool = True
    correction: Status | None = None
    """The newest one."""
    presence: Evidence | None = None
    late_upload: bool = False
    """Some of the presence was received after the day had closed. This and what the next ones tell of is a fact only as
    long as nobody has looked at it: a confirmation or correction settles what had come in by then, and nothing later.
    """
    present_since_correction: bool = False
    """Some of the presence came in, or was accepted, since the newest correction, which can't have known of it and
    stands all the same until a person looks again.
    """
    waiting_evidence: bool = False
    """A check-in that does not count by itself and that the township has not decided on."""
    on_leave: bool = False
    leave_pending: bool = False
    official: bool = False
    official_verified: bool = False
    rest_day: bool = False
    calendar_assumed: bool = False
    outage: bool = False
    closed: bool = False
    confirmed: bool = False
    board_in_village_elsewhere: bool = False
    """The board said 在村 while a check-in came from outside."""
    board_on_leave: bool = False


@dataclass(frozen=True, slots=True)
class DayJudgment:
    """`status` is null for a day outside the posting, which has no row."""

    status: Status | None
    exceptions: tuple[DayException, ...]
    basis_keys: tuple[str, ...]


OUTSIDE_POSTING = DayJudgment(None, (), ())


@lru_cache(maxsize=65536)
def judge_day(facts: DayFacts) -> DayJudgment:
    """The first of these that applies: outside the posting, a correction, presence, approved leave, a declared trip, a
    rest day, a declared outage; otherwise 待定 while the day is open and 离岗 once it is closed.
    """
    if not facts.posted:
        return OUTSIDE_POSTING
    status, basis = _status(facts)
    return DayJudgment(status, _exceptions(facts, status), basis)


def _status(facts: DayFacts) -> tuple[Status, tuple[str, ...]]:
    if facts.correction is not None:
        return facts.correction, ("day.correction",)
    if facts.presence is not None:
        return Status.ON_POST, ("presence.evidence",)
    if facts.on_leave:
        return Status.LEAVE, ("day.leave",)
    if facts.official:
        return Status.OFFICIAL, ("day.official",)
    if facts.rest_day:
        return Status.REST, ("day.rest",)
    if facts.outage:
        return Status.PENDING, ("day.outage", "day.confirmation")
    if facts.closed:
        return Status.ABSENT, ("day.absent",)
    return Status.PENDING, ("day.closes_at",)


def _exceptions(facts: DayFacts, status: Status) -> tuple[DayException, ...]:
    present = status is Status.ON_POST and facts.presence is not None
    undecided = facts.correction is None
    found: dict[DayException, bool] = {
        "present_on_leave": undecided and present and facts.on_leave,
        "official_unverified": undecided and status is Status.OFFICIAL and not facts.official_verified,
        "late_upload": facts.late_upload and facts.presence is not None,
        "present_since_correction": not undecided
        and facts.present_since_correction
        and facts.presence is not None
        and status is not Status.ON_POST,
        "evidence_waiting": facts.waiting_evidence,
        "board_says_in_village_checked_in_elsewhere": facts.board_in_village_elsewhere,
        "leave_not_approved": facts.board_on_leave and not facts.on_leave,
        "outage": undecided and status is Status.PENDING and facts.outage,
        "calendar_assumed": rests_on_assumption(facts, status) and not facts.confirmed,
    }
    return tuple(name for name, holds in found.items() if holds)


def rests_on_assumption(facts: DayFacts, status: Status) -> bool:
    """Whether a status was judged from a year whose calendar is not loaded, and so may yet turn out another."""
    return facts.calendar_assumed and facts.correction is None and status in {Status.REST, Status.ABSENT}


def day_basis(judgment: DayJudgment, provisions: Provisions, day: date, area_code: str) -> tuple[Basis, ...]:
    """The provisions that a judgment rests on, as they were in force on the day in the area."""
    return tuple(provisions.in_force(key, day, area_code).basis() for key in judgment.basis_keys)
