"""The state that is kept from day to day must judge as the whole history does, whatever the history."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.policy.absence_state import AbsenceState, fewest_days
from app.policy.attendance import Status
from app.policy.calendar import Calendar
from app.policy.provisions import Provision, load_text
from app.policy.recall import HistoryDay, judge_recall

AREA = "990101001001"
FIRST = date(2026, 1, 1)
CALENDAR = Calendar()

READINGS = [
    load_text().adding(
        [
            Provision("absence.unit", unit, date(2018, 7, 6)),
            Provision("absence.year", year, date(2018, 7, 6)),
        ]
    )
    for unit in ("calendar_days", "working_days")
    for year in ("rolling_365", "calendar_year")
]


def _day(number: int, letter: str) -> HistoryDay | None:
    """`a` absent, `A` absent and confirmed, `r` rest; anything else is of no account to the recall."""
    day = FIRST + timedelta(days=number)
    if letter not in "aAr":
        return None
    status = Status.REST if letter == "r" else Status.ABSENT
    return HistoryDay(day, status, confirmed=letter == "A", working=not CALENDAR.is_rest(day))


def _history(letters: str) -> list[HistoryDay]:
    return [found for number, letter in enumerate(letters) if (found := _day(number, letter)) is not None]


def _kept(letters: str) -> AbsenceState:
    state = AbsenceState()
    for found in _history(letters):
        if found.status is Status.ABSENT:
            state = state.after_absence(found.date, confirmed=found.confirmed)
        else:
            state = state.after_rest(found.date)
    return state


# Stretches rather than single days: runs, holidays, and long quiet times that the window leaves behind.
STRETCHES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("aA"), st.integers(1, 18)),
        st.tuples(st.just("r"), st.integers(1, 10)),
        st.tuples(st.just("."), st.integers(1, 5)),
        st.tuples(st.sampled_from(".r"), st.integers(100, 380)),
    ),
    max_size=12,
).map(lambda parts: "".join(letter * times for letter, times in parts))


def settled_as_of(letters: str, day: int, provisions) -> dict:
    """What stood on the flags of that day, by ground: the county has decided on it."""
    judged = judge_recall(_history(letters), FIRST + timedelta(days=day), provisions, AREA)
    return {ground.ground: set(ground.days) for ground in judged.grounds}


@given(letters=STRETCHES, provisions=st.sampled_from(READINGS), settled=st.none() | st.integers(0, 400))
@settings(max_examples=400, deadline=None)
def test_what_is_kept_from_day_to_day_is_judged_as_the_whole_history_is(letters, provisions, settled):
    as_of = FIRST + timedelta(days=max(0, len(letters) - 1))
    decided = {} if settled is None else settled_as_of(letters, settled, provisions)
    judged = judge_recall(_history(letters), as_of, provisions, AREA, decided)
    assert _kept(letters).judge(as_of, provisions, AREA, CALENDAR.is_rest, decided) == judged


@given(letters=STRETCHES, later=STRETCHES, provisions=st.sampled_from(READINGS))
@settings(max_examples=300, deadline=None)
def test_a_state_made_from_the_ledger_goes_on_as_the_one_that_was_kept_does(letters, later, provisions):
    state = AbsenceState.of(_history(letters), FIRST + timedelta(days=max(0, len(letters) - 1)))
    for found in _history(letters + later)[len(_history(letters)) :]:
        if found.status is Status.ABSENT:
            state = state.after_absence(found.date, confirmed=found.confirmed)
        else:
            state = state.after_rest(found.date)
    as_of = FIRST + timedelta(days=max(0, len(letters + later) - 1))
    judged = judge_recall(_history(letters + later), as_of, provisions, AREA)
    assert state.judge(as_of, provisions, AREA, CALENDAR.is_rest) == judged


@given(letters=STRETCHES, provisions=st.sampled_from(READINGS))
@settings(max_examples=300, deadline=None)
def test_no_judgment_that_carries_a_flag_is_passed_over(letters, provisions):
    as_of = FIRST + timedelta(days=max(0, len(letters) - 1))
    carried = [ground for ground in judge_recall(_history(letters), as_of, provisions, AREA).grounds if ground.state]
    if carried:
        assert _kept(letters).may_turn(fewest_days(provisions, as_of)(AREA))


def test_nine_absent_days_of_an_area_that_warns_at_nine_are_not_passed_over():
    provisions = load_text().adding(
        [Provision("absence.warning_consecutive_days", 9, date(2026, 1, 1), area_code="990101000000")]
    )
    fewest = fewest_days(provisions, date(2026, 2, 1))
    state = _kept("a" * 9)
    assert state.may_turn(fewest(AREA))
    assert not state.may_turn(fewest("990102001001")), "elsewhere the warning comes with the tenth"


def test_nine_days_in_each_of_two_runs_cannot_turn_anything_and_twenty_in_a_year_can():
    fewest = fewest_days(load_text(), date(2026, 3, 1))(AREA)
    assert not _kept("a" * 9 + "." + "a" * 9).may_turn(fewest)
    assert _kept("a" * 9 + "." + "a" * 9 + "." + "aa").may_turn(fewest)


def test_a_state_does_not_grow_with_the_years():
    year = ("a" + "." * 29) * 12
    assert len(_kept(year * 5).runs) <= len(_kept(year * 2).runs)
