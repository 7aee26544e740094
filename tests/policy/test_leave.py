"""第九条（二）: the whole table of routes, and what adds up."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.calendar import Calendar, Year
from app.policy.leave import (
    LeaveState,
    Office,
    Span,
    StepState,
    UnitLevel,
    adjoins,
    counted_days,
    days_covered,
    decide_steps,
    judge_route,
)
from app.policy.provisions import Kind, Provision, load_text

ON, VILLAGE, COUNTY = date(2026, 11, 23), "990101001001", "990101000000"
MONDAY = date(2026, 11, 23)
T, C, CITY, UNIT = Office.TOWNSHIP, Office.COUNTY, Office.CITY, Office.UNIT
WEEKENDS = Calendar()


def days_from(start: date, count: int) -> Span:
    return Span(start, start + timedelta(days=count - 1))


def route(days: int, level: UnitLevel, *own: tuple[str, object]) -> tuple[Office, ...]:
    local = [Provision(key, value, date(2026, 1, 1), area_code=COUNTY) for key, value in own]
    return judge_route(days, level, ON, load_text().adding(local), VILLAGE).verdict


def table(days: int, level: UnitLevel, week: int = 7, half_month: int = 15) -> set[Office]:
    """As the article and the readings put it."""
    if days in range(1, week + 1):
        return {T}
    if days in range(week + 1, half_month + 1):
        return {C}
    return {CITY, UNIT} if level is UnitLevel.CITY else {C, UNIT}


@pytest.mark.parametrize("level", list(UnitLevel))
def test_every_number_of_days_from_one_to_a_year_takes_the_route_of_the_table(level):
    for days in range(1, 367):
        assert set(route(days, level)) == table(days, level), days


@pytest.mark.parametrize(
    ("days", "level", "offices"),
    [(days, level, {T}) for days, level in product((1, 6, 7), UnitLevel)]
    + [(days, level, {C}) for days, level in product((8, 9, 14, 15), UnitLevel)]
    + [
        (16, UnitLevel.CITY, {CITY, UNIT}),
        (16, UnitLevel.COUNTY, {C, UNIT}),
        (16, UnitLevel.PROVINCE, {C, UNIT}),
    ],
)
def test_exactly_seven_and_exactly_fifteen_fall_in_the_lower_tier(days, level, offices):
    assert set(route(days, level)) == offices


@pytest.mark.parametrize("level", list(UnitLevel))
@pytest.mark.parametrize(("week", "half_month"), [(1, 1), (1, 15), (3, 10), (7, 7), (5, 5)])
def test_a_county_that_tightens_the_tiers_is_followed_to_the_day(level, week, half_month):
    own = (("leave.township_days", week), ("leave.county_days", half_month))
    for days in range(1, 20):
        assert set(route(days, level, *own)) == table(days, level, week, half_month), days


def test_a_county_settles_who_approves_where_the_text_is_silent():
    own = ("leave.long_other_units", ["city", "unit"])
    assert set(route(16, UnitLevel.COUNTY, own)) == {CITY, UNIT}
    assert set(route(16, UnitLevel.CITY, own)) == {CITY, UNIT}
    assert set(route(15, UnitLevel.COUNTY, own)) == {C}


def test_another_countys_tiers_hold_for_nobody_else():
    law = load_text().adding([Provision("leave.township_days", 1, date(2026, 1, 1), area_code="990102000000")])
    assert judge_route(7, UnitLevel.COUNTY, ON, law, VILLAGE).verdict == (T,)


def test_a_route_says_what_it_rests_on():
    law = load_text()
    said = {days: judge_route(days, UnitLevel.PROVINCE, ON, law, VILLAGE).basis[0] for days in (7, 15, 16)}
    assert [said[days].key for days in said] == ["leave.township_days", "leave.county_days", "leave.long_other_units"]
    assert [said[days].kind for days in said] == [Kind.TEXT, Kind.TEXT, Kind.READING]
    assert judge_route(16, UnitLevel.CITY, ON, law, VILLAGE).basis[0].kind == Kind.TEXT
    facts = judge_route(16, UnitLevel.CITY, ON, law, VILLAGE).facts
    assert facts == {"counted_days": 16, "unit_level": "city"}


# ------------------------------------------------------------------ adding up


@pytest.mark.parametrize("level", list(UnitLevel))
def test_all_splits_of_an_absence_take_the_route_of_the_whole(level):
    """Every way to cut up to 20 days into two adjoining requests."""
    for whole in range(2, 21):
        for cut in range(1, whole):
            first, second = days_from(MONDAY, cut), days_from(MONDAY + timedelta(days=cut), whole - cut)
            counted, added = counted_days(second, [first], WEEKENDS)
            assert (counted, added) == (whole, (first,))
            assert set(route(counted, level)) == table(whole, level)


@pytest.mark.parametrize("gap", range(5))
@pytest.mark.parametrize("weekday", range(7))
def test_requests_adjoin_over_rest_days_alone(weekday, gap):
    last = MONDAY + timedelta(days=weekday)
    between = [last + timedelta(days=n) for n in range(1, gap + 1)]
    later = days_from(last + timedelta(days=gap + 1), 3)
    assert adjoins(Span(last, last), later, WEEKENDS) == all(day.isoweekday() > 5 for day in between)


def test_a_working_weekend_parts_and_a_holiday_joins():
    friday, monday = date(2026, 11, 27), date(2026, 11, 30)
    worked = Calendar({2026: Year(frozenset(), frozenset({date(2026, 11, 28)}))})
    assert not adjoins(Span(friday, friday), Span(monday, monday), worked)
    holiday = Calendar({2026: Year(frozenset({monday}), frozenset())})
    assert adjoins(Span(friday, friday), days_from(monday + timedelta(days=1), 1), holiday)


spans = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5)), min_size=1, max_size=6)


@given(spans, st.integers(0, 5), st.integers(0, 6))
def test_what_adds_up_is_what_can_be_walked_to_without_meeting_a_working_day(steps, chosen, weekday):
    """Against a walk over the days: from the new request in both directions, through leave and rest days only."""
    found: list[Span] = []
    day = MONDAY + timedelta(days=weekday)
    for gap, length in steps:
        start = day + timedelta(days=gap)
        found.append(days_from(start, length))
        day = found[-1].last + timedelta(days=1)
    new = found.pop(chosen % len(found))
    of_day = {span.first + timedelta(days=n): span for span in found for n in range(span.days)}
    reached: set[Span] = set()
    for step in (1, -1):
        at = new.last if step == 1 else new.first
        while True:
            at += timedelta(days=step)
            if at in of_day:
                reached.add(of_day[at])
            elif at.isoweekday() <= 5 or abs((at - MONDAY).days) > 100:
                break
    counted, added = counted_days(new, found, WEEKENDS)
    assert set(added) == reached
    assert counted == new.days + sum(span.days for span in reached)


# ------------------------------------------------------------------ decisions and what is covered


def test_one_rejection_rejects_and_only_all_approvals_approve():
    for states in product(StepState, repeat=2):
        expected = LeaveState.PENDING
        if StepState.REJECTED in states:
            expected = LeaveState.REJECTED
        elif states == (StepState.APPROVED, StepState.APPROVED):
            expected = LeaveState.APPROVED
        assert decide_steps(states) is expected, states


def test_days_until_the_return_are_covered_and_the_day_of_the_return_is_not():
    leave = days_from(MONDAY, 5)
    assert days_covered(leave, None) == leave
    for late in range(7):
        covered = days_covered(leave, MONDAY + timedelta(days=late))
        assert covered.days == min(5, late), late
