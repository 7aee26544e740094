"""What comes in after somebody has looked at a day is shown; what had come in by then is not shown again."""

from datetime import date

import pytest

from app.attendance.close import close_due_days
from app.attendance.rejudge import rejudge
from app.models import Posting
from tests.checkins.test_checkins import body as check_in
from tests.support.world import TOWNSHIP
from tests.whereabouts.support import declare


@pytest.fixture
def close(database, clock):
    return lambda: close_due_days(database, clock())


def confirm(world, day):
    body = {"date": day, "area_code": TOWNSHIP}
    assert world.as_("township_officer").post("/days/confirmations", body).status_code == 200


def explain(world, who, day):
    return world.as_("township_officer").get(f"/postings/{world.postings[who]}/days/{day}").json()


LATE_OR_DOUBTFUL = {
    "ten days late": ("2026-12-03 09:00", check_in("2026-11-23T08:05:00+08:00")),
    "without a position": ("2026-11-24 10:00", check_in("2026-11-23T08:05:00+08:00") | {"position": None}),
}


def exceptions_of(world, day, area=TOWNSHIP):
    answer = world.as_("township_officer").get(f"/days?area={area}&date={day}&exceptions=true").json()
    found = {item["posting_id"]: set(item["exceptions"]) - {"calendar_assumed"} for item in answer["items"]}
    return {posting_id: list(names) for posting_id, names in found.items() if names}


@pytest.mark.parametrize("how", LATE_OR_DOUBTFUL)
@pytest.mark.parametrize("corrected", [False, True])
def test_evidence_that_comes_after_a_confirmation_or_correction_is_shown_until_the_next_one(
    world, clock, close, how, corrected
):
    clock.set("2026-11-24 09:00")
    close()
    li = str(world.postings["li"])
    if corrected:
        body = {"posting_id": li, "date": "2026-11-23", "status": "absent", "reason": "核实"}
        assert world.as_("township_officer").post("/days/corrections", body).status_code == 201
    else:
        confirm(world, "2026-11-23")
    at, sent = LATE_OR_DOUBTFUL[how]
    clock.set(at)
    close()
    answer = world.as_("li").post("/check-ins", sent).json()
    assert (answer["counts"], answer["day_status"]) == (False, "absent")
    assert exceptions_of(world, "2026-11-23") == {li: ["evidence_waiting"]}
    shown = explain(world, "li", "2026-11-23")
    assert (shown["status"], shown["confirmed"], shown["revisions"][-1]["cause"]) == ("absent", True, "check_in")
    clock.forward(minutes=5)
    confirm(world, "2026-11-23")
    assert exceptions_of(world, "2026-11-23") == {}
    clock.forward(minutes=5)
    note = {"posting_id": li, "date": "2026-11-24", "source": "paper"}
    assert world.as_("township_officer").post("/registrations", note).status_code == 201
    world.as_("li").post("/check-ins", check_in("2026-11-23T09:00:00+08:00") | {"position": None})
    assert exceptions_of(world, "2026-11-23") == {li: ["evidence_waiting"]}, "what is new again"


def test_evidence_that_a_confirmation_has_settled_stays_settled_whatever_is_judged_again(world, clock, close):
    outside = check_in(lat=37.0)
    assert world.as_("li").post("/check-ins", outside).json()["counts"] is False
    clock.set("2026-11-24 09:00")
    close()
    clock.forward(minutes=1)
    confirm(world, "2026-11-23")
    clock.forward(minutes=1)
    with world.database.writing() as session:
        posting = session.get_one(Posting, world.postings["li"])
        day = date(2026, 11, 23)
        assert rejudge(session, [posting], day, day, now=clock(), by=None, cause="calendar") == 0
    assert exceptions_of(world, "2026-11-23") == {}


def test_a_late_upload_that_counts_is_shown_on_a_day_that_was_corrected_before_it_came(world, clock, close):
    clock.set("2026-11-24 09:00")
    close()
    body = {"posting_id": str(world.postings["li"]), "date": "2026-11-23", "status": "absent", "reason": "未见到人"}
    assert world.as_("township_officer").post("/days/corrections", body).status_code == 201
    clock.set("2026-11-25 09:00")
    answer = world.as_("li").post("/check-ins", check_in("2026-11-23T08:05:00+08:00")).json()
    assert (answer["counts"], answer["day_status"]) == (True, "absent")
    said = exceptions_of(world, "2026-11-23")
    assert {who: set(names) for who, names in said.items()} == {
        str(world.postings["li"]): {"late_upload", "present_since_correction"}
    }


