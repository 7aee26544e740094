"""Small groups are withheld from dashboards where their county asks for it, and only there."""

from datetime import UTC, date, datetime

import pytest

from tests.support.world import (
    CITY,
    COUNTY,
    FOREIGN_COUNTY,
    SECOND_VILLAGE,
    SIBLING_TOWNSHIP,
    SIBLING_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    World,
)

NUMBERS = ("people", "on_post", "official", "leave", "rest", "absent", "pending", "unconfirmed", "on_post_rate")
TODAY = "from=2026-11-23&to=2026-11-23"


def ask_for(world: World, below: int, county: str = COUNTY, in_force_from: date = date(2026, 1, 1)) -> None:
    world.provide("stats.suppress_below", below, in_force_from, county, entered_at=datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture
def larger_world(world: World) -> World:
    """Six people in the upper village, one in the lower, eight and two in the other township's two villages."""
    with world.database.writing() as session:
        for number in range(4):
            world.add_cadre(session, f"upper{number}", VILLAGE, "county")
        for number in range(7):
            world.add_cadre(session, f"sibling{number}", SIBLING_VILLAGE, "city")
        world.add_account(session, "city_dashboard", "dashboard", area_code=CITY)
        world.add_account(session, "township_dashboard", "dashboard", area_code=TOWNSHIP)
    return world


def rows(world, query, who="dashboard"):
    answer = world.as_(who).get(f"/stats/attendance?envelope=false&{TODAY}&{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def shown(world, query, who="dashboard"):
    return {row["area"]: row["people"] for row in rows(world, query, who)}


def test_where_the_county_does_not_ask_single_people_are_counted(larger_world):
    assert shown(larger_world, f"area={TOWNSHIP}&by=area") == {"上庄村": 6, "下庄村": 1}


def test_a_small_group_carries_no_number_and_neither_does_what_would_give_it_away(larger_world):
    ask_for(larger_world, 5)
    found = rows(larger_world, f"area={TOWNSHIP}&by=area")
    assert [(row["area"], row["suppressed"], {row[name] for name in NUMBERS}) for row in found] == [
        ("上庄村", True, {None}),
        ("下庄村", True, {None}),
    ]
    assert shown(larger_world, f"area={COUNTY}&by=area") == {"石桥乡": 7, "柳溪镇": 8}


def test_what_one_answer_withholds_is_not_told_by_another_way_to_ask(larger_world):
    ask_for(larger_world, 5)
    for village in (VILLAGE, SECOND_VILLAGE):
        for by in ("day", "week", "month", "area", "unit"):
            assert {row["people"] for row in rows(larger_world, f"area={village}&by={by}")} == {None}
        today = larger_world.as_("dashboard").get(f"/stats/today?area={village}").json()
        assert (today["people"], today["unconfirmed_yesterday"], today["suppressed"]) == (None, None, True)
    assert [row["people"] for row in rows(larger_world, f"area={SIBLING_VILLAGE}")] == [8]


def test_a_township_that_is_small_takes_its_neighbour_along_for_the_county_and_for_the_city(world):
    with world.database.writing() as session:
        for number in range(5):
            world.add_cadre(session, f"upper{number}", VILLAGE, "county")
        world.add_account(session, "city_dashboard", "dashboard", area_code=CITY)
    ask_for(world, 5)
    assert shown(world, f"area={COUNTY}&by=area") == {"石桥乡": None, "柳溪镇": None}
    assert shown(world, f"area={SIBLING_TOWNSHIP}", "city_dashboard") == {"柳溪镇": None}
    assert shown(world, f"area={COUNTY}", "city_dashboard") == {"云岭县": 9}


def test_a_county_that_asks_does_not_hide_another_that_does_not(world):
    with world.database.writing() as session:
        world.add_account(session, "city_dashboard", "dashboard", area_code=CITY)
    ask_for(world, 5)
    assert shown(world, f"area={CITY}&by=area", "city_dashboard") == {"云岭县": None, "河湾县": 1}
    assert shown(world, f"area={FOREIGN_COUNTY}", "city_dashboard") == {"河湾县": 1}


def test_units_with_few_people_in_the_area_are_withheld_and_still_named(larger_world):
    ask_for(larger_world, 8)
    assert {(row["unit"], row["people"]) for row in rows(larger_world, f"area={COUNTY}&by=unit")} == {
        ("云岭县财政局", None),
        ("青川市水利局", None),
    }


def test_officers_see_every_number_because_they_see_the_names(larger_world):
    ask_for(larger_world, 5)
    for who in ("county_officer", "township_officer", "city_officer", "unit_officer"):
        assert shown(larger_world, f"area={SECOND_VILLAGE}", who) == {"下庄村": 1}


def test_the_flags_of_a_small_group_are_withheld_and_those_of_a_large_one_counted(larger_world, clock):
    from app.attendance.close import close_due_days

    ask_for(larger_world, 5)
    clock.set("2026-12-04 08:00")
    close_due_days(larger_world.database, clock())
    dashboard = larger_world.as_("dashboard")
    small = dashboard.get(f"/stats/recall-flags?area={SECOND_VILLAGE}").json()
    assert (small["suppressed"], [row["flags"] for row in small["rows"]]) == (True, [None])
    large = dashboard.get(f"/stats/recall-flags?area={COUNTY}").json()
    assert (large["suppressed"], [row["flags"] for row in large["rows"]]) == (False, [15])


def test_a_provision_holds_from_its_day_and_changes_the_tag(larger_world, clock):
    ask_for(larger_world, 5, in_force_from=date(2026, 11, 24))
    path = f"/stats/attendance?{TODAY}&area={TOWNSHIP}&by=area"
    before = larger_world.as_("dashboard").get(path)
    assert [row["suppressed"] for row in before.json()["rows"]] == [False, False]
    clock.set("2026-11-24 08:00")
    after = larger_world.as_("dashboard").get(path, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert [row["suppressed"] for row in after.json()["rows"]] == [True, True]
