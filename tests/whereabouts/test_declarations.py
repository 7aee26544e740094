"""PUT /me/whereabouts and the history: offline, late, out of order."""

from datetime import date
from threading import Thread
from uuid import uuid4

import pytest

from app.models import Posting
from tests.support.world import VILLAGE
from tests.whereabouts.support import declaration, declare, member, spans


def days(world, who="li", **query):
    return world.as_("county_officer").get(f"/postings/{world.postings[who]}/days", params=query).json()["items"]


def status_on(world, day, who="li"):
    return {item["date"]: item["status"] for item in days(world, who, **{"from": day, "to": day})}.get(day)


def exceptions_on(world, day, who="li"):
    return {item["date"]: item["exceptions"] for item in days(world, who, **{"from": day, "to": day})}.get(day)


def test_a_new_declaration_is_answered_with_what_was_stored(world):
    body = declaration(
        "official", "2026-11-23 08:00", "2026-11-23 18:00", destination="县乡村振兴局", note="送报帮扶计划"
    )
    answer = world.as_("li").put("/me/whereabouts", body)
    assert answer.status_code == 201
    assert answer.json() == {
        **body,
        "posting_id": str(world.postings["li"]),
        "state_label": "公出",
        "received_at": "2026-11-23T08:05:00+08:00",
    }


