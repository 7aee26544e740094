"""Which check-ins count by themselves, and of which day they are, at each limit."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from app.policy.attendance import Evidence
from app.policy.geofence import Verdict
from app.policy.presence import day_of, evidence_of, is_clock_ahead, is_presence, is_too_late, needs_acceptance

NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


def test_only_what_is_inside_believable_in_time_and_in_an_open_month_counts_by_itself():
    counting = [
        (verdict, *facts)
        for verdict, *facts in product(Verdict, *[(False, True)] * 3)
        if not needs_acceptance(verdict, **dict(zip(("clock_skew", "too_late", "month_locked"), facts, strict=True)))
    ]
    assert counting == [(Verdict.INSIDE, False, False, False)]


@pytest.mark.parametrize(("seconds", "is_ahead"), [(-86_400, False), (0, False), (600, False), (601, True)])
def test_a_clock_may_run_ahead_by_as_much_as_is_allowed(seconds, is_ahead):
    assert is_clock_ahead(NOW + timedelta(seconds=seconds), NOW, TEN_MINUTES) is is_ahead


def test_a_clock_that_runs_ahead_does_not_choose_the_day():
    phone, ours = date(2026, 11, 25), date(2026, 11, 24)
    assert day_of(phone, ours, clock_skew=False) == phone
    assert day_of(phone, ours, clock_skew=True) == ours


@pytest.mark.parametrize(("days", "too_late"), [(-1, False), (0, False), (7, False), (8, True)])
def test_the_last_day_of_the_days_allowed_is_in_time(days, too_late):
    day = date(2026, 11, 23)
    assert is_too_late(day, day + timedelta(days=days), 7) is too_late


@pytest.mark.parametrize(
    ("waits", "accepted", "evidence"),
    [
        (False, None, Evidence.CHECK_IN),
        (True, None, None),
        (True, True, Evidence.ACCEPTED),
        (True, False, None),
        (False, True, Evidence.ACCEPTED),
        (False, False, None),
    ],
)
def test_presence_rests_on_the_check_in_until_the_township_decides_and_then_on_that(waits, accepted, evidence):
    assert evidence_of(needs_acceptance=waits, accepted=accepted) is evidence
    assert is_presence(needs_acceptance=waits, accepted=accepted) is (evidence is not None)
