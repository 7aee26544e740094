"""Person-days by period, area and unit, as dashboards and officers read them."""

import csv
import io
from datetime import date

import pytest

from app.attendance.close import close_due_days
from tests.checkins.test_checkins import body
from tests.support.world import CITY, COUNTY, FOREIGN_COUNTY, PROVINCE, SIBLING_TOWNSHIP, TOWNSHIP, VILLAGE, World

MONDAY, TUESDAY = "2026-11-23", "2026-11-24"
STATUSES = ("on_post", "official", "leave", "rest", "absent", "pending")


@pytest.fixture
def close(database, clock):
    return lambda: close_due_days(database, clock())


@pytest.fixture
def two_days(world: World, clock, close) -> World:
    """Monday closed with `li` on post, confirmed by the township; Tuesday open with `li` and `sun` on post."""
    world.as_("li").post("/check-ins", body())
    clock.set("2026-11-24 08:30")
    close()
    confirmation = {"date": MONDAY, "area_code": TOWNSHIP}
    assert world.as_("township_officer").post("/days/confirmations", confirmation).status_code == 200
    for who in ("li", "sun"):
        assert world.as_(who).post("/check-ins", body("2026-11-24T08:00:00+08:00")).status_code == 201
    return world


def rows(world, query="", who="dashboard"):
    answer = world.as_(who).get(f"/stats/attendance?envelope=false&{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def brief(row, *names):
    return tuple(row[name] for name in names)


def test_closed_and_open_days_count_the_same_way(two_days):
    monday, tuesday = rows(two_days, f"from={MONDAY}&to={TUESDAY}")
    names = ("period", "area", "people", "on_post", "absent", "pending", "unconfirmed", "on_post_rate")
    assert brief(monday, *names) == (MONDAY, "云岭县", 4, 1, 3, 0, 1, 0.25)
    assert brief(tuesday, *names) == (TUESDAY, "云岭县", 4, 2, 0, 2, 4, 0.5)


def test_every_row_is_about_as_many_people_as_its_statuses_say(two_days):
    for by in ("day", "week", "month", "area", "unit"):
        for row in rows(two_days, f"area={CITY}&from={MONDAY}&to={TUESDAY}&by={by}", "city_officer"):
            assert row["people"] == sum(row[status] for status in STATUSES)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("week", [("2026-W48", MONDAY, TUESDAY, 8)]),
        ("month", [("2026-11", MONDAY, TUESDAY, 8)]),
        ("area", [("2026-11-23/2026-11-24", MONDAY, TUESDAY, people) for people in (6, 2)]),
        ("unit", [("2026-11-23/2026-11-24", MONDAY, TUESDAY, people) for people in (2, 6)]),
    ],
)
def test_periods_say_which_of_their_days_were_asked_for(two_days, by, expected):
    found = rows(two_days, f"from={MONDAY}&to={TUESDAY}&by={by}")
    key = ("period", "starts_on", "ends_on", "people")
    assert sorted(brief(row, *key) for row in found) == sorted(expected)


@pytest.mark.parametrize(
    ("area", "who", "expected"),
    [
        (PROVINCE, "unit_officer", [("青川市", 6)]),
        (CITY, "city_officer", [("云岭县", 8), ("河湾县", 2)]),
        (COUNTY, "county_officer", [("石桥乡", 6), ("柳溪镇", 2)]),
        (TOWNSHIP, "township_officer", [("上庄村", 4), ("下庄村", 2)]),
        (VILLAGE, "township_officer", [("上庄村", 4)]),
    ],
)
def test_areas_are_those_one_level_below_and_a_village_is_its_own(two_days, area, who, expected):
    found = rows(two_days, f"area={area}&from={MONDAY}&to={TUESDAY}&by=area", who)
    assert [brief(row, "area", "people") for row in found] == expected


def test_units_are_named_and_a_unit_officer_counts_its_own_cadres_wherever_they_are(two_days):
    units = rows(two_days, f"area={COUNTY}&from={MONDAY}&to={MONDAY}&by=unit", "county_officer")
    assert {brief(row, "unit", "people") for row in units} == {("云岭县财政局", 3), ("青川市水利局", 1)}
    own = rows(two_days, f"area={PROVINCE}&from={MONDAY}&to={TUESDAY}", "unit_officer")
    assert [brief(row, "people", "on_post") for row in own] == [(3, 1), (3, 1)]
    assert rows(two_days, f"area={FOREIGN_COUNTY}&from={MONDAY}&to={TUESDAY}", "unit_officer") == []


def test_without_an_area_the_callers_own_is_meant(two_days):
    assert {row["area_code"] for row in rows(two_days, f"from={MONDAY}", "township_officer")} == {TOWNSHIP}
    assert {row["area_code"] for row in rows(two_days, f"from={MONDAY}", "unit_officer")} == {COUNTY}


def test_rest_days_leave_the_rate_and_a_rate_of_nobody_is_null(world, clock, close):
    clock.set("2026-11-30 08:00")
    close()
    saturday = rows(world, "from=2026-11-28&to=2026-11-28")[0]
    assert brief(saturday, "people", "rest", "on_post_rate") == (4, 4, None)
    world.as_("li").post("/check-ins", body("2026-11-28T09:00:00+08:00"))
    assert rows(world, "from=2026-11-28&to=2026-11-28")[0]["on_post_rate"] == 1.0


