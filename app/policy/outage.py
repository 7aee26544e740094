"""Which days a county may declare an outage for: a typing error must not move years of days."""

from datetime import date, timedelta
from enum import StrEnum

from app.policy.judgment import Judgment
from app.policy.provisions import Provisions


class OutageSpan(StrEnum):
    ALLOWED = "allowed"
    REVERSED = "reversed"
    TOO_LONG = "too_long"
    TOO_FAR_BACK = "too_far_back"
    TOO_FAR_AHEAD = "too_far_ahead"


def judge_outage(first: date, last: date, today: date, provisions: Provisions, area: str) -> Judgment[OutageSpan]:
    """Whether an outage may be declared today for the days from `first` to `last`, both inclusive."""
    longest = provisions.in_force("outage.max_days", today, area)
    back = provisions.in_force("outage.back_days", today, area)
    ahead = provisions.in_force("outage.ahead_days", today, area)
    verdict = OutageSpan.ALLOWED
    if last < first:
        verdict = OutageSpan.REVERSED
    elif (last - first).days + 1 > longest.value:
        verdict = OutageSpan.TOO_LONG
    elif first < today - timedelta(days=back.value):
        verdict = OutageSpan.TOO_FAR_BACK
    elif last > today + timedelta(days=ahead.value):
        verdict = OutageSpan.TOO_FAR_AHEAD
    facts = {"first": first, "last": last, "today": today}
    return Judgment(verdict, facts, (longest.basis(), back.basis(), ahead.basis()))
