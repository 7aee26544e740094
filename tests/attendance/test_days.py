"""The day of a posting, from the first check-in to the township's confirmation and after it."""

from uuid import uuid4

import pytest

from app.attendance.close import close_due_days
from tests.checkins.test_checkins import body
from tests.support.world import COUNTY, SIBLING_TOWNSHIP, TOWNSHIP


@pytest.fixture
def close(database, clock):
    return lambda: close_due_days(database, clock())


def day(world, who, date, reader="township_officer"):
    answer = world.as_(reader).get(f"/postings/{world.postings[who]}/days/{date}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_day_without_evidence_is_pending_until_it_closes_at_half_past_midnight_and_absent_from_then_on(
    world, clock, close
):
    clock.set("2026-11-24 00:29")
    assert close() == 0
    assert day(world, "wang", "2026-11-23")["status"] == "pending"
    clock.set("2026-11-24 00:30")
    assert close() == 2, "one day of each of two counties"
    assert day(world, "wang", "2026-11-23")["status"] == "absent"


def test_closing_twice_changes_nothing(world, clock, close):
    clock.set("2026-11-24 00:30")
    close()
    before = day(world, "wang", "2026-11-23")["revisions"]
    assert close() == 0
    assert day(world, "wang", "2026-11-23")["revisions"] == before
    assert len(before) == 1


def test_days_that_were_missed_are_closed_in_order(world, clock, close):
    clock.set("2026-11-27 09:00")
    assert close() == 2 * 4, "Monday to Thursday"
    days = world.as_("li").get(f"/postings/{world.postings['li']}/days?from=2026-11-23&to=2026-11-27").json()["items"]
    assert [d["status"] for d in days] == ["absent"] * 4 + ["pending"]


def test_a_check_in_that_was_made_offline_reopens_the_closed_day(world, clock, close):
    clock.set("2026-11-24 08:00")
    close()
    sent = body("2026-11-23T09:00:00+08:00")
    answer = world.as_("li").post("/check-ins", sent)
    assert answer.json()["risk_flags"] == ["late_upload"]
    explained = day(world, "li", "2026-11-23")
    assert (explained["status"], explained["exceptions"], explained["confirmed"]) == ("on_post", ["late_upload"], False)
    assert [r["status"] for r in explained["revisions"]] == ["absent", "on_post"]
    assert [r["cause"] for r in explained["revisions"]] == ["close", "check_in"]


def test_the_township_confirms_its_day_in_one_request_and_the_exception_is_settled(world, clock, close):
    clock.set("2026-11-24 08:00")
    close()
    world.as_("li").post("/check-ins", body("2026-11-23T09:00:00+08:00"))
    answer = world.as_("township_officer").post("/days/confirmations", {"date": "2026-11-23", "area_code": TOWNSHIP})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["confirmed"], answer.json()["pending"]) == (3, [])
    explained = day(world, "li", "2026-11-23")
    assert (explained["status"], explained["confirmed"], explained["exceptions"]) == ("on_post", True, [])


def test_a_late_upload_after_the_confirmation_takes_the_confirmation_back(world, clock, close):
    clock.set("2026-11-24 08:00")
    close()
    world.as_("township_officer").post("/days/confirmations", {"date": "2026-11-23", "area_code": TOWNSHIP})
    world.as_("li").post("/check-ins", body("2026-11-23T09:00:00+08:00"))
    explained = day(world, "li", "2026-11-23")
    assert (explained["status"], explained["confirmed"]) == ("on_post", False)


