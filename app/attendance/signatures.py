"""A posting's day in one small number: which facts there are, for `policy.attendance.judge_day` to judge.

The database computes it, so that a million days can be counted and judged once for each distinct number.
"""

from datetime import date
from functools import lru_cache

from app.policy.attendance import DayFacts, Evidence, Status
from app.policy.calendar import Calendar

STATUSES = tuple(Status)
CORRECTION_CODES = {status: number for number, status in enumerate(STATUSES, start=1)}
"""How a signature says what the newest correction made of the day; 0 where there is none."""
_CORRECTION_BITS = 0b111
_PRESENCE_SHIFT = 3
_PRESENCE = (None, Evidence.CHECK_IN, Evidence.REGISTRATION, Evidence.ACCEPTED)
BY_CHECK_IN, BY_REGISTRATION, BY_ACCEPTANCE = (place << _PRESENCE_SHIFT for place in (1, 2, 3))
LATE_UPLOAD = 1 << 5
WAITING_EVIDENCE = 1 << 6
ON_LEAVE = 1 << 7
LEAVE_PENDING = 1 << 8
OFFICIAL = 1 << 9
OUTAGE = 1 << 10
ELSEWHERE = 1 << 11
BOARD_ON_LEAVE = 1 << 12
CONFIRMED = 1 << 13
CLOSED = 1 << 14
POSTED = 1 << 15
PRESENT_SINCE = 1 << 16
_UNSETTLED = LATE_UPLOAD | PRESENT_SINCE | WAITING_EVIDENCE | ELSEWHERE | BOARD_ON_LEAVE
"""What somebody has to look at, and has not: it came in after the last confirmation, if there was one."""


@lru_cache(maxsize=65536)
def decode(signature: int, rest_day: bool, calendar_assumed: bool) -> DayFacts:
    """The facts that a signature stands for, with what the calendar says of the day."""
    corrected = signature & _CORRECTION_BITS
    return DayFacts(
        posted=bool(signature & POSTED),
        correction=STATUSES[corrected - 1] if corrected else None,
        presence=_PRESENCE[(signature >> _PRESENCE_SHIFT) & 0b11],
        late_upload=bool(signature & LATE_UPLOAD),
        present_since_correction=bool(signature & PRESENT_SINCE),
        waiting_evidence=bool(signature & WAITING_EVIDENCE),
        on_leave=bool(signature & ON_LEAVE),
        leave_pending=bool(signature & LEAVE_PENDING),
        official=bool(signature & OFFICIAL),
        official_verified=bool(signature & CONFIRMED),
        rest_day=rest_day,
        calendar_assumed=calendar_assumed,
        outage=bool(signature & OUTAGE),
        closed=bool(signature & CLOSED),
        confirmed=bool(signature & CONFIRMED),
        board_in_village_elsewhere=bool(signature & ELSEWHERE),
        board_on_leave=bool(signature & BOARD_ON_LEAVE),
    )


def facts_on(signature: int, day: date, calendar: Calendar) -> DayFacts:
    return decode(signature, calendar.is_rest(day), calendar.assumed(day))


def is_unrecorded(status: str | None, signature: int) -> bool:
    """Whether a day stands in nobody's ledger: it is closed, and has no entry. Nothing is judged of it afterwards."""
    return status is None and bool(signature & CLOSED)


def with_confirmed(signature: int, confirmed: bool) -> int:
    return signature | CONFIRMED if confirmed else signature & ~CONFIRMED


def looked_at(signature: int) -> int:
    """The signature of a day that is confirmed at this moment."""
    return signature & ~_UNSETTLED | CONFIRMED


def is_unsettled(signature: int) -> bool:
    return bool(signature & _UNSETTLED)


def with_presence(signature: int, presence: Evidence | None) -> int:
    """The signature of a day whose presence rests on something else, or on nothing."""
    return signature & ~(0b11 << _PRESENCE_SHIFT) | _PRESENCE.index(presence) << _PRESENCE_SHIFT


def presence_of(*found: Evidence | None) -> Evidence | None:
    """The one that a day is said to rest on, of all that was found: as `_presence` says it in SQL."""
    return next((evidence for evidence in _PRESENCE if evidence is not None and evidence in found), None)
