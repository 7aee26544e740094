"""Local provisions over HTTP: what a county may provide, who sees it, and from when it holds."""

from sqlalchemy import func, select

from app.models import AuditEvent, LocalProvision
from tests.checkins.test_checkins import body as check_in_body
from tests.leaves.support import ask
from tests.provisions.support import TOMORROW, provide, provision, value_of
from tests.support.world import (
    CITY,
    COUNTY,
    FOREIGN_COUNTY,
    FOREIGN_VILLAGE,
    SECOND_VILLAGE,
    SIBLING_VILLAGE,
    TOWNSHIP,
    VILLAGE,
)

EVERYBODY = ("cadre", "township_officer", "county_officer", "city_officer", "unit_officer", "dashboard", "admin")
APPROVED = {"approval_document": "青扶组〔2026〕8号"}


def refused(world, **fields) -> tuple[int, str, str]:
    """Status, pointer and code of a provision that is not taken."""
    answer = world.as_("county_officer").post("/provisions", provision(**fields))
    [error] = answer.json()["errors"]
    return answer.status_code, error["pointer"], error["code"]


# ------------------------------------------------------------------ reading


def test_anyone_signed_in_reads_the_law_with_its_articles_and_words(world):
    answers = {who: world.as_(who).get("/provisions") for who in EVERYBODY}
    assert {answer.status_code for answer in answers.values()} == {200}
    answer = answers["dashboard"]
    listed = {item["key"]: item for item in answer.json()["items"]}
    week = listed["leave.township_days"]
    assert (week["value"], week["kind"], week["article"], week["area"]) == (7, "text", "第九条（二）", None)
    assert "一周以内" in week["quote"]
    assert (week["in_force_from"], week["in_force"], week["amendable"]) == ("2018-07-05", True, True)
    assert listed["day.absent"]["amendable"] is False
    assert answer.json()["next_cursor"] is None


def test_nobody_reads_the_law_without_signing_in(client):
    assert client.get("/api/v1/provisions").status_code == 401


def test_a_setting_has_no_article_and_a_reading_no_quote_that_it_does_not_have(world):
    for item in world.as_("admin").get("/provisions").json()["items"]:
        if item["kind"] == "local":
            assert (item["article"], item["quote"]) == (None, None), item["key"]
        if item["kind"] == "text":
            assert item["article"], item["key"]
            assert item["quote"], item["key"]
        if item["kind"] == "reading":
            assert item["reading"], item["key"]
            assert item["quote"] is None, item["key"]


def test_before_the_text_nothing_was_in_force(world):
    assert world.as_("admin").get("/provisions?on=2018-07-04").json()["items"] == []
    assert len(world.as_("admin").get("/provisions?on=2018-07-05").json()["items"]) > 40


def test_the_own_area_is_the_default_and_another_countys_is_not_there(world):
    areas = {who: world.as_(who).get("/provisions").json()["area_code"] for who in EVERYBODY}
    assert areas == {
        "cadre": VILLAGE,
        "township_officer": TOWNSHIP,
        "county_officer": COUNTY,
        "city_officer": CITY,
        "unit_officer": COUNTY,
        "dashboard": COUNTY,
        "admin": None,
    }
    never_was = world.as_("county_officer").get("/provisions?area=990199000000")
    foreign = world.as_("county_officer").get(f"/provisions?area={FOREIGN_COUNTY}")
    assert never_was.status_code == foreign.status_code == 404
    assert never_was.json() | {"trace_id": ""} == foreign.json() | {"trace_id": ""}
    assert world.as_("cadre").get(f"/provisions?area={COUNTY}").status_code == 200
    assert world.as_("city_officer").get(f"/provisions?area={FOREIGN_VILLAGE}").status_code == 200


# ------------------------------------------------------------------ providing


