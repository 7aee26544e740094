"""Asking for leave: by whom, for which days, once."""

import base64
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from app.database import Base
from app.models import Leave, Posting
from tests.leaves.support import MONDAY, ask, body, decide, grant
from tests.support.world import FOREIGN_COUNTY, SIBLING_TOWNSHIP


def row_counts(database) -> dict[str, int]:
    with database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables
        }


@pytest.mark.parametrize("days", [1, 7, 8, 16])
def test_a_preview_saves_nothing_and_equals_the_later_answer(world, database, days):
    request = body(MONDAY, days)
    before = row_counts(database)
    preview = world.as_("li").post("/leaves/preview", request)
    assert preview.status_code == 200, preview.text
    assert row_counts(database) == before
    made = world.as_("li").post("/leaves", request)
    assert made.status_code == 201
    assert made.json() == preview.json()


def test_a_preview_of_what_is_stored_already_is_the_stored_answer(world):
    request = body()
    made = world.as_("li").post("/leaves", request).json()
    assert world.as_("li").post("/leaves/preview", request).json() == made


def test_the_answer_says_what_was_asked_for(world):
    request = body(MONDAY, 3, kind="sick", reason="复查", destination=None)
    answer = world.as_("li").post("/leaves", request).json()
    assert {key: answer[key] for key in request} == request
    assert (answer["state"], answer["days"]) == ("pending", 3)
    assert answer["cadre"] == {"id": str(world.cadres["li"]), "name": "干部1"}
    assert answer["posting_id"] == str(world.postings["li"])
    assert answer["created_at"] == "2026-11-23T08:05:00+08:00"
    assert answer["route"] == [
        {"office": "township", "state": "open", "decided_by": None, "decided_at": None, "comment": None}
    ]


def test_the_same_request_sent_again_is_answered_with_the_stored_one(world, database):
    request = body()
    first = world.as_("li").post("/leaves", request)
    counted = row_counts(database)
    again = world.as_("li").post("/leaves", request)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert row_counts(database) == counted


def test_a_request_sent_again_after_its_approval_shows_the_approval(world):
    request = body()
    made = world.as_("li").post("/leaves", request).json()
    granted = grant(world, made, "township_officer")
    assert world.as_("li").post("/leaves", request).json() == granted


def test_another_body_under_the_same_id_is_refused(world):
    request = body()
    world.as_("li").post("/leaves", request)
    answer = world.as_("li").post("/leaves", {**request, "reason": "另有原因"})
    assert (answer.status_code, answer.json()["code"]) == (409, "id_reused")


def test_an_id_of_another_cadre_is_refused_without_showing_whose_it_is(world):
    request = body()
    world.as_("li").post("/leaves", request)
    answer = world.as_("wang").post("/leaves", request)
    assert (answer.status_code, answer.json()["code"]) == (409, "id_reused")
    assert "干部1" not in answer.text


@pytest.mark.parametrize("offset", [-3, -1, 0, 1, 4])
def test_a_request_that_overlaps_a_pending_one_is_refused(world, offset):
    ask(world, days=5, starts_on=MONDAY + timedelta(days=7))
    answer = world.as_("li").post("/leaves", body(MONDAY + timedelta(days=7 + offset), 4))
    assert (answer.status_code, answer.json()["code"]) == (409, "leave_overlaps")


@pytest.mark.parametrize("offset", [-4, 5])
def test_a_request_that_only_touches_another_is_taken(world, offset):
    ask(world, days=5, starts_on=MONDAY + timedelta(days=7))
    assert ask(world, days=4, starts_on=MONDAY + timedelta(days=7 + offset))["state"] == "pending"


def test_a_request_that_overlaps_an_approved_one_is_refused(world):
    grant(world, ask(world, days=3), "township_officer")
    answer = world.as_("li").post("/leaves", body(MONDAY + timedelta(days=2), 1))
    assert (answer.status_code, answer.json()["code"]) == (409, "leave_overlaps")
    assert "2026-11-23" in answer.json()["detail"]


