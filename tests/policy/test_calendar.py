"""Rest days: published years, 调休, the year's edges, and years that nobody has published."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.calendar_2026 import CALENDAR_2026
from app.policy.calendar import (
    Calendar,
    InvalidYear,
    Year,
    days_that_differ,
    from_holiday_cn,
    from_published,
    make_year,
)

YEAR_2026 = from_holiday_cn(CALENDAR_2026)[1]
PUBLISHED = Calendar({2026: YEAR_2026})
NOTHING = Calendar()


def test_a_holiday_is_rest_and_a_weekend_that_is_worked_is_not():
    assert PUBLISHED.is_rest(date(2026, 10, 1)), "Thursday, 国庆节"
    assert not PUBLISHED.is_rest(date(2026, 10, 10)), "Saturday, worked"
    assert PUBLISHED.is_rest(date(2026, 10, 11)), "Sunday as always"
    assert not PUBLISHED.is_rest(date(2026, 10, 12)), "Monday as always"


def test_a_year_that_is_not_loaded_is_assumed_by_weekday_and_says_so():
    assert PUBLISHED.is_rest(date(2027, 10, 2))
    assert not PUBLISHED.is_rest(date(2027, 10, 1))
    assert PUBLISHED.assumed(date(2027, 10, 1))
    assert not PUBLISHED.assumed(date(2026, 10, 12))
    assert NOTHING.assumed(date(2026, 10, 1))


def test_the_last_days_of_december_follow_the_next_years_notice():
    """2019's notice gave 30 and 31 December 2018 off and had the 29th worked."""
    notice = make_year(2019, [date(2018, 12, 30), date(2018, 12, 31), date(2019, 1, 1)], [date(2018, 12, 29)])
    alone = Calendar({2019: notice})
    assert alone.is_rest(date(2018, 12, 31)), "a Monday"
    assert not alone.is_rest(date(2018, 12, 29)), "a Saturday"
    assert not alone.assumed(date(2018, 12, 31)), "a notice names it"
    assert alone.assumed(date(2018, 12, 28))
    earlier = make_year(2018, [date(2018, 1, 1), date(2018, 12, 29)], [])
    both = Calendar({2019: notice, 2018: earlier})
    assert not both.is_rest(date(2018, 12, 29)), "the later notice holds"


def test_the_twenty_ninth_of_february_is_a_day_like_any_other():
    leap = Calendar({2028: make_year(2028, [date(2028, 2, 29)], [])})
    assert leap.is_rest(date(2028, 2, 29)), "a Tuesday"
    assert not leap.is_rest(date(2028, 2, 28))
    with pytest.raises(InvalidYear):
        from_published({"year": 2027, "off": ["2027-02-29"], "working": []})


DAYS_2026 = st.integers(-31, 395).map(lambda n: date(2026, 1, 1) + timedelta(days=n))


@given(st.sets(DAYS_2026, max_size=30), st.sets(DAYS_2026, max_size=30), DAYS_2026)
def test_a_named_day_is_as_named_and_any_other_as_its_weekday_says(off, working, day):
    calendar = Calendar({2026: Year(frozenset(off), frozenset(working - off))})
    expected = day in off or (day not in working and day.isoweekday() > 5)
    assert calendar.is_rest(day) == expected
    assert calendar.assumed(day) == (day.year != 2026 and day not in off | working)


@given(st.sets(DAYS_2026, max_size=10), st.sets(DAYS_2026, max_size=10))
def test_the_days_that_two_calendars_tell_differently_are_found_one_by_one(one, other):
    first, last = date(2025, 12, 1), date(2027, 1, 31)
    before, after = (Calendar({2026: Year(frozenset(days), frozenset())}) for days in (one, other))
    every_day = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    expected = [d for d in every_day if before.is_rest(d) != after.is_rest(d) or before.assumed(d) != after.assumed(d)]
    assert days_that_differ(before, after, first, last) == expected
    assert days_that_differ(before, before, first, last) == []


def test_loading_a_year_tells_each_of_its_days_otherwise():
    first, last = date(2025, 12, 1), date(2026, 12, 31)
    assert len(days_that_differ(NOTHING, PUBLISHED, first, last)) == 365


def test_a_year_is_stored_and_read_back_as_it_was():
    assert Year.from_json(YEAR_2026.as_json()) == YEAR_2026
    assert Calendar.from_json({2026: YEAR_2026.as_json()}) == PUBLISHED


def holiday(day: object = "2026-01-01", off: object = True) -> dict:
    return {"name": "元旦", "date": day, "isOffDay": off}


@pytest.mark.parametrize(
    "published",
    [
        None,
        [],
        "2026",
        {},
        {"year": 2026},
        {"year": 2026, "days": None},
        {"year": 2026, "days": [1]},
        {"year": 2026, "days": []},
        {"year": "2026", "days": [holiday()]},
        {"year": 2026.0, "days": [holiday()]},
        {"year": True, "days": [holiday()]},
        {"year": 20260, "days": [holiday()]},
        {"year": 2026, "days": [holiday(off="false")]},
        {"year": 2026, "days": [holiday(off=1)]},
        {"year": 2026, "days": [holiday("1 January")]},
        {"year": 2026, "days": [holiday(20260101)]},
        {"year": 2026, "days": [holiday(), holiday()]},
        {"year": 2026, "days": [holiday(), holiday(off=False)]},
        {"year": 2026, "days": [holiday("2025-12-31")]},
        {"year": 2026, "days": [holiday(), holiday("2025-11-30")]},
        {"year": 2026, "days": [holiday(), holiday("2027-02-01")]},
        {"year": 2026, "days": [holiday(off=False)]},
        {"year": 2026, "off": ["2026-01-01"]},
        {"year": 2026, "off": ["2026-01-01"], "working": ["2026-01-01"]},
        {"year": 2026, "off": "2026-01-01", "working": []},
    ],
)
def test_what_is_no_published_year_is_refused(published):
    with pytest.raises(InvalidYear) as invalid:
        from_published(published)
    assert invalid.value.zh


def test_both_shapes_are_read_alike():
    stored = YEAR_2026.as_json()
    assert from_published({"year": 2026, **stored}) == from_published(CALENDAR_2026) == (2026, YEAR_2026)
