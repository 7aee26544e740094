"""The door for complaints."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from app.models import Area, AuditEvent, Feedback
from app.settings import Settings
from tests.support.world import CITY, COUNTY, FOREIGN_COUNTY, VILLAGE

ANYBODY = "/api/v1/feedback"


def stored(database):
    with database.reading() as session:
        return session.scalars(select(Feedback).order_by(Feedback.id)).all()


def texts(world, who, query=""):
    return [item["text"] for item in world.as_(who).get(f"/feedback{query}").json()["items"]]


def test_a_resident_without_an_account_may_complain_and_the_named_areas_county_sees_it(world, database):
    answer = world.client.post(ANYBODY, json={"text": "登记太繁琐", "contact": "13900000099", "area_code": VILLAGE})
    assert answer.status_code == 201
    (row,) = stored(database)
    assert answer.json() == {"id": str(row.id), "received_at": "2026-11-23T08:05:00+08:00"}
    assert (row.county_code, row.account_id) == (COUNTY, None)
    (item,) = world.as_("county_officer").get("/feedback").json()["items"]
    assert (item["text"], item["contact"]) == ("登记太繁琐", "13900000099")
    assert texts(world, "foreign_county_officer") == []


@pytest.mark.parametrize(
    ("who", "county"),
    [
        ("li", COUNTY),
        ("township_officer", COUNTY),
        ("unit_officer", COUNTY),
        ("zhou", FOREIGN_COUNTY),
        ("foreign_county_officer", FOREIGN_COUNTY),
    ],
)
def test_a_signed_in_users_complaint_goes_to_the_own_county_whatever_area_is_named(world, database, who, county):
    assert world.as_(who).post("/feedback", {"text": "意见", "area_code": VILLAGE}).status_code == 201
    (row,) = stored(database)
    assert (row.county_code, row.account_id) == (county, world.accounts[who])


@pytest.mark.parametrize("area", [None, CITY])
def test_a_complaint_addressed_to_no_county_is_seen_by_every_office_so_that_it_is_not_lost(world, area):
    body = {"text": "不知道归谁管"} | ({"area_code": area} if area else {})
    world.client.post(ANYBODY, json=body)
    for who in ("county_officer", "foreign_county_officer", "city_officer"):
        assert texts(world, who) == ["不知道归谁管"], who


def test_where_there_is_only_one_county_an_unaddressed_complaint_is_its(client, database):
    with database.writing() as session:
        session.add(Area(code=COUNTY, name="云岭县", level="county", parent_code=None))
    client.post(ANYBODY, json={"text": "一个县"})
    assert [row.county_code for row in stored(database)] == [COUNTY]


def test_the_city_sees_all_its_counties(world):
    world.as_("li").post("/feedback", {"text": "甲"})
    world.as_("zhou").post("/feedback", {"text": "乙"})
    assert texts(world, "city_officer") == ["乙", "甲"]
    assert texts(world, "county_officer") == ["甲"]


def test_only_county_and_city_offices_read_complaints(world):
    for who in ("li", "township_officer", "unit_officer", "dashboard", "admin"):
        assert world.as_(who).get("/feedback").status_code == 403, who
    assert world.client.get(ANYBODY).status_code == 401


def test_a_token_that_is_not_in_order_is_refused_and_nothing_is_stored(world, database):
    answer = world.client.post(ANYBODY, json={"text": "意见"}, headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert stored(database) == []


def test_an_unknown_area_is_told_and_nothing_is_stored(world, database):
    answer = world.client.post(ANYBODY, json={"text": "意见", "area_code": "123456789012"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/area_code")
    assert stored(database) == []


def test_a_complaint_has_words_and_a_bound(world):
    for body in ({"text": " "}, {"text": "字" * 5001}, {"text": "意见", "contact": "9" * 101}, {}):
        assert world.client.post(ANYBODY, json=body).status_code == 422
    assert world.client.post(ANYBODY, json={"text": "字" * 5000, "contact": "9" * 100}).status_code == 201


def test_the_county_answers_once_and_whoever_has_the_id_reads_the_answer(world, database, clock):
    feedback_id = world.client.post(
        ANYBODY, json={"text": "请改为离线补传", "contact": "13900000099", "area_code": VILLAGE}
    ).json()["id"]
    assert world.client.get(f"{ANYBODY}/{feedback_id}").json()["answer"] is None
    clock.forward(hours=1)
    officer = world.as_("county_officer")
    answer = officer.post(f"/feedback/{feedback_id}/answer", {"answer": "已开通离线登记"})
    assert (answer.status_code, answer.json()["answer"]) == (200, "已开通离线登记")
    again = officer.post(f"/feedback/{feedback_id}/answer", {"answer": "再答"})
    assert (again.status_code, again.json()["code"]) == (409, "already_answered")
    public = world.client.get(f"{ANYBODY}/{feedback_id}")
    assert public.json() == {
        "id": feedback_id,
        "received_at": "2026-11-23T08:05:00+08:00",
        "answer": "已开通离线登记",
        "answered_at": "2026-11-23T09:05:00+08:00",
    }
    with database.reading() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "feedback.answer"))
        assert (event.chain, event.target, event.by) == (COUNTY, feedback_id, world.accounts["county_officer"])


def test_answered_and_unanswered_complaints_can_be_asked_for(world):
    ids = [world.as_("li").post("/feedback", {"text": text}).json()["id"] for text in ("甲", "乙")]
    world.as_("county_officer").post(f"/feedback/{ids[0]}/answer", {"answer": "好"})
    assert texts(world, "county_officer", "?answered=true") == ["甲"]
    assert texts(world, "county_officer", "?answered=false") == ["乙"]


def test_another_countys_complaint_answers_like_one_that_does_not_exist(world):
    feedback_id = world.as_("li").post("/feedback", {"text": "意见"}).json()["id"]
    officer = world.as_("foreign_county_officer")
    outside = officer.post(f"/feedback/{feedback_id}/answer", {"answer": "好"})
    missing = officer.post(f"/feedback/{uuid4()}/answer", {"answer": "好"})
    assert outside.status_code == missing.status_code == 404
    assert {**outside.json(), "trace_id": ""} == {**missing.json(), "trace_id": ""}
    assert world.as_("city_officer").post(f"/feedback/{feedback_id}/answer", {"answer": "好"}).status_code == 403
    assert world.client.get(f"{ANYBODY}/{uuid4()}").status_code == 404


def test_an_unaddressed_complaint_becomes_the_answering_countys(world):
    feedback_id = world.client.post(ANYBODY, json={"text": "不知道归谁管"}).json()["id"]
    world.as_("county_officer").post(f"/feedback/{feedback_id}/answer", {"answer": "归我们"})
    assert texts(world, "county_officer") == ["不知道归谁管"]
    assert texts(world, "foreign_county_officer") == []


def test_complaints_are_paged_newest_first(world):
    for text in ("甲", "乙", "丙"):
        world.as_("li").post("/feedback", {"text": text})
    officer = world.as_("county_officer")
    first = officer.get("/feedback?limit=2").json()
    second = officer.get(f"/feedback?limit=2&cursor={first['next_cursor']}").json()
    assert [[item["text"] for item in page["items"]] for page in (first, second)] == [["丙", "乙"], ["甲"]]


class TestWithRateLimits:
    @pytest.fixture
    def settings(self, database_url, tmp_path):
        return Settings(database_url=database_url, storage_dir=tmp_path, rate_limits=True)

    def test_the_eleventh_complaint_of_an_address_within_an_hour_is_refused(self, world):
        answers = [world.client.post(ANYBODY, json={"text": "意见"}).status_code for _ in range(11)]
        assert answers == [201] * 10 + [429]