@pytest.mark.parametrize("end", ["withdraw", "reject", "return"])
def test_days_of_a_request_that_is_over_can_be_asked_for_again(world, end):
    leave = ask(world, days=3)
    if end == "withdraw":
        world.as_("li").post(f"/leaves/{leave['id']}/withdraw")
    elif end == "reject":
        decide(world, "township_officer", leave, "reject")
    else:
        grant(world, leave, "township_officer")
        world.as_("li").post(f"/leaves/{leave['id']}/return", {"returned_on": "2026-11-23"})
    assert ask(world, starts_on=MONDAY + timedelta(days=1), days=2)["state"] == "pending"


def test_two_cadres_are_on_leave_at_the_same_time(world):
    assert ask(world, "li")["state"] == ask(world, "wang")["state"] == "pending"


@pytest.mark.parametrize(
    ("starts_on", "days"),
    [(date(2025, 12, 31), 1), (date(2025, 12, 31), 3), (date(2025, 6, 1), 2)],
)
def test_days_before_the_posting_are_no_days_of_leave(world, starts_on, days):
    answer = world.as_("li").post("/leaves", body(starts_on, days))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_posting")


def test_leave_reaches_to_the_last_day_of_the_posting_and_not_beyond(world, database):
    with database.writing() as session:
        session.get_one(Posting, world.postings["li"]).ends_on = MONDAY + timedelta(days=2)
    assert world.as_("li").post("/leaves/preview", body(MONDAY, 3)).status_code == 200
    answer = world.as_("li").post("/leaves/preview", body(MONDAY, 4))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_posting")


def test_leave_may_be_asked_for_afterwards(world):
    assert ask(world, starts_on=MONDAY - timedelta(days=1), days=1)["locked_days"] == []


def test_days_of_a_filed_month_are_told_before_and_after_asking(world):
    world.file_month("2026-10")
    request = body(date(2026, 10, 30), 4)
    expected = ["2026-10-30", "2026-10-31"]
    assert world.as_("li").post("/leaves/preview", request).json()["locked_days"] == expected
    made = world.as_("li").post("/leaves", request).json()
    assert made["locked_days"] == expected
    assert made["counted_days"] == 4


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"ends_on": "2026-11-22"}, "/ends_on"),
        ({"ends_on": "2027-11-24"}, "/ends_on"),
        ({"starts_on": "2026-02-30"}, "/starts_on"),
        ({"starts_on": "0001-01-01"}, "/starts_on"),
        ({"kind": "holiday"}, "/kind"),
        ({"reason": ""}, "/reason"),
        ({"reason": "x" * 501}, "/reason"),
        ({"reason": "\u0000"}, "/reason"),
        ({"destination": "x" * 201}, "/destination"),
        ({"id": "1"}, "/id"),
        ({"days": 3}, "/days"),
    ],
)
def test_a_faulty_field_is_named_and_nothing_is_saved(world, database, change, pointer):
    for path in ("/leaves", "/leaves/preview"):
        answer = world.as_("li").post(path, {**body(), **change})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Leave)) == 0


def test_a_leave_of_a_whole_leap_year_is_the_longest(world):
    assert world.as_("li").post("/leaves/preview", body(MONDAY, 366)).status_code == 200
    assert world.as_("li").post("/leaves/preview", body(MONDAY, 367)).status_code == 422


@pytest.mark.parametrize(
    "who", ["township_officer", "county_officer", "city_officer", "unit_officer", "dashboard", "admin"]
)
def test_only_cadres_ask_for_leave(world, who):
    assert world.as_(who).post("/leaves", body()).status_code == 403
    assert world.as_(who).post("/leaves/preview", body()).status_code == 403