def test_a_county_tightens_the_text_from_a_day_on_for_its_own_area_alone(world):
    made = provide(world, "leave.township_days", 3, article="云驻村办〔2026〕3号", quote="三天以内由乡镇批准")
    assert (made["kind"], made["area"], made["in_force"]) == ("local", COUNTY, False)
    assert (made["text"]["value"], made["text"]["article"]) == (7, "第九条（二）")
    assert value_of(world, "cadre", "leave.township_days", "2026-11-23") == 7, "not before its day"
    assert value_of(world, "cadre", "leave.township_days", TOMORROW) == 3
    assert value_of(world, "zhou", "leave.township_days", TOMORROW) == 7, "another county"
    assert value_of(world, "city_officer", "leave.township_days", TOMORROW, CITY) == 7, "the city as a whole"


def test_a_townships_own_provision_goes_before_its_countys_whichever_is_newer(world):
    provide(world, "board.mask_phone", True, TOMORROW, area_code=TOWNSHIP)
    provide(world, "board.mask_phone", False, "2026-11-25")
    assert value_of(world, "county_officer", "board.mask_phone", "2026-11-26", VILLAGE) is True
    assert value_of(world, "county_officer", "board.mask_phone", "2026-11-26", SIBLING_VILLAGE) is False


def test_amending_appends_and_the_last_one_entered_for_a_day_holds(world, database):
    provide(world, "filing.daily_due_hours", 10)
    provide(world, "filing.daily_due_hours", 11)
    provide(world, "filing.daily_due_hours", 8, "2026-12-01")
    assert value_of(world, "county_officer", "filing.daily_due_hours", "2026-11-30") == 11
    assert value_of(world, "county_officer", "filing.daily_due_hours", "2026-12-01") == 8
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LocalProvision)) == 3
    history = world.as_("cadre").get("/provisions?key=filing.daily_due_hours&on=2026-11-30").json()["items"]
    assert [(item["value"], item["in_force"]) for item in history] == [(12, False), (10, False), (11, True), (8, False)]


def test_a_history_holds_nothing_of_other_areas(world):
    provide(world, "board.mask_phone", True, area_code=SECOND_VILLAGE)
    assert len(world.as_("li").get("/provisions?key=board.mask_phone").json()["items"]) == 1
    assert len(world.as_("zhao").get("/provisions?key=board.mask_phone").json()["items"]) == 2
    assert world.as_("li").get("/provisions?key=no.such").status_code == 422


REFUSED = (
    ({"key": "leave.nothing"}, "/key", "unknown_key"),
    ({"key": "Leave!"}, "/key", "string_pattern_mismatch"),
    ({"key": "day.absent", "value": "rest"}, "/key", "fixed"),
    ({"key": "recall.procedure", "value": "none", **APPROVED}, "/key", "fixed"),
    ({"value": 8}, "/value", "contradicts_text"),
    ({"value": 0}, "/value", "out_of_range"),
    ({"value": 3.5}, "/value", "wrong_type"),
    ({"value": "3"}, "/value", "wrong_type"),
    ({"value": True}, "/value", "wrong_type"),
    ({"value": None}, "/value", "wrong_type"),
    ({"value": [3]}, "/value", "wrong_type"),
    ({"value": {"days": 3}}, "/value", "value_too_large"),
    ({"key": "leave.county_days", "value": 6}, "/value", "out_of_order"),
    ({"key": "leave.long_city_units", "value": ["unit"]}, "/value", "contradicts_text"),
    ({"key": "leave.long_other_units", "value": []}, "/value", "out_of_range"),
    ({"key": "leave.long_other_units", "value": ["unit", "unit"]}, "/value", "out_of_range"),
    ({"key": "leave.long_other_units", "value": ["mayor"]}, "/value", "out_of_range"),
    ({"key": "absence.unit", "value": "weeks"}, "/value", "out_of_range"),
    ({"key": "team.minimum_members", "value": 2}, "/value", "contradicts_text"),
    ({"key": "recall.score_percent", "value": 50}, "/value", "contradicts_text"),
    ({"key": "day.closes_at", "value": "12:00"}, "/value", "out_of_range"),
    ({"key": "day.closes_at", "value": "01:00", "area_code": TOWNSHIP}, "/area_code", "county_wide"),
    ({"key": "presence.verdict", "value": 5.0}, "/value", "out_of_range"),
    ({"start": "2026-11-23"}, "/in_force_from", "back_dated"),
    ({"start": "2018-07-01"}, "/in_force_from", "back_dated"),
    ({"quote": "三天"}, "", "quote_without_article"),
)


