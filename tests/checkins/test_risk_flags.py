"""Risk flags, each raised and not raised at its limit. They are for people: none of them changes a verdict."""

from datetime import datetime, timedelta

import pytest
from geopy.distance import distance

from tests.checkins.test_checkins import body
from tests.checkins.test_presence_rules import send
from tests.support.world import CENTER


def east_of(metres: float) -> dict[str, float]:
    place = distance(meters=metres).destination((CENTER[1], CENTER[0]), 90)
    return {"lng": place.longitude, "lat": place.latitude}


def test_a_position_that_the_phone_calls_mock_is_flagged_and_counts_all_the_same(world):
    answers = [send(world, body(mock=mock)) for mock in (None, False, True)]
    assert [answer["risk_flags"] for answer in answers] == [[], [], ["mock_location"]]
    assert {(answer["verdict"], answer["counts"]) for answer in answers} == {("inside", True)}


@pytest.mark.parametrize(("metres", "flags"), [(2499.999, []), (2500.001, ["impossible_speed"])])
@pytest.mark.parametrize("order", ["in order", "as a batch"])
def test_a_minute_reaches_two_and_a_half_kilometres_at_150_km_an_hour(world, metres, flags, order):
    items = [body("2026-11-23T08:00:00+08:00"), body("2026-11-23T08:01:00+08:00", **east_of(metres))]
    if order == "in order":
        answers = [send(world, item) for item in items]
    else:
        answers = [r["check_in"] for r in world.as_("li").post("/check-ins/batch", {"items": items}).json()["results"]]
    assert [answer["risk_flags"] for answer in answers] == [[], flags]
    assert answers[1]["verdict"] == "outside"


def test_speed_is_taken_from_when_the_position_was_fixed_not_from_when_it_was_sent(world):
    send(world, body("2026-11-23T08:00:00+08:00"))
    sent = body("2026-11-23T08:04:00+08:00", fixed_at="2026-11-23T08:00:59+08:00", **east_of(2500))
    assert send(world, sent)["risk_flags"] == ["impossible_speed"]


@pytest.mark.parametrize(("metres", "flags"), [(2499, []), (2501, ["impossible_speed"])])
def test_speed_is_taken_from_the_last_fix_before_whatever_came_in_first(world, metres, flags):
    late = [body("2026-11-23T08:04:00+08:00", **east_of(9000)), body("2026-11-22T08:02:00+08:00", **east_of(90_000))]
    for item in (*late, body("2026-11-23T08:00:00+08:00"), body("2026-11-23T07:00:00+08:00", **east_of(9000))):
        assert send(world, item)["risk_flags"] in ([], ["late_upload"])
    assert send(world, body("2026-11-23T08:01:00+08:00", **east_of(metres)))["risk_flags"] == flags


def test_speed_is_one_cadres_own(world):
    send(world, body("2026-11-23T08:00:00+08:00"))
    sent = body("2026-11-23T08:00:01+08:00", **east_of(100_000)) | {"device_id": "b1"}
    assert send(world, sent, "wang")["risk_flags"] == []


@pytest.mark.parametrize(("last", "same"), [(110.6812345, True), (110.68123454, True), (110.6812346, False)])
def test_coordinates_that_are_the_same_to_seven_digits_on_three_days_are_repeated(world, clock, last, same):
    flags = []
    for number, lng in enumerate((110.6812345, 110.6812345, last)):
        clock.set(f"2026-11-{23 + number} 18:00")
        day = f"2026-11-{23 + number}"
        flags += [send(world, body(f"{day}T{hour}:00:00+08:00", lng=lng))["risk_flags"] for hour in ("09", "17")]
    assert flags == [[]] * 4 + [["repeated_coordinates"] if same else []] * 2


def test_a_device_is_shared_from_the_second_cadre_on(world):
    def sent(device):
        return body() | {"device_id": device}

    assert [send(world, sent("a1"))["risk_flags"] for _ in range(2)] == [[], []]
    assert send(world, sent("a2"), "wang")["risk_flags"] == []
    assert send(world, sent("a1"), "wang")["risk_flags"] == ["shared_device"]
    assert send(world, sent("a1"))["risk_flags"] == ["shared_device"]
    assert send(world, sent(None), "zhao")["risk_flags"] == send(world, sent(None), "sun")["risk_flags"] == []
    assert send(world, sent("a2"), "zhou")["risk_flags"] == ["shared_device"], "in another county too"


def test_a_fix_of_more_than_ten_minutes_ago_is_stale(world):
    captured_at = datetime.fromisoformat("2026-11-23T08:05:00+08:00")
    fixed = [(captured_at - timedelta(seconds=seconds)).isoformat() for seconds in (600, 601)]
    answers = [send(world, body(captured_at.isoformat(), fixed_at=at)) for at in fixed]
    assert [answer["risk_flags"] for answer in answers] == [[], ["stale_fix"]]
    assert {(answer["verdict"], answer["counts"]) for answer in answers} == {("inside", True)}


def test_a_clock_may_be_ten_minutes_ahead(world, clock):
    captured = [(clock() + timedelta(seconds=seconds)).isoformat() for seconds in (600, 600.001)]
    assert [send(world, body(at))["risk_flags"] for at in captured] == [[], ["clock_skew"]]
