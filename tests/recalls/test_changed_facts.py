"""An opinion rests on days that count; when they no longer do, the county has to look before the next step."""

from datetime import date, timedelta

import pytest

from app.policy.calendar import make_year
from app.provisions.calendar import load_year
from tests.recalls.support import MONDAY, detail, flags_of, step, walk

FRIDAY = date(2026, 11, 13)


@pytest.fixture
def by_working_days(world, ledger):
    """The county counts working days: 16 of them are 2 to 23 November, with three weekends between."""
    world.provide("absence.unit", "working_days", date(2026, 1, 1))
    ledger.absent("li", MONDAY, 22)
    (flag,) = flags_of(world)
    assert (flag["state"], len(detail(world, flag["id"])["days"])) == ("candidate", 16)
    walk(world, flag["id"], "statement", "opinion")
    return flag["id"]


def load_calendar(world, off=(), working=()):
    with world.database.writing() as session:
        year = make_year(2026, [date(2026, 1, 1), *off], working)
        load_year(session, 2026, year, "国办发明电", now=world.clock(), by=None)


def days_gone(world, flag_id):
    changed = detail(world, flag_id)["changed_facts"]
    return changed and changed["days_gone"]


def november(*days):
    return [f"2026-11-{day:02}" for day in days]


def is_held_up(world, flag_id, next_step):
    refused = step(world, flag_id, next_step)
    return (refused.status_code, refused.json()["code"]) == (409, "facts_changed")


@pytest.mark.parametrize(("steps", "next_step"), [((), "notice"), (("notice",), "recall")])
def test_days_at_the_end_of_a_run_that_become_rest_days_no_longer_count(world, ledger, candidate, steps, next_step):
    walk(world, candidate, "statement", "opinion", *steps)
    for day in (17, 16, 13):
        ledger.correct("li", date(2026, 11, day), "rest")
    assert days_gone(world, candidate) == november(13, 14, 15, 16, 17), "no absence follows them"
    assert is_held_up(world, candidate, next_step)
    flag = walk(world, candidate, "review")
    assert (flag["state"], len(flag["days"])) == ("warning", 11)


def test_a_calendar_that_comes_late_takes_days_from_an_opinion_too(world, candidate):
    walk(world, candidate, "statement", "opinion")
    load_calendar(world, off=[date(2026, 11, 16), date(2026, 11, 17)])
    assert days_gone(world, candidate) == november(14, 15, 16, 17)
    assert is_held_up(world, candidate, "notice")


def test_a_day_that_becomes_a_rest_day_between_absences_still_counts(world, ledger, candidate):
    walk(world, candidate, "statement", "opinion")
    ledger.correct("li", FRIDAY, "rest")
    assert days_gone(world, candidate) is None
    assert step(world, candidate, "notice").status_code == 200


def test_rest_days_that_later_absences_bridge_count_again(world, ledger, candidate):
    walk(world, candidate, "statement", "opinion")
    ledger.correct("li", date(2026, 11, 17), "rest")
    assert days_gone(world, candidate) == november(17)
    ledger.absent("li", date(2026, 11, 18), 1)
    assert days_gone(world, candidate) is None
    assert [turn["action"] for turn in detail(world, candidate)["history"]][-2:] == ["facts_changed", "facts_restored"]


def test_what_an_opinion_rests_on_is_asked_of_the_ledger_long_after_its_days_left_the_year(
    world, ledger, candidate, clock
):
    walk(world, candidate, "statement", "opinion")
    clock.set("2029-06-01 09:00")
    ledger.absent("li", date(2029, 5, 28), 2)
    assert days_gone(world, candidate) is None
    ledger.correct("li", date(2026, 11, 17), "rest")
    assert days_gone(world, candidate) == november(17)


def test_the_days_of_a_year_that_begins_within_a_weekend_count_while_the_friday_before_is_absent(world, ledger, clock):
    """A rest day is the first of the 365: what bridges it lies outside."""
    for number in range(6):
        ledger.absent("li", date(2026, 1, 9) + timedelta(weeks=2 * number), 6)
    clock.set("2027-01-12 09:00")
    ledger.absent("li", date(2027, 1, 10), 1)  # the year now begins on Sunday, 11 January 2026
    (flag,) = flags_of(world, ground="absence_cumulative")
    assert flag["state"] == "candidate"
    assert detail(world, flag["id"])["days"][0] == "2026-01-11"
    walk(world, flag["id"], "statement", "opinion")
    ledger.refresh("li")
    assert days_gone(world, flag["id"]) is None


def test_by_working_days_a_day_that_is_found_to_be_off_no_longer_counts(world, by_working_days):
    world.file_month("2026-11")  # so that the day stays 离岗 in the ledger
    load_calendar(world, off=[date(2026, 11, 10)])
    assert days_gone(world, by_working_days) == november(10)
    assert is_held_up(world, by_working_days, "notice")


def test_by_working_days_a_run_that_presence_on_a_weekend_breaks_is_no_longer_unbroken(world, ledger, by_working_days):
    ledger.correct("li", date(2026, 11, 14), "on_post")
    assert days_gone(world, by_working_days) == november(14, 15)
    assert is_held_up(world, by_working_days, "notice")


def test_an_amended_reading_does_not_reach_back_to_an_opinion(world, ledger, by_working_days, clock):
    world.provide("absence.unit", "calendar_days", date(2026, 11, 24))
    ledger.absent("li", date(2026, 11, 24), 1)
    assert days_gone(world, by_working_days) is None
    world.provide("absence.unit", "working_days", date(2026, 11, 25))
    ledger.absent("li", date(2026, 11, 25), 1)
    assert days_gone(world, by_working_days) is None
