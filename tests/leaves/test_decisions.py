"""Each office decides its own step, once; nobody decides on themselves, nobody decides for another office."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.access import audit
from app.models import Account, AuditEvent, Leave, OutboxMessage
from tests.leaves.support import MONDAY, ask, body, decide, grant, offices


def events(database) -> list[dict]:
    with database.reading() as session:
        query = select(OutboxMessage).where(OutboxMessage.type == "leave.decided").order_by(OutboxMessage.id)
        return [message.payload for message in session.scalars(query)]


def read(world, leave) -> dict:
    return world.as_("county_officer").get(f"/leaves/{leave['id']}").json()


def test_the_approval_of_the_only_office_grants_the_leave(world, clock):
    leave = ask(world)
    clock.set("2026-11-23 10:30")
    answer = decide(world, "township_officer", leave, comment="同意")
    assert answer.status_code == 200
    assert answer.json()["state"] == "approved"
    assert answer.json()["route"] == [
        {
            "office": "township",
            "state": "approved",
            "decided_by": {"id": str(world.accounts["township_officer"]), "name": "township_officer"},
            "decided_at": "2026-11-23T10:30:00+08:00",
            "comment": "同意",
        }
    ]
    assert read(world, leave) == answer.json()


@pytest.mark.parametrize("order", [("county_officer", "unit_officer"), ("unit_officer", "county_officer")])
def test_a_joint_approval_is_given_in_any_order_and_is_complete_with_the_second(world, order):
    leave = ask(world, days=16)
    assert {step["state"] for step in leave["route"]} == {"open"}
    assert decide(world, order[0], leave).json()["state"] == "pending"
    answer = decide(world, order[1], leave).json()
    assert answer["state"] == "approved"
    assert [step["state"] for step in answer["route"]] == ["approved", "approved"]


def test_a_city_units_long_leave_needs_the_city_and_the_unit(offices_world):
    leave = ask(offices_world, "qian", days=16)
    assert decide(offices_world, "county_officer", leave).status_code == 403
    assert decide(offices_world, "city_officer", leave).json()["state"] == "pending"
    assert decide(offices_world, "city_unit_officer", leave).json()["state"] == "approved"


def test_one_rejection_ends_a_joint_request_and_the_other_office_is_told(world):
    leave = ask(world, days=16)
    answer = decide(world, "unit_officer", leave, "reject", "年底任务重").json()
    assert answer["state"] == "rejected"
    assert answer["covered_until"] is None
    late = decide(world, "county_officer", leave)
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")
    assert read(world, leave) == answer


def test_a_rejection_after_the_other_offices_approval_ends_the_request(world):
    leave = ask(world, days=16)
    decide(world, "county_officer", leave)
    assert decide(world, "unit_officer", leave, "reject").json()["state"] == "rejected"


@pytest.mark.parametrize("second", ["approve", "reject"])
def test_a_second_decision_on_a_step_is_told_who_decided(world, second):
    leave = ask(world)
    first = decide(world, "township_officer", leave).json()
    answer = decide(world, "township_officer", leave, second)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_decided")
    assert "township_officer" in answer.json()["detail"]
    assert "2026-11-23 08:05" in answer.json()["detail"]
    assert read(world, leave) == first


def test_a_second_decision_on_a_joint_step_does_not_stand_for_the_other_office(world):
    leave = ask(world, days=16)
    decide(world, "county_officer", leave)
    answer = decide(world, "county_officer", leave)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_decided")
    assert read(world, leave)["state"] == "pending"


@pytest.mark.parametrize(
    ("days", "who"),
    [
        (1, "county_officer"),
        (1, "city_officer"),
        (1, "unit_officer"),
        (8, "township_officer"),
        (8, "city_officer"),
        (8, "unit_officer"),
        (16, "township_officer"),
        (16, "city_officer"),
    ],
)
def test_no_office_decides_the_step_of_another(world, days, who):
    leave = ask(world, days=days)
    answer = decide(world, who, leave)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_your_step")
    assert read(world, leave) == leave


@pytest.mark.parametrize("who", ["li", "wang", "admin", "dashboard"])
def test_cadres_administrators_and_dashboards_decide_none(world, who):
    leave = ask(world)
    answer = decide(world, who, leave)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert read(world, leave) == leave


@pytest.mark.parametrize(
    "who",
    ["sibling_township_officer", "foreign_township_officer", "foreign_county_officer", "foreign_unit_officer"],
)
def test_to_officers_elsewhere_the_request_does_not_exist(world, who):
    leave = ask(world, days=16)
    assert decide(world, who, leave).status_code == 404
    assert read(world, leave) == leave


@pytest.mark.parametrize(("days", "who"), [(1, "township_officer"), (16, "county_officer"), (16, "unit_officer")])
def test_nobody_decides_on_their_own_leave(world, database, days, who):
    leave = ask(world, days=days)
    with database.writing() as session:
        session.get_one(Account, world.accounts["li"]).role = "admin"
        session.get_one(Account, world.accounts["li"]).cadre_id = None
        session.flush()
        session.get_one(Account, world.accounts[who]).cadre_id = world.cadres["li"]
    officer = world.as_(who)
    for decision in ("approve", "reject"):
        answer = decide(world, who, leave, decision)
        assert (answer.status_code, answer.json()["code"]) == (403, "own_leave")
    assert officer.get("/leaves?awaiting=me").json()["items"] == []
    with database.reading() as session:
        assert session.get_one(Leave, _id(leave)).state == "pending"


def test_an_officer_whose_account_was_withdrawn_decides_no_more(world, database):
    leave = ask(world)
    with database.writing() as session:
        session.get_one(Account, world.accounts["township_officer"]).active = False
    assert decide(world, "township_officer", leave).status_code == 401


@pytest.mark.parametrize("faulty", [{}, {"decision": "maybe"}, {"decision": "approve", "comment": "x" * 501}])
def test_a_faulty_decision_changes_nothing(world, faulty):
    leave = ask(world)
    assert world.as_("township_officer").post(f"/leaves/{leave['id']}/decisions", faulty).status_code == 422
    assert read(world, leave) == leave


def test_a_withdrawn_request_is_not_decided(world):
    leave = ask(world)
    world.as_("li").post(f"/leaves/{leave['id']}/withdraw")
    answer = decide(world, "township_officer", leave)
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize(("decision", "state"), [("approve", "approved"), ("reject", "rejected")])
def test_the_world_is_told_of_the_outcome_without_a_name_or_a_reason(world, database, decision, state):
    leave = ask(world, days=16, reason="住院手术")
    decide(world, "county_officer", leave)
    assert events(database) == []
    decide(world, "unit_officer", leave, decision)
    [payload] = events(database)
    assert (payload["leave_id"], payload["state"]) == (leave["id"], state)
    assert "住院手术" not in str(payload)
    assert "干部" not in str(payload)


def test_each_decision_is_in_the_audit_trail_of_the_county(world, database):
    leave = ask(world, days=16)
    decide(world, "county_officer", leave)
    decide(world, "unit_officer", leave, "reject")
    with database.reading() as session:
        trail = list(session.scalars(select(AuditEvent).order_by(AuditEvent.number)))
        assert [(event.action, event.by) for event in trail] == [
            ("leave.approve", world.accounts["county_officer"]),
            ("leave.reject", world.accounts["unit_officer"]),
        ]
        assert {event.target for event in trail} == {leave["id"]}
        assert list(audit.broken_links(session)) == []


def test_a_cadre_who_has_moved_is_decided_on_by_the_office_of_the_posting_that_asked(world, database):
    """The request belongs to the posting; what the cadre does next does not move it."""
    leave = ask(world, "sun", days=1)
    assert offices(leave) == ["township"]
    assert decide(world, "township_officer", leave).status_code == 404
    assert decide(world, "sibling_township_officer", leave).json()["state"] == "approved"


def test_an_approved_leave_can_be_followed_by_an_extension_that_is_rejected_on_its_own(world):
    leave = ask(world, days=7)
    grant(world, leave, "township_officer")
    extension = world.as_("li").post("/leaves", body(MONDAY + timedelta(days=7), 3)).json()
    decide(world, "county_officer", extension, "reject")
    assert read(world, leave)["state"] == "approved"
    assert read(world, extension)["state"] == "rejected"


def _id(leave: dict):
    from uuid import UUID

    return UUID(leave["id"])
