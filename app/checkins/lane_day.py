"""A posting's day as a fast lane has read it, in the words of `attendance`."""

from functools import lru_cache
from typing import Protocol

from app.attendance import signatures
from app.attendance.entries import Standing
from app.checkins import lane_sql
from app.policy.attendance import Status


class DayFound(Protocol):
    """What `lane_sql.Day` has found."""

    @property
    def head(self) -> tuple[int, bool] | None:
        """The day's version, and whether it is closed."""

    @property
    def correction(self) -> str | None: ...

    @property
    def entry(self) -> tuple[str, bool, list[str], int, bool] | None:
        """Status, confirmed, exceptions, revision, and whether anybody ever confirmed it."""


_NOTHING_YET = Standing()


def standing_in(found: DayFound) -> Standing:
    if found.entry is None:
        return _NOTHING_YET
    status, confirmed, exceptions, revision, _ = found.entry
    return Standing(Status(status), bool(confirmed), tuple(exceptions), revision)


_SAME_BITS = (
    (lane_sql.LATE, signatures.LATE_UPLOAD),
    (lane_sql.WAITING, signatures.WAITING_EVIDENCE),
    (lane_sql.LEAVE_APPROVED, signatures.ON_LEAVE),
    (lane_sql.LEAVE_PENDING, signatures.LEAVE_PENDING),
    (lane_sql.BOARD_TRIP, signatures.OFFICIAL),
    (lane_sql.OUTAGE, signatures.OUTAGE),
    (lane_sql.OUTSIDE | lane_sql.BOARD_IN_VILLAGE, signatures.ELSEWHERE),
    (lane_sql.BOARD_ON_LEAVE, signatures.BOARD_ON_LEAVE),
)


_TO_BE_LOOKED_AT = lane_sql.LATE | lane_sql.WAITING | lane_sql.OUTSIDE | lane_sql.BOARD_ON_LEAVE


def may_be_settled(bits: int, found: DayFound) -> bool:
    """Whether somebody may have looked already at some of what is known of the day: a lane does not ask when it came
    in.
    """
    return found.entry is not None and bool(found.entry[4]) and bool(bits & _TO_BE_LOOKED_AT)


def signature_of(bits: int, found: DayFound) -> int:
    """What a lane has read of a day, as the day's signature; its status can be told from it in any case, its exceptions
    unless they `may_be_settled` or the day is corrected.
    """
    signature = _signature(bits)
    if found.head is not None and found.head[1]:
        signature |= signatures.CLOSED
    if found.entry is not None and found.entry[1]:
        signature |= signatures.CONFIRMED
    return signature | (signatures.CORRECTION_CODES[Status(found.correction)] if found.correction else 0)


@lru_cache(maxsize=4096)
def _signature(bits: int) -> int:
    signature = signatures.POSTED
    for wanted, fact in _SAME_BITS:
        if bits & wanted == wanted:
            signature |= fact
    if bits & lane_sql.COUNTING:
        signature |= signatures.BY_CHECK_IN
    elif bits & lane_sql.REGISTERED:
        signature |= signatures.BY_REGISTRATION
    elif bits & lane_sql.ACCEPTED:
        signature |= signatures.BY_ACCEPTANCE
    return signature
