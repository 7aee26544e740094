"""Several people acting on the same request at the same instant, in real threads with real locks."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import select

from app.models import Leave, OutboxMessage
from tests.leaves.support import MONDAY, ask, body, decide
from tests.support.waiting import wait_until_blocked
from tests.support.world import TOWNSHIP


def at_once(*acts: Callable[[], object]) -> list:
    """Start all acts at the same instant; their answers in order."""
    barrier = threading.Barrier(len(acts))

    def act(call):
        barrier.wait(timeout=10)
        return call()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def read(world, leave) -> dict:
    return world.as_("county_officer").get(f"/leaves/{leave['id']}").json()


@pytest.fixture
def two_officers(world):
    with world.database.writing() as session:
        world.add_account(session, "second_township_officer", "township_officer", area_code=TOWNSHIP)
    return world


@pytest.mark.parametrize("decisions", [("approve", "reject"), ("approve", "approve"), ("reject", "reject")])
def test_of_two_officers_of_one_office_one_decides_and_the_other_is_told(two_officers, decisions):
    world = two_officers
    leave = ask(world)
    answers = at_once(
        lambda: decide(world, "township_officer", leave, decisions[0]),
        lambda: decide(world, "second_township_officer", leave, decisions[1]),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [winner] = [answer for answer in answers if answer.status_code == 200]
    [loser] = [answer for answer in answers if answer.status_code == 409]
    assert loser.json()["code"] == "already_decided"
    assert read(world, leave) == winner.json()


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_officers_who_wait_for_the_same_row_come_out_as_one_decision(two_officers):
    """Both requests are held at the row's lock first, so that neither can have looked before the other wrote."""
    world = two_officers
    leave = ask(world)
    with world.database.writing() as session, ThreadPoolExecutor(2) as pool:
        session.scalar(select(Leave.id).where(Leave.id == UUID(leave["id"])).with_for_update())
        officers = ("township_officer", "second_township_officer")
        waiting = [pool.submit(decide, world, officer, leave) for officer in officers]
        wait_until_blocked(world.database, 2)
        session.rollback()
        answers = [future.result(timeout=20) for future in waiting]
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 1}


def test_two_offices_of_a_joint_approval_at_once_both_count_and_the_leave_is_granted_once(world):
    leave = ask(world, days=16)
    answers = at_once(lambda: decide(world, "county_officer", leave), lambda: decide(world, "unit_officer", leave))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert sorted(answer.json()["state"] for answer in answers) == ["approved", "pending"]
    assert read(world, leave)["state"] == "approved"
    with world.database.reading() as session:
        assert len(session.scalars(select(OutboxMessage).where(OutboxMessage.type == "leave.decided")).all()) == 1


def test_a_withdrawal_and_an_approval_at_once_leave_one_story(world):
    leave = ask(world, starts_on=MONDAY, days=1)
    withdrawal, approval = at_once(
        lambda: world.as_("li").post(f"/leaves/{leave['id']}/withdraw"),
        lambda: decide(world, "township_officer", leave),
    )
    assert sorted((withdrawal.status_code, approval.status_code)) == [200, 409]
    state = "withdrawn" if withdrawal.status_code == 200 else "approved"
    assert read(world, leave)["state"] == state


def test_of_two_overlapping_requests_at_once_one_is_taken(world):
    answers = at_once(*[lambda: world.as_("li").post("/leaves", body(MONDAY, 3)) for _ in range(2)])
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(world.as_("li").get("/leaves").json()["items"]) == 1


def test_one_request_sent_twice_at_once_is_stored_once(world):
    request = body()
    answers = at_once(*[lambda: world.as_("li").post("/leaves", request) for _ in range(2)])
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert answers[0].json() == answers[1].json()
