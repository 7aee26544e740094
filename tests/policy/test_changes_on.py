"""From when on time alone may change a judgment: until then a close need not look at the posting."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.policy.attendance import Status
from app.policy.provisions import Provision, load_text
from app.policy.recall import NOTHING_SETTLED, HistoryDay, judge_recall
from tests.policy.test_absence_state import AREA, FIRST, READINGS, STRETCHES, _history, _kept, settled_as_of
from tests.policy.test_absence_state import CALENDAR as CALENDAR_ASSUMED

LONG_BEFORE = date(2018, 7, 6)


def judged_on(history, day, provisions, settled=NOTHING_SETTLED):
    return judge_recall(history, day, provisions, AREA, settled)


def absent(first: date, days: int) -> list[HistoryDay]:
    return [HistoryDay(first + timedelta(days=n), Status.ABSENT, confirmed=True) for n in range(days)]


@given(
    letters=STRETCHES,
    provisions=st.sampled_from(READINGS),
    later=st.integers(0, 40),
    amended=st.none() | st.tuples(st.integers(1, 60), st.sampled_from(["absence.warning_consecutive_days"])),
    settled=st.none() | st.integers(0, 400),
)
@settings(max_examples=300, deadline=None)
def test_until_the_day_that_a_judgment_names_the_same_days_are_judged_the_same(
    letters, provisions, later, amended, settled
):
    decided = NOTHING_SETTLED if settled is None else settled_as_of(letters, settled, provisions)
    as_of = FIRST + timedelta(days=max(0, len(letters) - 1) + later)
    if amended is not None:
        days, key = amended
        provisions = provisions.adding([Provision(key, 3, as_of + timedelta(days=days), area_code="990101000000")])
    history = _history(letters)
    judged = judged_on(history, as_of, provisions, decided)
    assert judged.changes_on > as_of
    day = as_of + timedelta(days=1)
    while day < judged.changes_on:
        assert replace(judged_on(history, day, provisions, decided), as_of=as_of) == judged, day
        day += timedelta(days=1)


@given(letters=STRETCHES, provisions=st.sampled_from(READINGS))
@settings(max_examples=200, deadline=None)
def test_the_state_that_is_kept_names_the_day_that_the_whole_history_does(letters, provisions):
    as_of = FIRST + timedelta(days=max(0, len(letters) - 1))
    kept = _kept(letters).judge(as_of, provisions, AREA, CALENDAR_ASSUMED.is_rest)
    assert kept.changes_on == judged_on(_history(letters), as_of, provisions).changes_on


@given(letters=STRETCHES.filter(lambda letters: "a" in letters), year=st.sampled_from(["rolling_365", "calendar_year"]))
@settings(max_examples=200, deadline=None)
def test_what_changes_before_the_next_year_changes_on_that_day_and_not_later(letters, year):
    provisions = load_text().adding([Provision("absence.year", year, LONG_BEFORE)])
    as_of = FIRST + timedelta(days=len(letters) - 1)
    judged = judged_on(_history(letters), as_of, provisions)
    if judged.changes_on < date(as_of.year + 1, 1, 1):
        assert judged_on(_history(letters), judged.changes_on, provisions).grounds != judged.grounds


def test_the_oldest_day_leaves_the_window_on_its_365th_day_after():
    history = absent(date(2026, 3, 2), 10)
    judged = judged_on(history, date(2027, 1, 5), load_text())
    assert judged.changes_on == date(2027, 3, 2)
    before, after = (judged_on(history, date(2027, 3, day), load_text()).grounds[1].counts for day in (1, 2))
    assert [counts["cumulative"]["calendar_days"] for counts in (before, after)] == [10, 9]


def test_the_count_of_the_calendar_year_begins_anew_on_its_first_day():
    history = absent(date(2026, 11, 2), 10)
    judged = judged_on(history, date(2026, 12, 1), load_text())
    assert judged.changes_on == date(2027, 1, 1)
    before, after = (judged_on(history, day, load_text()).grounds for day in (date(2026, 12, 31), date(2027, 1, 1)))
    assert [grounds[0].counts["calendar_year"]["calendar_days"] for grounds in (before, after)] == [10, 0]
    assert after[0].state == "warning", "the run is within the 365 days all the same"


def test_where_a_year_is_a_calendar_year_only_its_end_changes_anything():
    provisions = load_text().adding([Provision("absence.year", "calendar_year", LONG_BEFORE)])
    assert judged_on(absent(date(2026, 3, 2), 10), date(2026, 3, 20), provisions).changes_on == date(2027, 1, 1)


def test_an_amendment_that_is_known_is_a_day_to_judge_again():
    amended = load_text().adding([Provision("absence.warning_consecutive_days", 5, date(2026, 4, 1))])
    history = absent(date(2026, 3, 2), 6)
    assert judged_on(history, date(2026, 3, 20), amended).changes_on == date(2026, 4, 1)
    assert judged_on(history, date(2026, 4, 1), amended).grounds[0].state == "warning"