def test_what_a_county_may_not_provide_is_refused_with_the_field_that_is_at_fault(world):
    world.as_("li").post("/check-ins", check_in_body())
    for fields, pointer, code in REFUSED:
        assert refused(world, **fields) == (422, pointer, code), fields


def test_a_number_that_is_none_is_refused(world):
    sent = '{"key": "presence.verdict", "value": NaN, "in_force_from": "2026-11-24"}'
    headers = {"content-type": "application/json"}
    answer = world.as_("county_officer").request("POST", "/provisions", content=sent, headers=headers)
    assert answer.status_code == 422, answer.text
    assert "NaN" not in answer.text


ALLOWED = (
    ("leave.township_days", 7),
    ("leave.township_days", 1),
    ("absence.consecutive_days", 10),
    ("absence.unit", "working_days"),
    ("leave.long_other_units", ["city", "unit"]),
    ("leave.adjoining_adds_up", False),
    ("presence.verdict", 2),
    ("team.minimum_members", 4),
    ("day.closes_at", "08:00"),
)


def test_a_county_tightens_the_text_and_settles_what_it_leaves_open(world):
    for key, value in ALLOWED:
        provide(world, key, value)
        assert value_of(world, "county_officer", key, TOMORROW) == value


def test_only_an_approval_with_a_document_number_lets_a_county_loosen_the_text(world):
    assert refused(world, value=10)[2] == "contradicts_text"
    made = provide(world, "leave.township_days", 10, **APPROVED)
    assert made["approval_document"] == "青扶组〔2026〕8号"
    assert value_of(world, "li", "leave.township_days", TOMORROW) == 10
    assert refused(world, value=400, **APPROVED)[2] == "out_of_range", "an approval does not lift the bounds"
    assert refused(world, value=16, **APPROVED)[2] == "out_of_order"


def test_a_blank_document_number_approves_nothing(world):
    assert (
        world.as_("county_officer").post("/provisions", provision(value=10, approval_document="  ")).status_code == 422
    )


def test_past_days_keep_their_law_but_a_county_with_nothing_on_record_enters_what_has_long_been_in_force(world):
    """What a county had in force before it began with the service changes no day that was judged."""
    provide(world, "leave.township_days", 3, "2019-01-01")
    assert value_of(world, "li", "leave.township_days", "2020-05-05") == 3
    assert refused(world, start="2018-07-04") == (422, "/in_force_from", "before_text")
    ask(world, days=2)
    assert refused(world, start="2026-11-23") == (422, "/in_force_from", "back_dated")
    provide(world, "leave.township_days", 2, TOMORROW)


def test_only_the_county_provides(world):
    for who in EVERYBODY:
        wanted = 201 if who == "county_officer" else 403
        assert world.as_(who).post("/provisions", provision()).status_code == wanted, who


def test_a_county_provides_for_its_own_area_and_others_do_not_exist_for_it(world):
    officer = world.as_("county_officer")
    answers = [
        officer.post("/provisions", provision(area_code=code))
        for code in (FOREIGN_COUNTY, FOREIGN_VILLAGE, CITY, "990101999000", "990199000000")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({str(answer.json() | {"trace_id": ""}) for answer in answers}) == 1


def test_a_provision_is_in_the_audit_trail_of_its_county(world, database):
    made = provide(world, "leave.township_days", 10, **APPROVED)
    with database.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "provision.created")).one()
    assert (event.chain, event.target, event.by) == (COUNTY, "leave.township_days", world.accounts["county_officer"])
    assert event.details["provision_id"] == made["id"]
    assert (event.details["value"], event.details["approval_document"]) == (10, "青扶组〔2026〕8号")


def test_a_refused_provision_leaves_nothing_behind(world, database):
    refused(world, value=8)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LocalProvision)) == 0
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 0
