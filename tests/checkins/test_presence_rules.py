"""Presence, at its limits: the verdict, whose business day a check-in is of, and when it counts (第九条)."""

import pytest
from geopy.distance import distance
from sqlalchemy import delete

from app.attendance.close import close_due_days
from app.models import Fence, Posting
from app.policy.datum import Datum, from_wgs84
from tests.checkins.test_checkins import body
from tests.support.world import CENTER, SECOND_VILLAGE, TOWNSHIP, VILLAGE

RADIUS_M = 1500
ERROR_M = 1.62 * 18
"""Of a WGS-84 position with an accuracy of 18 m."""
MM = 0.001

FAR = {"lng": 111.2}
SQUARE = [[110.67, 36.09], [110.69, 36.09], [110.69, 36.11], [110.67, 36.11], [110.67, 36.09]]


def north_of(metres: float, center=CENTER) -> dict[str, float]:
    """A WGS-84 position, exact on the ellipsoid."""
    place = distance(meters=metres).destination((center[1], center[0]), 0)
    return {"lng": place.longitude, "lat": place.latitude}


def written_in(datum: str, place: dict[str, float]) -> dict[str, float]:
    lng, lat = from_wgs84(place["lng"], place["lat"], Datum(datum))
    return {"lng": lng, "lat": lat}


def send(world, sent: dict, who: str = "li") -> dict:
    answer = world.as_(who).post("/check-ins", sent)
    assert answer.status_code == 201, answer.text
    return answer.json()


def verdict(world, **position) -> str:
    return send(world, body(**position))["verdict"]


def fence(world, *shapes: dict) -> None:
    answer = world.as_("county_officer").put(f"/areas/{VILLAGE}/fence", {"fences": list(shapes)})
    assert answer.status_code == 200, answer.text


def circle(center: dict[str, float], radius_m: float) -> dict:
    return {"circle": {"center": {**center, "datum": "wgs84"}, "radius_m": radius_m}}


def decide(world, sent: dict, accept: bool, who: str = "township_officer"):
    return world.as_(who).post(f"/check-ins/{sent['id']}/acceptance", {"accept": accept, "reason": "电话核实"})


def day(world, date: str, who: str = "li") -> dict:
    answer = world.as_("township_officer").get(f"/postings/{world.postings[who]}/days/{date}")
    assert answer.status_code == 200, answer.text
    return answer.json()


# The verdict


def test_a_circle_is_left_for_doubt_and_doubt_for_outside_exactly_where_the_error_ends(world):
    places = [RADIUS_M - ERROR_M - MM, RADIUS_M - ERROR_M + MM, RADIUS_M + ERROR_M - MM, RADIUS_M + ERROR_M + MM]
    verdicts = [verdict(world, **north_of(metres)) for metres in places]
    assert verdicts == ["inside", "uncertain", "uncertain", "outside"]


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_ten_metres_of_doubt_are_added_for_a_datum_that_had_to_be_transformed(world, datum):
    """Half a metre either side: the map services' formulas are inverted to a centimetre."""
    error_m = ERROR_M + 10
    places = [RADIUS_M - error_m - 0.5, RADIUS_M - error_m + 0.5, RADIUS_M + error_m - 0.5, RADIUS_M + error_m + 0.5]
    verdicts = [verdict(world, datum=datum, **written_in(datum, north_of(metres))) for metres in places]
    assert verdicts == ["inside", "uncertain", "uncertain", "outside"]


def test_one_place_is_inside_in_whichever_datum_it_is_written_and_both_positions_are_kept(world):
    place = north_of(900)
    sent = {datum: body(datum=datum, **written_in(datum, place)) for datum in ("wgs84", "gcj02", "bd09")}
    for datum, one in sent.items():
        answer = send(world, one)
        assert (answer["verdict"], answer["risk_flags"]) == ("inside", []), datum
        assert answer["distance_m"] == pytest.approx(900, abs=0.5)
    stored = {item["id"]: item["position"] for item in world.as_("township_officer").get("/check-ins").json()["items"]}
    for datum, one in sent.items():
        kept = stored[one["id"]]
        assert (kept["datum"], kept["lng"], kept["lat"]) == (datum, one["position"]["lng"], one["position"]["lat"])
        assert (kept["wgs84_lng"], kept["wgs84_lat"]) == pytest.approx((place["lng"], place["lat"]), abs=1e-6)


