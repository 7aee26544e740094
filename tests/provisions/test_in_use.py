"""What a county provides is followed wherever it bears on something, from its day on, and by that county alone."""

import pytest

from app.attendance.close import close_due_days
from tests.attendance.test_flags_from_days import flags
from tests.checkins.test_checkins import body
from tests.provisions.support import provide
from tests.support.world import CENTER, FOREIGN_VILLAGE, TOWNSHIP, VILLAGE

NEAR_EDGE = {"lng": 110.695, "accuracy_m": 120}
"""About 1,351 m from the centre of a circle of 1,500 m: inside with at most 149 m of error."""


def check_in(world, clock, at: str, who: str = "li", **position) -> dict:
    """Made and received at that moment."""
    clock.set(at)
    answer = world.as_(who).post("/check-ins", body(f"{at.replace(' ', 'T')}:00+08:00", **position))
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_the_allowance_for_error_is_the_countys_from_its_day_on(world, clock):
    provide(world, "presence.verdict", 1.1)
    assert check_in(world, clock, "2026-11-23 09:00", **NEAR_EDGE)["verdict"] == "uncertain"
    later = check_in(world, clock, "2026-11-24 09:00", **NEAR_EDGE)
    assert later["verdict"] == "inside"
    [basis] = [item for item in later["basis"] if item["key"] == "presence.verdict"]
    assert (basis["value"], basis["kind"]) == (1.1, "local")
    assert check_in(world, clock, "2026-11-24 09:00", "zhou", **NEAR_EDGE)["verdict"] == "uncertain"


def test_the_accuracy_that_is_still_taken_is_the_countys(world, clock):
    provide(world, "presence.max_accuracy_m", 15)
    assert check_in(world, clock, "2026-11-24 09:00")["verdict"] == "uncertain"
    assert check_in(world, clock, "2026-11-24 09:00", "zhou")["verdict"] == "inside"


def test_the_speed_that_nobody_reaches_is_the_countys(world, clock):
    provide(world, "presence.max_speed_kmh", 50, area_code=TOWNSHIP)
    for who, flagged in (("li", True), ("sun", False)):
        check_in(world, clock, "2026-11-24 09:00", who)
        moved = check_in(world, clock, "2026-11-24 10:00", who, lng=CENTER[0] + 0.9)
        assert ("impossible_speed" in moved["risk_flags"]) is flagged, "81 km in an hour"


def test_how_old_a_position_may_be_is_the_countys(world, clock):
    provide(world, "presence.stale_fix_minutes", 60)
    fixed = {"fixed_at": "2026-11-24T08:15:00+08:00"}
    assert "stale_fix" not in check_in(world, clock, "2026-11-24 09:00", **fixed)["risk_flags"]
    assert "stale_fix" in check_in(world, clock, "2026-11-24 09:00", "zhou", **fixed)["risk_flags"]


@pytest.mark.parametrize(("who", "counts"), [("li", True), ("zhou", False)])
def test_how_far_ahead_a_clock_may_be_is_the_countys(world, clock, who, counts):
    provide(world, "presence.clock_skew_minutes", 60)
    clock.set("2026-11-24 09:00")
    answer = world.as_(who).post("/check-ins", body("2026-11-24T09:45:00+08:00")).json()
    assert (answer["counts"], "clock_skew" in answer["risk_flags"]) == (counts, not counts)


def test_the_radius_of_a_fence_drawn_without_one_is_the_countys(world, clock):
    provide(world, "presence.fence_radius_m", 800)
    clock.set("2026-11-24 09:00")
    drawn = {"circle": {"center": {"lng": CENTER[0], "lat": CENTER[1], "datum": "wgs84"}}}
    for who, village, radius in (
        ("county_officer", VILLAGE, 800),
        ("foreign_county_officer", FOREIGN_VILLAGE, 1500),
    ):
        [fence] = world.as_(who).put(f"/areas/{village}/fence", drawn).json()["fences"]
        assert fence["geometry"]["circle"]["radius_m"] == radius


def test_a_day_closes_at_the_countys_hour_and_a_check_in_before_it_is_not_late(world, clock, database):
    provide(world, "day.closes_at", "08:00")
    clock.set("2026-11-24 00:30")
    assert close_due_days(database, clock()) == 2, "the first day still closes at half past midnight, in both counties"
    clock.set("2026-11-25 00:30")
    assert close_due_days(database, clock()) == 1, "only the other county"
    clock.set("2026-11-25 07:59")
    late = world.as_("li").post("/check-ins", body("2026-11-24T20:00:00+08:00")).json()
    assert (late["date"], late["risk_flags"]) == ("2026-11-24", [])
    clock.set("2026-11-25 08:00")
    assert close_due_days(database, clock()) == 1
    later = world.as_("wang").post("/check-ins", body("2026-11-24T20:00:00+08:00")).json()
    assert "late_upload" in later["risk_flags"]


def test_flags_are_judged_by_a_new_line_when_the_day_closes_on_which_it_begins(world, clock, database):
    """`wang` was away for eight days and is back: nothing but the law changes on the second of December."""
    provide(world, "absence.consecutive_days", 6, "2026-12-02")
    clock.set("2026-12-01 00:30")
    close_due_days(database, clock())
    for day in ("2026-12-01", "2026-12-02"):
        check_in(world, clock, f"{day} 09:00", "wang")
    clock.set("2026-12-02 00:30")
    close_due_days(database, clock())
    assert flags(world) == {}
    clock.set("2026-12-03 00:29")
    close_due_days(database, clock())
    assert flags(world) == {}
    clock.set("2026-12-03 00:30")
    close_due_days(database, clock())
    assert flags(world) == {"absence_consecutive": "provisional"}
    [flag] = [
        item
        for item in world.as_("county_officer").get("/recall-flags").json()["items"]
        if item["posting_id"] == str(world.postings["wang"])
    ]
    assert (flag["threshold"], flag["counts"]["consecutive"]["calendar_days"]) == (6, 8)
    assert flag["ground_label"] == "旷工或无正当理由离岗连续超过6天"


def test_a_rest_day_of_an_unknown_year_says_so_in_every_list_also_once_it_is_confirmed(world, clock, database):
    clock.set("2026-11-30 00:30")
    close_due_days(database, clock())
    officer = world.as_("township_officer")
    officer.post("/days/confirmations", {"date": "2026-11-28", "area_code": TOWNSHIP})
    listed = officer.get(f"/days?area={TOWNSHIP}&date=2026-11-28").json()["items"]
    assert {(item["status"], item["confirmed"], item["calendar_assumed"]) for item in listed} == {("rest", True, True)}
    own = world.as_("li").get(f"/postings/{world.postings['li']}/days?from=2026-11-27&to=2026-11-28").json()["items"]
    assert [item["calendar_assumed"] for item in own] == [True, True]
    assert world.as_("county_officer").put("/calendar/2027", {"off": ["2027-01-01"]}).status_code == 200
    [item, *_] = officer.get(f"/days?area={TOWNSHIP}&date=2026-11-28").json()["items"]
    assert item["calendar_assumed"] is True, "another year's notice"
