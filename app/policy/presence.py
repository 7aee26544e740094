"""Which check-ins are presence (第九条（二）), and of which day.

A check-in counts by itself where it surely came from inside the fence, from a phone whose clock can be believed, and in
time; any other waits until the township accepts it (`presence.evidence`, `presence.verdict`).
"""

from datetime import date, datetime, timedelta

from app.policy.attendance import Evidence
from app.policy.geofence import Verdict


def is_clock_ahead(captured_at: datetime, received_at: datetime, allowed: timedelta) -> bool:
    """Whether a phone's clock is further ahead of ours than `presence.clock_skew_minutes` allow."""
    return captured_at - received_at > allowed


def day_of(captured_on: date, received_on: date, *, clock_skew: bool) -> date:
    """The day that a check-in is of: the phone's, or the one on which it came where the phone's clock runs ahead."""
    return received_on if clock_skew else captured_on


def is_too_late(day: date, received_on: date, late_upload_days: int) -> bool:
    """Whether a check-in came in later than `presence.late_upload_days` after its day."""
    return (received_on - day).days > late_upload_days


def needs_acceptance(verdict: Verdict, *, clock_skew: bool, too_late: bool, month_locked: bool) -> bool:
    """Whether a check-in does not count by itself. `month_locked` is that its month was filed when it came."""
    return verdict is not Verdict.INSIDE or clock_skew or too_late or month_locked


def is_presence(*, needs_acceptance: bool, accepted: bool | None) -> bool:
    """Whether a check-in counts: by itself, or because the township accepted it; not once it was refused."""
    return not needs_acceptance if accepted is None else accepted


def evidence_of(*, needs_acceptance: bool, accepted: bool | None) -> Evidence | None:
    """What a check-in makes its day's presence rest on."""
    if not is_presence(needs_acceptance=needs_acceptance, accepted=accepted):
        return None
    return Evidence.CHECK_IN if accepted is None else Evidence.ACCEPTED