def test_a_gcj02_position_near_the_edge_that_says_wgs84_is_suspect_and_so_named_it_is_not(world):
    place = distance(meters=1300).destination((CENTER[1], CENTER[0]), 90)
    position = written_in("gcj02", {"lng": place.longitude, "lat": place.latitude})
    wrong, right = send(world, body(**position)), send(world, body(datum="gcj02", **position))
    assert (wrong["verdict"], wrong["risk_flags"]) == ("outside", ["datum_suspect"])
    assert (right["verdict"], right["risk_flags"]) == ("inside", [])


def test_a_position_that_is_far_away_in_every_datum_is_not_suspect(world):
    answer = send(world, body(**FAR))
    assert (answer["verdict"], answer["risk_flags"]) == ("outside", [])


def test_a_polygons_edge_is_crossed_exactly_where_the_error_ends(world):
    fence(world, {"polygon": {"type": "Polygon", "coordinates": [SQUARE]}})
    edge = (110.68, 36.11)
    places = [-ERROR_M - MM, -ERROR_M + MM, ERROR_M - MM, ERROR_M + MM]
    verdicts = [verdict(world, **north_of(metres, edge)) for metres in places]
    assert verdicts == ["inside", "uncertain", "uncertain", "outside"]


def test_of_several_fences_the_best_verdict_counts(world):
    away = north_of(8000)
    between = north_of(8000 + 210)
    fence(world, circle({"lng": CENTER[0], "lat": CENTER[1]}, 300), circle(away, 200), circle(away, 10))
    assert verdict(world, **away) == "inside", "outside the first, inside the second, uncertain in the third"
    assert verdict(world, **between) == "uncertain"
    assert verdict(world, **north_of(4000)) == "outside"


def test_in_a_village_without_a_fence_every_check_in_is_uncertain(world, database):
    with database.writing() as session:
        session.execute(delete(Fence).where(Fence.area_code == SECOND_VILLAGE))
    answer = send(world, body(), "zhao")
    assert (answer["verdict"], answer["reason"], answer["counts"]) == ("uncertain", "no_fence", False)
    assert answer["distance_m"] is None


def test_without_a_usable_accuracy_the_verdict_is_uncertain_and_500_metres_are_usable(world):
    expected = {
        None: ("uncertain", "no_accuracy"),
        -1: ("uncertain", "accuracy_out_of_range"),
        0: ("uncertain", "accuracy_out_of_range"),
        0.1: ("inside", "inside"),
        500: ("inside", "inside"),
        500.1: ("uncertain", "accuracy_out_of_range"),
        501: ("uncertain", "accuracy_out_of_range"),
    }
    found = {accuracy: send(world, body(accuracy_m=accuracy)) for accuracy in expected}
    assert {a: (one["verdict"], one["reason"]) for a, one in found.items()} == expected
    assert verdict(world, accuracy_m=501, **FAR) == "uncertain", "not outside either"
    without = send(world, body() | {"position": None})
    assert (without["verdict"], without["reason"], without["counts"]) == ("uncertain", "no_position", False)


# Evidence is kept, and counts once the township says so


@pytest.mark.parametrize(("expected", "position"), [("outside", FAR), ("uncertain", {"accuracy_m": None})])
def test_what_is_not_inside_is_stored_and_counts_only_while_the_township_accepts_it(world, expected, position):
    sent = body(**position)
    answer = send(world, sent)
    assert (answer["verdict"], answer["counts"], answer["day_status"]) == (expected, False, "pending")
    refused = decide(world, sent, False).json()
    assert (refused["accepted"], refused["counts"], refused["verdict"]) == (False, False, expected)
    assert day(world, "2026-11-23")["status"] == "pending"
    accepted = decide(world, sent, True).json()
    assert (accepted["accepted"], accepted["counts"], accepted["verdict"]) == (True, True, expected)
    assert day(world, "2026-11-23")["status"] == "on_post"
    decide(world, sent, False)
    explained = day(world, "2026-11-23")
    assert explained["status"] == "pending"
    assert [one["verdict"] for one in explained["evidence"]] == [expected], "refused evidence is not thrown away"


def test_a_check_in_inside_that_the_township_refuses_is_no_presence(world):
    sent = body()
    send(world, sent)
    decide(world, sent, False)
    assert day(world, "2026-11-23")["status"] == "pending"


def test_only_the_own_township_accepts(world):
    sent = body(**FAR)
    send(world, sent)
    others = {"li": 403, "county_officer": 403, "foreign_township_officer": 404, "sibling_township_officer": 404}
    assert {who: decide(world, sent, True, who).status_code for who in others} == others
    assert day(world, "2026-11-23")["status"] == "pending"