def test_the_same_body_again_is_answered_with_the_stored_one_even_in_another_notation(world, clock):
    body = declaration("in_village", "2026-11-23 08:00")
    first = world.as_("li").put("/me/whereabouts", body)
    clock.forward(days=2)
    again = world.as_("li").put("/me/whereabouts", {**body, "note": None, "since": "2026-11-23T00:00:00Z"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(spans(world, "li")) == 1


def test_another_body_under_a_used_id_is_refused_and_changes_nothing(world):
    body = declaration("in_village", "2026-11-23 08:00")
    world.as_("li").put("/me/whereabouts", body)
    answer = world.as_("li").put("/me/whereabouts", {**body, "state": "rest"})
    assert (answer.status_code, answer.json()["code"]) == (409, "id_reused")
    assert spans(world, "li") == [("in_village", "2026-11-23", None)]


def test_another_cadres_id_is_refused_without_showing_what_is_stored_under_it(world):
    body = declaration("in_village", "2026-11-23 08:00", note="只给乡镇看")
    world.as_("li").put("/me/whereabouts", body)
    answer = world.as_("wang").put("/me/whereabouts", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "id_reused")
    assert "只给乡镇看" not in answer.text


def test_without_a_posting_on_that_date_a_declaration_is_refused(world):
    answer = world.as_("li").put("/me/whereabouts", declaration("in_village", "2025-12-31 23:59"))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_posting")
    assert world.as_("li").put("/me/whereabouts", declaration("in_village", "2026-01-01 00:00")).status_code == 201


def test_a_clock_ten_minutes_ahead_is_accepted_and_one_further_ahead_is_not(world, clock):
    clock.set("2026-11-23 08:05")
    ahead = world.as_("li").put("/me/whereabouts", declaration("in_village", "2026-11-23 08:16"))
    assert (ahead.status_code, ahead.json()["errors"][0]["code"]) == (422, "since_in_future")
    assert world.as_("li").put("/me/whereabouts", declaration("in_village", "2026-11-23 08:15")).status_code == 201


def test_a_return_before_the_start_is_refused(world):
    for back in ("2026-11-23 08:00", "2026-11-22 08:00"):
        answer = world.as_("li").put("/me/whereabouts", declaration("official", "2026-11-23 08:00", back))
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/expected_back_at")


def test_only_a_cadre_declares(world):
    for who in ("township_officer", "county_officer", "admin", "dashboard"):
        answer = world.as_(who).put("/me/whereabouts", declaration("in_village", "2026-11-23 08:00"))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), who


def test_a_declaration_lasts_until_the_next_one_and_not_beyond_the_expected_return(world, clock):
    clock.set("2026-11-23 18:00")
    declare(world, "li", "official", "2026-11-19 08:00", "2026-11-20 18:00")
    declare(world, "li", "in_village", "2026-11-23 08:00")
    declare(world, "li", "visiting", "2026-11-23 14:00")
    assert spans(world, "li") == [
        ("official", "2026-11-19", "2026-11-20"),
        ("in_village", "2026-11-23", "2026-11-23"),
        ("visiting", "2026-11-23", None),
    ]


def test_what_comes_in_out_of_order_takes_its_place_and_the_newest_since_stays_on_the_board(world, clock):
    clock.set("2026-11-23 18:00")
    declare(world, "li", "in_village", "2026-11-23 08:00")
    clock.forward(minutes=1)
    declare(world, "li", "official", "2026-11-18 08:00")
    clock.forward(minutes=1)
    declare(world, "li", "training", "2026-11-20 09:00")
    assert spans(world, "li") == [
        ("official", "2026-11-18", "2026-11-20"),
        ("training", "2026-11-20", "2026-11-23"),
        ("in_village", "2026-11-23", None),
    ]
    assert member(world, "li", VILLAGE)["state"] == "in_village"


def test_of_two_declarations_at_one_instant_the_later_received_holds(world, clock):
    declare(world, "li", "official", "2026-11-23 08:00")
    clock.forward(minutes=1)
    declare(world, "li", "in_village", "2026-11-23 08:00")
    assert spans(world, "li") == [("official", "2026-11-23", "2026-11-22"), ("in_village", "2026-11-23", None)]
    assert member(world, "li", VILLAGE)["state"] == "in_village"


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_in_whatever_order_declarations_come_in_the_timeline_is_the_same(world, clock, order):
    clock.set("2026-11-23 18:00")
    sent = [
        ("official", "2026-11-18 08:00", "2026-11-22 18:00"),
        ("training", "2026-11-20 09:00", None),
        ("in_village", "2026-11-21 00:00", None),
    ]
    for position in order:
        declare(world, "li", *sent[position])
        clock.forward(minutes=1)
    assert spans(world, "li") == [
        ("official", "2026-11-18", "2026-11-20"),
        ("training", "2026-11-20", "2026-11-20"),
        ("in_village", "2026-11-21", None),
    ]


def test_a_declared_trip_makes_its_days_official_until_it_is_cut_short_by_a_late_declaration(world, clock):
    clock.set("2026-11-19 18:00")
    declare(world, "li", "official", "2026-11-17 08:00")
    assert [status_on(world, f"2026-11-{day}") for day in (17, 18, 19)] == ["official"] * 3
    assert "official_unverified" in exceptions_on(world, "2026-11-18")
    declare(world, "li", "in_village", "2026-11-17 20:00")
    assert status_on(world, "2026-11-17") == "official"
    assert status_on(world, "2026-11-18") != "official"
    assert status_on(world, "2026-11-19") != "official"


def test_days_that_a_cut_short_trip_no_longer_covers_are_judged_again_though_the_new_declaration_ends_before(
    world, clock
):
    clock.set("2026-11-19 18:00")
    declare(world, "li", "official", "2026-11-17 08:00")
    declare(world, "li", "visiting", "2026-11-17 20:00", "2026-11-17 21:00")
    assert status_on(world, "2026-11-17") == "official"
    assert status_on(world, "2026-11-18") != "official"
    assert status_on(world, "2026-11-19") != "official"


def test_a_trip_declared_more_than_seven_days_late_does_not_touch_the_older_days(world, clock):
    clock.set("2026-11-19 18:00")
    declare(world, "li", "official", "2026-11-10 08:00")
    assert spans(world, "li") == [("official", "2026-11-12", None)]
    assert status_on(world, "2026-11-11") != "official"
    assert status_on(world, "2026-11-12") == "official"


def test_leave_shown_without_an_approved_leave_is_an_exception_for_the_township(world):
    declare(world, "li", "leave", "2026-11-23 08:00")
    assert "leave_not_approved" in exceptions_on(world, "2026-11-23")


def test_two_declarations_at_once_leave_one_unbroken_timeline(world, clock):
    """On PostgreSQL the second waits for the first; on SQLite there is one writer anyway."""
    clock.set("2026-11-23 18:00")
    answers = []

    def put(body):
        answers.append(world.as_("li").put("/me/whereabouts", body).status_code)

    bodies = [declaration("official", "2026-11-20 08:00"), declaration("in_village", "2026-11-21 08:00")]
    threads = [Thread(target=put, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [201, 201]
    assert spans(world, "li") == [("official", "2026-11-20", "2026-11-21"), ("in_village", "2026-11-21", None)]


def test_the_history_is_paged_newest_first_with_notes_and_days(world, clock):
    clock.set("2026-11-23 18:00")
    for day in (19, 20, 21):
        declare(world, "li", "in_village", f"2026-11-{day} 08:00", note=f"第{day}日")
    path = f"/postings/{world.postings['li']}/whereabouts"
    first = world.as_("township_officer").get(path, params={"limit": 2})
    second = world.as_("township_officer").get(path, params={"limit": 2, "cursor": first.json()["next_cursor"]})
    assert [item["note"] for item in first.json()["items"]] == ["第21日", "第20日"]
    assert [item["note"] for item in second.json()["items"]] == ["第19日"]
    assert second.json()["next_cursor"] is None
    assert (second.json()["items"][0]["first_day"], second.json()["items"][0]["last_day"]) == (
        "2026-11-19",
        "2026-11-20",
    )


def test_the_history_is_read_in_scope_only(world):
    declare(world, "li", "in_village", "2026-11-23 08:00")
    path = f"/postings/{world.postings['li']}/whereabouts"
    for who in ("li", "township_officer", "county_officer", "city_officer", "unit_officer"):
        assert world.as_(who).get(path).status_code == 200, who
    missing = world.as_("wang").get(f"/postings/{uuid4()}/whereabouts").json()
    for who in ("wang", "sibling_township_officer", "foreign_county_officer", "foreign_unit_officer"):
        answer = world.as_(who).get(path)
        assert answer.status_code == 404, who
        assert {**answer.json(), "trace_id": ""} == {**missing, "trace_id": ""}
    for who in ("dashboard", "admin"):
        assert world.as_(who).get(path).status_code == 403, who


def test_an_ended_postings_declarations_belong_to_its_own_days(world, database):
    with database.writing() as session:
        session.get(Posting, world.postings["li"]).ends_on = date(2026, 11, 22)
    assert world.as_("li").put("/me/whereabouts", declaration("in_village", "2026-11-23 00:00")).status_code == 409
    assert world.as_("li").put("/me/whereabouts", declaration("in_village", "2026-11-22 23:59")).status_code == 201