def test_a_status_other_than_the_judged_one_needs_a_remark_and_is_a_correction(world, clock, close):
    clock.set("2026-11-24 08:00")
    close()
    officer = world.as_("township_officer")
    item = {"posting_id": str(world.postings["wang"]), "status": "official"}
    refused = officer.post("/days/confirmations", {"date": "2026-11-23", "area_code": TOWNSHIP, "items": [item]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/items/0/remark")
    assert day(world, "wang", "2026-11-23")["status"] == "absent"
    item["remark"] = "到县开会"
    answer = officer.post("/days/confirmations", {"date": "2026-11-23", "area_code": TOWNSHIP, "items": [item]})
    assert (answer.json()["confirmed"], answer.json()["corrected"]) == (1, 1)
    assert day(world, "wang", "2026-11-23")["status"] == "official"
    assert day(world, "li", "2026-11-23")["confirmed"] is False, "only the items that are named"


def test_an_open_day_can_be_confirmed_where_it_is_judged_and_waits_where_it_is_not(world, clock):
    world.as_("li").post("/check-ins", body())
    answer = world.as_("township_officer").post("/days/confirmations", {"date": "2026-11-23", "area_code": TOWNSHIP})
    assert answer.json()["confirmed"] == 1
    assert set(answer.json()["pending"]) == {str(world.postings["wang"]), str(world.postings["zhao"])}


def test_a_registration_on_paper_counts_as_a_check_in_does(world, clock, close):
    clock.set("2026-11-24 08:00")
    close()
    entry = {"posting_id": str(world.postings["wang"]), "date": "2026-11-23", "source": "paper", "note": "签到簿"}
    answer = world.as_("township_officer").post("/registrations", entry)
    assert (answer.status_code, answer.json()["day_status"]) == (201, "on_post")


def test_a_correction_outranks_every_fact_and_the_older_one_stays_on_record(world, clock, close):
    world.as_("li").post("/check-ins", body())
    clock.set("2026-11-24 08:00")
    close()
    officer = world.as_("township_officer")
    correction = {"posting_id": str(world.postings["li"]), "date": "2026-11-23"}
    officer.post("/days/corrections", {**correction, "status": "absent", "reason": "他人代为登记"})
    clock.forward(minutes=5)
    officer.post("/days/corrections", {**correction, "status": "leave", "reason": "补请假手续"})
    explained = day(world, "li", "2026-11-23")
    assert (explained["status"], explained["confirmed"]) == ("leave", True)
    assert [r["status"] for r in explained["revisions"]] == ["on_post", "absent", "leave"]
    assert explained["revisions"][-1]["reason"] == "补请假手续"


@pytest.mark.parametrize(
    ("who", "method", "path", "sent", "status"),
    [
        ("cadre", "POST", "/days/confirmations", {"date": "2026-11-23", "area_code": TOWNSHIP}, 403),
        ("county_officer", "POST", "/days/confirmations", {"date": "2026-11-23", "area_code": TOWNSHIP}, 403),
        ("township_officer", "POST", "/days/confirmations", {"date": "2026-11-23", "area_code": COUNTY}, 404),
        ("township_officer", "POST", "/days/confirmations", {"date": "2026-11-23", "area_code": SIBLING_TOWNSHIP}, 404),
        ("township_officer", "POST", "/days/confirmations", {"date": "2026-11-24", "area_code": TOWNSHIP}, 422),
    ],
)
def test_a_confirmation_is_the_townships_own_and_of_days_that_have_begun(world, who, method, path, sent, status):
    assert world.as_(who).request(method, path, json=sent).status_code == status


def test_the_days_of_an_area_list_their_evidence_and_can_be_narrowed_to_exceptions(world, clock):
    world.as_("li").post("/check-ins", body())
    world.as_("wang").post("/check-ins", {**body(), "position": None, "id": str(uuid4())})
    officer = world.as_("township_officer")
    listed = officer.get(f"/days?area={TOWNSHIP}&date=2026-11-23").json()["items"]
    assert [(d["cadre"]["name"], d["status"], len(d["evidence"])) for d in listed] == [
        ("干部1", "on_post", 1),
        ("干部2", "pending", 1),
        ("干部3", "pending", 0),
    ]
    exceptions = officer.get(f"/days?area={TOWNSHIP}&date=2026-11-23&exceptions=true").json()["items"]
    assert [d["cadre"]["name"] for d in exceptions] == ["干部2"]


def test_an_outside_check_in_is_kept_and_only_the_township_turns_it_into_presence(world, clock):
    sent = body(lng=111.2)
    answer = world.as_("li").post("/check-ins", sent).json()
    assert (answer["verdict"], answer["counts"], answer["day_status"]) == ("outside", False, "pending")
    decision = {"accept": True, "reason": "电话核实在村"}
    accepted = world.as_("township_officer").post(f"/check-ins/{sent['id']}/acceptance", decision)
    assert accepted.status_code == 200, accepted.text
    assert day(world, "li", "2026-11-23")["status"] == "on_post"
    refused = world.as_("sibling_township_officer").post(f"/check-ins/{sent['id']}/acceptance", decision)
    assert refused.status_code == 404


@pytest.mark.parametrize("asked", ["from=2026-11-23&to=2026-11-20", "from=2026-11-24"])
def test_days_that_are_asked_for_backwards_are_refused(world, asked):
    answer = world.as_("li").get(f"/postings/{world.postings['li']}/days?{asked}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "dates_reversed")
    assert (
        world.as_("li").get(f"/postings/{world.postings['li']}/days?from=2026-11-24&to=2026-11-24").json()["items"]
        == []
    )