# The business day


MIDNIGHT = {
    "2026-11-23T23:59:59+08:00": "2026-11-23",
    "2026-11-23T23:59:59.999999+08:00": "2026-11-23",
    "2026-11-24T00:00:00+08:00": "2026-11-24",
    "2026-11-23T15:59:59Z": "2026-11-23",
    "2026-11-23T16:00:00Z": "2026-11-24",
    "2026-11-23T10:00:00-06:00": "2026-11-24",
}
NEW_YEAR = {"2026-12-31T15:59:59Z": "2026-12-31", "2026-12-31T16:00:00Z": "2027-01-01"}


@pytest.mark.parametrize(("now", "expected"), [("2026-11-24 00:10", MIDNIGHT), ("2027-01-01 00:10", NEW_YEAR)])
def test_the_day_and_the_year_change_at_midnight_in_beijing_however_the_phone_writes_it(world, clock, now, expected):
    clock.set(now)
    assert {at: send(world, body(at))["date"] for at in expected} == expected
    assert {day(world, date)["status"] for date in expected.values()} == {"on_post"}


def test_late_is_what_arrives_from_half_past_midnight_on(world, clock):
    arrivals = ["2026-11-24 00:29:59", "2026-11-24 00:29:59.999999", "2026-11-24 00:30:00"]
    flags = []
    for arrival in arrivals:
        clock.set(arrival)
        flags.append(send(world, body("2026-11-23T20:00:00+08:00"))["risk_flags"])
    assert flags == [[], [], ["late_upload"]]


@pytest.mark.parametrize(("arrival", "counts"), [("2026-11-30 23:59:59", True), ("2026-12-01 00:00:00", False)])
def test_a_late_upload_counts_by_itself_for_seven_days_and_then_once_it_is_accepted(
    world, clock, database, arrival, counts
):
    clock.set(arrival)
    close_due_days(database, clock())
    sent = body("2026-11-23T09:00:00+08:00")
    answer = send(world, sent)
    assert (answer["date"], answer["verdict"], answer["risk_flags"]) == ("2026-11-23", "inside", ["late_upload"])
    assert (answer["counts"], answer["day_status"]) == (counts, "on_post" if counts else "absent")
    if not counts:
        assert "evidence_waiting" in day(world, "2026-11-23")["exceptions"]
        decide(world, sent, True)
    explained = day(world, "2026-11-23")
    assert (explained["status"], explained["exceptions"]) == ("on_post", ["late_upload"])
    world.as_("township_officer").post("/days/confirmations", {"date": "2026-11-23", "area_code": TOWNSHIP})
    explained = day(world, "2026-11-23")
    assert (explained["status"], explained["exceptions"], explained["confirmed"]) == ("on_post", [], True)


@pytest.mark.parametrize(
    ("captured_at", "skewed", "date"),
    [
        ("2026-11-24T00:05:00+08:00", False, "2026-11-24"),
        ("2026-11-24T00:05:01+08:00", True, "2026-11-23"),
        ("2030-01-01T00:00:00+08:00", True, "2026-11-23"),
    ],
)
def test_a_clock_more_than_ten_minutes_ahead_is_wrong_and_the_day_is_the_one_of_arrival(
    world, clock, captured_at, skewed, date
):
    clock.set("2026-11-23 23:55")
    sent = body(captured_at)
    answer = send(world, sent)
    assert (answer["date"], answer["risk_flags"]) == (date, ["clock_skew"] if skewed else [])
    assert (answer["verdict"], answer["counts"]) == ("inside", not skewed)
    if skewed:
        assert day(world, date)["status"] == "pending"
        decide(world, sent, True)
    assert day(world, date)["status"] == "on_post"


# Batches, and sending again


def test_a_batch_in_any_order_leaves_each_day_what_its_check_ins_say(world, clock):
    clock.set("2026-11-27 09:00")
    days = ["2026-11-26", "2026-11-23", "2026-11-25"]
    items = [body(f"{one}T10:00:00+08:00") for one in days]
    results = world.as_("li").post("/check-ins/batch", {"items": items}).json()["results"]
    assert [(r["status"], r["id"], r["check_in"]["date"]) for r in results] == [
        (201, item["id"], one) for item, one in zip(items, days, strict=True)
    ]
    statuses = [day(world, f"2026-11-{one}")["status"] for one in (23, 24, 25, 26)]
    assert [statuses[0], statuses[2], statuses[3]] == ["on_post"] * 3
    assert statuses[1] != "on_post"