def test_days_to_come_and_days_before_the_county_began_count_nothing(world):
    assert rows(world, "from=2026-11-24&to=2027-01-01") == []
    assert rows(world, "from=2026-01-01&to=2026-11-22") == []
    assert [row["period"] for row in rows(world, "from=2026-11-20&to=2026-11-30")] == [MONDAY]


def test_days_that_nobody_has_closed_for_weeks_are_counted_from_their_facts(world, clock, close):
    clock.set("2026-11-24 01:00")
    close()
    clock.set("2026-12-31 09:00")
    found = rows(world, "from=2026-11-23&to=2026-12-31&by=month")
    assert [brief(row, "people", "absent", "rest", "pending") for row in found] == [(32, 4, 8, 20), (124, 0, 32, 92)]


def test_what_ends_up_closed_was_counted_the_same_while_open(two_days, clock, close):
    before = rows(two_days, f"from={TUESDAY}&to={TUESDAY}&by=area")
    clock.set("2026-11-25 00:30")
    close()
    after = rows(two_days, f"from={TUESDAY}&to={TUESDAY}&by=area")
    assert [brief(row, "people", "on_post") for row in after] == [brief(row, "people", "on_post") for row in before]
    assert [row["absent"] for row in after] == [row["pending"] for row in before]


def test_the_envelope_says_as_of_when_and_what_the_numbers_mean_in_the_readers_language(two_days, clock):
    asked = f"/stats/attendance?from={MONDAY}&to={TUESDAY}"
    meta = two_days.as_("dashboard").get(asked).json()["meta"]
    assert meta["as_of"] == "2026-11-24T08:30:00+08:00"
    assert meta["calendar_assumed"] is True
    assert set(meta["definitions"]) >= {*STATUSES, "people", "unconfirmed", "on_post_rate", "suppressed"}
    english = two_days.as_("dashboard").get(asked, headers={"Accept-Language": "en"}).json()["meta"]
    assert english["definitions"]["people"].startswith("Person-days")


def test_csv_has_the_contracts_field_names_ids_as_text_and_the_same_numbers(two_days):
    query = f"area={COUNTY}&from={MONDAY}&to={TUESDAY}&by=unit"
    answer = two_days.as_("dashboard").get(f"/stats/attendance?{query}&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbfperiod,area_code,area,people,on_post,official,leave,rest,absent,")
    assert answer.content.count(b"\r\n") == 3
    assert answer.headers["X-Data-As-Of"] == "2026-11-24T08:30:00+08:00"
    read = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    as_json = rows(two_days, query)
    for cells, row in zip(read, as_json, strict=True):
        assert cells["area_code"].strip() == row["area_code"]
        assert [int(cells[name]) for name in ("people", *STATUSES)] == [row[name] for name in ("people", *STATUSES)]
        assert (float(cells["on_post_rate"]), cells["suppressed"]) == (row["on_post_rate"], "false")


@pytest.mark.parametrize(
    ("query", "who", "status"),
    [
        (f"area={FOREIGN_COUNTY}", "dashboard", 404),
        (f"area={CITY}", "county_officer", 404),
        (f"area={SIBLING_TOWNSHIP}", "township_officer", 404),
        ("area=990999000000", "city_officer", 404),
        ("", "cadre", 403),
        ("", "admin", 403),
        ("from=2026-11-24&to=2026-11-23", "dashboard", 422),
        ("from=2025-11-22&to=2026-11-23", "dashboard", 422),
        ("from=gestern", "dashboard", 422),
        ("area=99", "dashboard", 422),
        ("by=cadre", "dashboard", 422),
        ("from=2026-12-01", "dashboard", 422),
    ],
)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_may_not_be_asked_is_refused(world, query, who, status, databases):
    answer = world.as_(who).get(f"/stats/attendance?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_whole_leap_year_may_be_asked_for(world):
    assert rows(world, "from=2024-01-01&to=2024-12-31") == []


def test_no_name_of_a_person_is_in_any_answer(two_days):
    for path in ("/stats/attendance?by=unit", "/stats/today?", "/stats/recall-flags?"):
        answer = two_days.as_("dashboard").get(f"{path}&area={COUNTY}")
        assert answer.status_code == 200
        assert "干部1" not in answer.text.replace("干部每天", "")


def test_today_counts_so_far_and_says_what_of_yesterday_waits(two_days):
    answer = two_days.as_("dashboard").get("/stats/today").json()
    assert brief(answer, "date", "area", "people", "on_post", "pending") == (TUESDAY, "云岭县", 4, 2, 2)
    assert answer["unconfirmed_yesterday"] == 1
    quiet = two_days.as_("unit_officer").get(f"/stats/today?area={FOREIGN_COUNTY}").json()
    assert brief(quiet, "people", "on_post_rate", "unconfirmed_yesterday") == (0, None, 0)


def test_flags_are_counted_by_ground_and_state(world, clock, close):
    clock.set("2026-12-04 08:00")
    close()
    answer = world.as_("dashboard").get("/stats/recall-flags").json()
    assert [brief(row, "ground", "state", "flags") for row in answer["rows"]] == [("absence_consecutive", "warning", 4)]
    own = world.as_("unit_officer").get(f"/stats/recall-flags?area={PROVINCE}").json()
    assert [row["flags"] for row in own["rows"]] == [3]
    township = world.as_("sibling_township_officer").get("/stats/recall-flags").json()
    assert [row["flags"] for row in township["rows"]] == [1]
    assert date.fromisoformat(answer["meta"]["as_of"][:10]) == date(2026, 12, 4)
