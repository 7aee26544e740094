"""From days to flags: what the close finds, what an upload or a correction takes back."""

from datetime import date, timedelta

import pytest

from app.attendance.close import close_due_days
from tests.checkins.test_checkins import body
from tests.support.world import TOWNSHIP


@pytest.fixture
def close_through(database, clock):
    def close(day: str):
        clock.set(f"{date.fromisoformat(day) + timedelta(days=1)} 00:30")
        return close_due_days(database, clock())

    return close


def flags(world, who="wang"):
    listed = world.as_("county_officer").get("/recall-flags?limit=200").json()["items"]
    return {f["ground"]: f["state"] for f in listed if f["posting_id"] == str(world.postings[who])}


def test_ten_days_in_a_row_warn_and_the_sixteenth_is_over_the_line_but_provisional(world, close_through):
    close_through("2026-12-01")
    assert flags(world) == {}, "nine days: Monday 23 November to Tuesday 1 December, weekend bridged"
    close_through("2026-12-02")
    assert flags(world) == {"absence_consecutive": "warning"}
    close_through("2026-12-07")
    assert flags(world)["absence_consecutive"] == "warning", "exactly fifteen are not over fifteen"
    close_through("2026-12-08")
    assert flags(world)["absence_consecutive"] == "provisional"


def test_the_flag_is_a_candidate_once_the_township_has_confirmed_its_days(world, clock, close_through):
    close_through("2026-12-08")
    for offset in range(16):
        day = date(2026, 11, 23) + timedelta(days=offset)
        body = {"date": day.isoformat(), "area_code": TOWNSHIP}
        assert world.as_("township_officer").post("/days/confirmations", body).status_code == 200
    assert flags(world)["absence_consecutive"] == "candidate"


def test_a_late_upload_in_the_middle_lifts_the_flag(world, clock, close_through):
    close_through("2026-12-08")
    assert flags(world, "li")["absence_consecutive"] == "provisional"
    world.as_("li").post("/check-ins", body("2026-12-02T09:00:00+08:00"))
    assert flags(world, "li")["absence_consecutive"] == "lifted"


def test_a_correction_lifts_the_flag_and_its_history_says_who_did_it(world, clock, close_through):
    close_through("2026-12-08")
    correction = {
        "posting_id": str(world.postings["wang"]),
        "date": "2026-12-01",
        "status": "official",
        "reason": "会议",
    }
    assert world.as_("township_officer").post("/days/corrections", correction).status_code == 201
    assert flags(world)["absence_consecutive"] == "lifted"


def test_absences_entered_for_days_before_the_county_began_count_for_nothing_whatever_is_judged_again(
    world, clock, close_through
):
    close_through("2026-11-23")  # the first that the county closes

    def correct(day):
        sent = {"posting_id": str(world.postings["li"]), "date": str(day), "status": "absent", "reason": "核对签到表"}
        assert world.as_("township_officer").post("/days/corrections", sent).status_code == 201

    for number in range(12):
        correct(date(2026, 11, 11) + timedelta(days=number))
    assert flags(world, "li") == {}
    correct("2026-11-23")  # as it was, but confirmed now: li's absences are read anew
    assert flags(world, "li") == {}
    close_through("2026-12-01")
    assert flags(world, "li") == {}, "nine days"
    close_through("2026-12-02")
    assert flags(world, "li") == {"absence_consecutive": "warning"}