def test_an_id_that_comes_twice_in_one_batch_is_recorded_once(world):
    sent = body()
    results = world.as_("li").post("/check-ins/batch", {"items": [sent, sent]}).json()["results"]
    assert [r["status"] for r in results] == [201, 200]
    assert results[0]["check_in"] == results[1]["check_in"]
    assert len(world.as_("li").get("/check-ins").json()["items"]) == 1


def test_the_same_instant_written_with_another_offset_is_the_same_body(world):
    sent = body("2026-11-23T08:05:00+08:00", fixed_at="2026-11-23T08:04:57+08:00")
    send(world, sent)
    again = {**sent, "id": sent["id"].upper(), "captured_at": "2026-11-23T01:05:00.000+01:00"}
    again["position"] = {**sent["position"], "fixed_at": "2026-11-23T00:04:57Z", "accuracy_m": 18.0}
    assert world.as_("li").post("/check-ins", again).status_code == 200
    [result] = world.as_("li").post("/check-ins/batch", {"items": [again]}).json()["results"]
    assert result["status"] == 200
    later = {**again, "captured_at": "2026-11-23T00:05:00.001Z"}
    assert world.as_("li").post("/check-ins", later).json()["code"] == "id_reused"


def test_a_batch_holds_one_to_two_hundred(world):
    cadre = world.as_("li")
    items = [body(f"2026-11-23T07:{n // 60:02d}:{n % 60:02d}+08:00", lat=CENTER[1] + n / 1e6) for n in range(201)]
    answers = {n: cadre.post("/check-ins/batch", {"items": items[:n]}) for n in (0, 1, 200, 201)}
    assert {n: answer.status_code for n, answer in answers.items()} == {0: 422, 1: 200, 200: 200, 201: 422}
    assert [r["status"] for r in answers[200].json()["results"]] == [200] + [201] * 199
    assert answers[201].json()["errors"][0]["pointer"] == "/items"


# What is refused


def test_a_day_outside_the_posting_has_no_posting(world, clock, database):
    with database.writing() as session:
        posting = session.get(Posting, world.postings["li"])
        posting.starts_on = posting.starts_on.replace(month=11, day=22)
        posting.ends_on = posting.starts_on.replace(day=24)
    clock.set("2026-11-25 00:05")
    at = {n: body(f"2026-11-{n}T09:00:00+08:00") for n in (21, 22, 24)} | {25: body("2026-11-25T00:04:00+08:00")}
    found = {n: world.as_("li").post("/check-ins", sent) for n, sent in at.items()}
    assert {n: answer.status_code for n, answer in found.items()} == {21: 409, 22: 201, 24: 201, 25: 409}
    assert {found[n].json()["code"] for n in (21, 25)} == {"no_posting"}


NO_PLACE = (
    ('{"lng": 110.123457, "lat": 36.1, "accuracy_m": 18}', "/position/datum"),
    ('{"lng": 110.123457, "lat": 36.1, "datum": "cgcs110.123457"}', "/position/datum"),
    ('{"lng": 181, "lat": 36.123457, "datum": "wgs84"}', "/position/lng"),
    ('{"lng": 180.000001, "lat": 36.123457, "datum": "wgs84"}', "/position/lng"),
    ('{"lng": 110.123457, "lat": -90.1, "datum": "wgs84"}', "/position/lat"),
    ('{"lng": NaN, "lat": 36.123457, "datum": "wgs84"}', "/position/lng"),
    ('{"lng": 110.123457, "lat": 1e999, "datum": "gcj02"}', "/position/lat"),
    ('{"lng": 110.123457, "lat": 36.1, "datum": "bd09", "accuracy_m": NaN}', "/position/accuracy_m"),
)


def test_a_position_that_means_no_place_is_refused_where_it_is_wrong_and_not_echoed(world):
    cadre = world.as_("li")
    start = '{"id": "0192f7c2-6a10-7b3e-8d55-1f0c8a2b1144", "captured_at": "2026-11-23T08:05:00Z", "position": '
    for raw, pointer in NO_PLACE:
        json_type = {"Content-Type": "application/json"}
        answer = cadre.request("POST", "/check-ins", content=start + raw + "}", headers=json_type)
        assert answer.status_code == 422, raw
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], raw
        assert "123457" not in answer.text
    assert cadre.get("/check-ins").json()["items"] == []