def correct(world, who, day, status):
    body = {"posting_id": str(world.postings[who]), "date": day, "status": status, "reason": "核实"}
    assert world.as_("township_officer").post("/days/corrections", body).status_code == 201


def check_in_now(world):
    assert world.as_("li").post("/check-ins", check_in()).json()["counts"] is True


def register(world):
    note = {"posting_id": str(world.postings["li"]), "date": "2026-11-23", "source": "paper"}
    assert world.as_("township_officer").post("/registrations", note).status_code == 201


def accept(world):
    [waiting] = world.as_("township_officer").get(f"/check-ins?area={TOWNSHIP}&date=2026-11-23").json()["items"]
    body = {"accept": True, "reason": "入户核实"}
    answer = world.as_("township_officer").post(f"/check-ins/{waiting['id']}/acceptance", body)
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize("present", [check_in_now, register, accept])
@pytest.mark.parametrize("status", ["absent", "official", "on_post"])
def test_presence_of_which_a_correction_did_not_know_is_shown_beside_it_until_somebody_looks_again(
    world, clock, present, status
):
    if present is accept:
        world.as_("li").post("/check-ins", check_in(lat=37.0))
    clock.forward(minutes=1)
    correct(world, "li", "2026-11-23", status)
    assert exceptions_of(world, "2026-11-23") == {}
    clock.forward(minutes=1)
    present(world)
    said = exceptions_of(world, "2026-11-23")
    assert said == ({} if status == "on_post" else {str(world.postings["li"]): ["present_since_correction"]})
    assert explain(world, "li", "2026-11-23")["status"] == status, "the correction stands"
    clock.forward(minutes=1)
    correct(world, "li", "2026-11-23", "rest")
    assert exceptions_of(world, "2026-11-23") == {}, "whoever corrects it now knows"


def revisions_of(world, day):
    return [revision["cause"] for revision in explain(world, "li", day)["revisions"]]


def test_whoever_confirms_the_corrected_day_has_looked_too(world, clock, close):
    clock.set("2026-11-24 09:00")
    close()
    correct(world, "li", "2026-11-23", "absent")
    clock.forward(minutes=1)
    register(world)
    assert exceptions_of(world, "2026-11-23") == {str(world.postings["li"]): ["present_since_correction"]}
    clock.forward(minutes=1)
    confirm(world, "2026-11-23")
    assert exceptions_of(world, "2026-11-23") == {}
    assert explain(world, "li", "2026-11-23")["status"] == "absent"
    assert revisions_of(world, "2026-11-23") == ["close", "correction", "registration", "confirmation"]


def test_more_presence_on_a_confirmed_day_that_nobody_corrected_is_nothing_to_look_at(world, clock, close):
    check_in_now(world)
    clock.set("2026-11-24 09:00")
    close()
    confirm(world, "2026-11-23")
    clock.forward(minutes=1)
    register(world)
    assert explain(world, "li", "2026-11-23")["facts"]["present_since_correction"] is False
    before = revisions_of(world, "2026-11-23")
    clock.forward(minutes=1)
    confirm(world, "2026-11-23")
    assert revisions_of(world, "2026-11-23") == before


def test_presence_that_a_correction_knew_of_is_not_shown(world, clock):
    check_in_now(world)
    clock.forward(minutes=1)
    correct(world, "li", "2026-11-23", "absent")
    assert exceptions_of(world, "2026-11-23") == {}


def test_a_leave_that_the_board_says_after_the_confirmation_is_shown(world, clock, close):
    clock.set("2026-11-24 09:00")
    close()
    confirm(world, "2026-11-23")
    clock.forward(minutes=5)
    declare(world, "li", "leave", "2026-11-23 08:00")
    assert exceptions_of(world, "2026-11-23") == {str(world.postings["li"]): ["leave_not_approved"]}
