"""Which of the days that an opinion rests on still count: what a judgment would say of them today."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.policy.attendance import Status
from app.policy.cited_days import days_gone
from app.policy.recall import judge_recall
from tests.policy.test_recall_counts import AREA, ONE_DAY, READINGS, Oracle, drawn_by_lot, history_of


def gone(ground, history, reading):
    unbroken = ground.ground == "absence_consecutive"
    return days_gone(ground.days, history, reading.unit, unbroken=unbroken)


def judged_by_lot(lot: Random):
    start, drawn = drawn_by_lot(lot)
    history, reading = history_of(start, drawn), lot.choice(READINGS)
    as_of = (history[-1].date if history else start) + timedelta(days=lot.choice([0, 0, 1, 30, 364]))
    return history, reading, judge_recall(history, as_of, reading.provisions(), AREA)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_day_is_gone_while_nothing_has_changed(seed):
    history, reading, judged = judged_by_lot(Random(seed))
    assert [gone(ground, history, reading) for ground in judged.grounds] == [[], []]


@settings(max_examples=600, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_after_any_changes_the_days_that_are_gone_are_those_that_would_not_be_counted_any_more(seed):
    lot = Random(seed)
    history, reading, judged = judged_by_lot(lot)
    changed = [
        replace(day, status=lot.choice(list(Status)), working=lot.random() < 0.7) if lot.random() < 0.05 else day
        for day in history
    ]
    oracle = Oracle({day.date: day for day in changed}, judged.as_of, reading)
    consecutive, cumulative = judged.grounds
    assert gone(cumulative, changed, reading) == [day for day in cumulative.days if not oracle.counts(day)]
    broken = set()
    if consecutive.days:
        length = (consecutive.days[-1] - consecutive.days[0]).days + 1
        broken = {consecutive.days[0] + ONE_DAY * number for number in range(length)} - oracle.in_run
    assert set(gone(consecutive, changed, reading)) == broken | {
        day for day in consecutive.days if not oracle.counts(day)
    }