@pytest.mark.parametrize("who", ["li", "township_officer", "county_officer", "city_officer", "unit_officer"])
def test_a_request_is_seen_by_the_cadre_and_the_officers_of_its_scope(world, who):
    leave = ask(world)
    assert world.as_(who).get(f"/leaves/{leave['id']}").json() == leave
    assert world.as_(who).get("/leaves").json()["items"] == [leave]


@pytest.mark.parametrize(
    "who",
    [
        "wang",
        "sibling_township_officer",
        "foreign_township_officer",
        "foreign_county_officer",
        "foreign_unit_officer",
    ],
)
def test_to_everybody_else_it_answers_like_one_that_does_not_exist(world, who):
    leave = ask(world)
    reader = world.as_(who)
    answer, missing = reader.get(f"/leaves/{leave['id']}"), reader.get(f"/leaves/{uuid4()}")
    assert answer.status_code == missing.status_code == 404
    assert {**answer.json(), "trace_id": ""} == {**missing.json(), "trace_id": ""}
    assert reader.get("/leaves").json()["items"] == []


@pytest.mark.parametrize("who", ["dashboard", "admin"])
def test_dashboards_and_administrators_read_no_leave(world, who):
    leave = ask(world)
    assert world.as_(who).get("/leaves").status_code == 403
    assert world.as_(who).get(f"/leaves/{leave['id']}").status_code == 403


def test_the_list_is_paged_newest_first_and_filtered_by_state_and_area(world, clock):
    made = []
    for number in range(5):
        made.append(ask(world, starts_on=MONDAY + timedelta(days=7 * number), days=1))
        clock.forward(seconds=1)
    foreign_to_township = ask(world, "sun")
    granted = grant(world, made[2], "township_officer")
    county = world.as_("county_officer")
    first = county.get("/leaves?limit=4").json()
    rest = county.get(f"/leaves?limit=4&cursor={first['next_cursor']}").json()
    listed = [leave["id"] for leave in first["items"] + rest["items"]]
    assert listed == [leave["id"] for leave in [foreign_to_township, *reversed(made)]]
    assert rest["next_cursor"] is None
    assert county.get("/leaves?state=approved").json()["items"] == [granted]
    assert county.get(f"/leaves?area={SIBLING_TOWNSHIP}").json()["items"] == [foreign_to_township]
    assert county.get(f"/leaves?area={FOREIGN_COUNTY}").status_code == 404
    assert county.get("/leaves?state=unknown").status_code == 422


@pytest.mark.parametrize("instant", ["2026-11-23T08:05:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_cursor_that_was_tampered_with_is_refused(world, instant):
    text = f'["{instant}","{uuid4()}"]'
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    answer = world.as_("county_officer").get(f"/leaves?cursor={cursor}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_cursor")


def test_each_office_finds_the_requests_that_wait_for_it(offices_world):
    world = offices_world
    short = ask(world, "li", days=1)
    middle = ask(world, "wang", days=8)
    long_of_county_unit = ask(world, "zhao", days=16)
    long_of_city_unit = ask(world, "qian", days=16)

    def waiting(who: str) -> set[str]:
        return {leave["id"] for leave in world.as_(who).get("/leaves?awaiting=me").json()["items"]}

    assert waiting("township_officer") == {short["id"]}
    assert waiting("county_officer") == {middle["id"], long_of_county_unit["id"]}
    assert waiting("city_officer") == {long_of_city_unit["id"]}
    assert waiting("unit_officer") == {long_of_county_unit["id"]}
    assert waiting("city_unit_officer") == {long_of_city_unit["id"]}
    assert waiting("foreign_county_officer") == waiting("sibling_township_officer") == waiting("li") == set()
    decide(world, "county_officer", long_of_county_unit)
    assert waiting("county_officer") == {middle["id"]}
    assert waiting("unit_officer") == {long_of_county_unit["id"]}
    decide(world, "unit_officer", long_of_county_unit, "reject")
    assert waiting("unit_officer") == set()
