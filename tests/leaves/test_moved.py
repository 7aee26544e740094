"""A leave is the cadre's: it covers its days in whichever posting they come to lie."""

from datetime import date

import pytest

from app.attendance.close import close_due_days
from tests.checkins.support import body
from tests.leaves.support import MONDAY, ask, decide, grant
from tests.support.world import SIBLING_TOWNSHIP, SIBLING_VILLAGE

THURSDAY = date(2026, 11, 26)


@pytest.fixture
def move(world):
    """The county moves li to a village of another township from Wednesday on; answers with the new posting's id."""

    def moved() -> str:
        county = world.as_("county_officer")
        end = {"ends_on": "2026-11-24", "reason": "调整驻点"}
        assert county.post(f"/postings/{world.postings['li']}/end", end).status_code == 200
        entered = county.post(
            "/postings",
            {
                "cadre_id": str(world.cadres["li"]),
                "unit_id": str(world.units["city"]),
                "village_code": SIBLING_VILLAGE,
                "duty": "member",
                "starts_on": "2026-11-25",
            },
        )
        assert entered.status_code == 201, entered.text
        return entered.json()["id"]

    return moved


def statuses(world, posting_id, first="2026-11-23", last="2026-11-27"):
    found = world.as_("county_officer").get(f"/postings/{posting_id}/days?from={first}&to={last}").json()["items"]
    return {item["date"][8:]: item["status"] for item in found}


def to(world, clock, text):
    clock.set(text)
    close_due_days(world.database, clock())


def test_days_after_the_move_are_leave_in_the_new_posting_and_their_own_evidence_says_so(world, clock, move):
    leave = grant(world, ask(world, "li", MONDAY, 5), "township_officer")
    to(world, clock, "2026-11-25 09:00")
    posting_id = move()
    assert world.as_("li").get("/me/today").json()["day"]["status"] == "leave"
    assert world.as_("li").get("/me/today").json()["leave"]["id"] == leave["id"]
    to(world, clock, "2026-11-28 09:00")
    assert statuses(world, world.postings["li"]) == {"23": "leave", "24": "leave"}
    assert statuses(world, posting_id) == {"25": "leave", "26": "leave", "27": "leave"}
    day = world.as_("county_officer").get(f"/postings/{posting_id}/days/2026-11-26").json()
    assert [(found["type"], found["id"]) for found in day["evidence"]] == [("leave", leave["id"])]


def test_a_move_that_is_entered_late_takes_the_leave_along(world, clock, move):
    grant(world, ask(world, "li", MONDAY, 5), "township_officer")
    to(world, clock, "2026-11-28 09:00")
    assert statuses(world, move()) == {"25": "leave", "26": "leave", "27": "leave"}


def test_what_is_decided_after_the_move_is_judged_in_both_postings(world, clock, move):
    leave = ask(world, "li", MONDAY, 5)
    to(world, clock, "2026-11-25 09:00")
    posting_id = move()
    to(world, clock, "2026-11-28 09:00")
    assert set(statuses(world, posting_id).values()) == {"absent"}
    assert decide(world, "township_officer", leave).json()["state"] == "approved"
    assert statuses(world, world.postings["li"]) == {"23": "leave", "24": "leave"}
    assert set(statuses(world, posting_id).values()) == {"leave"}
    returned = world.as_("li").post(f"/leaves/{leave['id']}/return", {"returned_on": THURSDAY.isoformat()})
    assert returned.status_code == 200, returned.text
    assert statuses(world, posting_id) == {"25": "leave", "26": "absent", "27": "absent"}


def test_the_days_that_are_locked_are_those_of_the_township_in_which_they_lie(world, clock, move):
    leave = ask(world, "li", date(2026, 11, 23), 9)  # to 1 December
    to(world, clock, "2026-12-02 09:00")
    posting_id = move()
    world.file_month("2026-11", SIBLING_TOWNSHIP)
    decide(world, "township_officer", leave)
    granted = decide(world, "county_officer", leave).json()
    assert granted["state"] == "approved"
    assert granted["locked_days"] == [f"2026-11-{day}" for day in range(25, 31)]
    assert statuses(world, world.postings["li"]) == {"23": "leave", "24": "leave"}
    assert statuses(world, posting_id, "2026-11-30", "2026-12-01") == {"30": "absent", "01": "leave"}


def test_who_checks_in_after_the_move_while_on_leave_is_to_be_looked_at(world, clock, move):
    grant(world, ask(world, "li", MONDAY, 5), "township_officer")
    to(world, clock, "2026-11-25 09:00")
    posting_id = move()
    recorded = world.as_("li").post("/check-ins", body("2026-11-25T08:55:00+08:00"))
    assert (recorded.status_code, recorded.json()["verdict"]) == (201, "inside"), recorded.text
    [day] = world.as_("county_officer").get(f"/postings/{posting_id}/days?from=2026-11-25").json()["items"]
    assert (day["status"], day["exceptions"]) == ("on_post", ["present_on_leave"])
