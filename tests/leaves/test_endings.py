"""Withdrawal, return, and what they and a late approval do to the days."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.attendance.close import close_due_days
from app.models import AuditEvent, DayRevision
from tests.leaves.support import MONDAY, ask, body, decide, grant, status_on

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=offset) for offset in (1, 2, 3, 4))


def give_back(world, leave, returned_on: date, who: str = "li"):
    return world.as_(who).post(f"/leaves/{leave['id']}/return", {"returned_on": returned_on.isoformat()})


def withdraw(world, leave, who: str = "li"):
    return world.as_(who).post(f"/leaves/{leave['id']}/withdraw")


def statuses(world, *days: date) -> list[str | None]:
    entries = [status_on(world, "li", day) for day in days]
    return [entry and entry[0] for entry in entries]


def close_until(world, database, clock, instant: str) -> None:
    clock.set(instant)
    close_due_days(database, clock())


# Withdrawal


def test_a_pending_request_is_withdrawn_also_after_its_first_day(world, clock):
    leave = ask(world, days=3)
    clock.set("2026-11-24 09:00")
    answer = withdraw(world, leave)
    assert (answer.status_code, answer.json()["state"], answer.json()["covered_until"]) == (200, "withdrawn", None)


def test_an_approved_leave_is_withdrawn_until_the_evening_before(world, clock):
    leave = ask(world, starts_on=WEDNESDAY, days=2)
    grant(world, leave, "township_officer")
    clock.set("2026-11-24 23:59")
    answer = withdraw(world, leave)
    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")


def test_from_midnight_of_its_first_day_it_is_ended_by_a_return_instead(world, clock):
    leave = ask(world, starts_on=WEDNESDAY, days=2)
    granted = grant(world, leave, "township_officer")
    clock.set("2026-11-25 00:00")
    answer = withdraw(world, leave)
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert "销假" in answer.json()["detail"]
    assert world.as_("li").get(f"/leaves/{leave['id']}").json() == granted


def test_only_the_cadre_withdraws(world):
    leave = ask(world)
    assert withdraw(world, leave, "wang").status_code == 404
    assert withdraw(world, leave, "township_officer").status_code == 403
    assert world.as_("li").get(f"/leaves/{leave['id']}").json() == leave


@pytest.mark.parametrize("end", ["withdraw", "reject", "return"])
def test_what_is_over_is_not_withdrawn_again(world, end):
    leave = ask(world)
    if end == "withdraw":
        withdraw(world, leave)
    elif end == "reject":
        decide(world, "township_officer", leave, "reject")
    else:
        grant(world, leave, "township_officer")
        give_back(world, leave, MONDAY)
    answer = withdraw(world, leave)
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


# Return


def test_an_early_return_gives_the_later_days_back(world, database, clock):
    leave = ask(world, days=5)
    grant(world, leave, "township_officer")
    close_until(world, database, clock, "2026-11-26 00:30")
    assert statuses(world, MONDAY, TUESDAY, WEDNESDAY) == ["leave", "leave", "leave"]
    answer = give_back(world, leave, TUESDAY)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["returned_on"]) == ("ended", "2026-11-24")
    assert answer.json()["covered_until"] == "2026-11-23"
    assert statuses(world, MONDAY, TUESDAY, WEDNESDAY) == ["leave", "absent", "absent"]


def test_a_return_on_the_first_day_means_that_no_leave_was_taken(world):
    leave = ask(world, days=3)
    grant(world, leave, "township_officer")
    answer = give_back(world, leave, MONDAY).json()
    assert (answer["state"], answer["covered_until"]) == ("ended", None)
    assert statuses(world, MONDAY) == ["pending"]


def test_days_that_were_taken_are_not_asked_for_again_and_days_given_back_are(world, clock):
    leave = ask(world, days=5)
    grant(world, leave, "township_officer")
    clock.set("2026-11-25 09:00")
    give_back(world, leave, WEDNESDAY)
    taken = world.as_("li").post("/leaves", body(TUESDAY, 2))
    assert (taken.status_code, taken.json()["code"]) == (409, "leave_overlaps")
    assert ask(world, starts_on=WEDNESDAY, days=2)["adjoining"] == [leave["id"]]


@pytest.mark.parametrize(("returned_on", "covered_until"), [(WEDNESDAY, "2026-11-24"), (THURSDAY, "2026-11-25")])
def test_the_day_of_the_return_is_a_day_back_on_post(world, clock, returned_on, covered_until):
    leave = ask(world, days=3)
    grant(world, leave, "township_officer")
    clock.set("2026-11-26 09:00")
    answer = give_back(world, leave, returned_on)
    assert (answer.status_code, answer.json()["state"]) == (200, "ended")
    assert answer.json()["covered_until"] == covered_until


@pytest.mark.parametrize(
    ("returned_on", "code"),
    [
        (MONDAY, "before_leave"),
        (date(2026, 11, 28), "after_leave"),
        (date(2026, 11, 29), "in_future"),
    ],
)
def test_a_return_lies_between_the_start_and_the_day_after_the_end_and_not_in_the_future(
    world, clock, returned_on, code
):
    leave = ask(world, starts_on=TUESDAY, days=3)
    granted = grant(world, leave, "township_officer")
    clock.set("2026-11-28 09:00")
    answer = give_back(world, leave, returned_on)
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [("/returned_on", code)]
    assert world.as_("li").get(f"/leaves/{leave['id']}").json() == granted


def test_a_return_is_not_announced_for_tomorrow(world):
    leave = ask(world, days=3)
    grant(world, leave, "township_officer")
    assert give_back(world, leave, TUESDAY).status_code == 422


def test_the_township_enters_a_return_and_it_is_in_the_audit_trail(world, database, clock):
    leave = ask(world, days=3)
    grant(world, leave, "township_officer")
    clock.set("2026-11-24 17:00")
    assert give_back(world, leave, TUESDAY, "township_officer").json()["state"] == "ended"
    with database.reading() as session:
        actions = list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.number)))
    assert actions == ["leave.approve", "leave.return"]


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("wang", 404),
        ("sibling_township_officer", 404),
        ("county_officer", 403),
        ("unit_officer", 403),
        ("admin", 403),
    ],
)
def test_nobody_else_enters_a_return(world, who, status):
    leave = ask(world)
    grant(world, leave, "township_officer")
    assert give_back(world, leave, MONDAY, who).status_code == status
    assert world.as_("li").get(f"/leaves/{leave['id']}").json()["state"] == "approved"


@pytest.mark.parametrize("state", ["pending", "rejected", "ended"])
def test_only_an_approved_leave_is_ended(world, state):
    leave = ask(world)
    if state == "rejected":
        decide(world, "township_officer", leave, "reject")
    elif state == "ended":
        grant(world, leave, "township_officer")
        give_back(world, leave, MONDAY)
    answer = give_back(world, leave, MONDAY)
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


# The days


def test_days_of_an_overdue_return_are_absent(world, database, clock):
    leave = ask(world, days=2)
    grant(world, leave, "township_officer")
    close_until(world, database, clock, "2026-11-27 00:30")
    assert statuses(world, MONDAY, TUESDAY, WEDNESDAY, THURSDAY) == ["leave", "leave", "absent", "absent"]


@pytest.mark.parametrize("end", [None, "withdraw", "reject"])
def test_a_request_that_was_not_granted_excuses_no_day(world, database, clock, end):
    leave = ask(world, days=1)
    close_until(world, database, clock, "2026-11-24 00:30")
    if end == "withdraw":
        withdraw(world, leave)
    elif end == "reject":
        decide(world, "township_officer", leave, "reject")
    assert statuses(world, MONDAY) == ["absent"]


def test_an_approval_after_the_close_judges_the_days_again_and_keeps_what_they_were(world, database, clock):
    leave = ask(world, days=2)
    close_until(world, database, clock, "2026-11-25 09:00")
    assert statuses(world, MONDAY, TUESDAY) == ["absent", "absent"]
    grant(world, leave, "township_officer")
    assert statuses(world, MONDAY, TUESDAY) == ["leave", "leave"]
    with database.reading() as session:
        history = session.execute(
            select(DayRevision.status, DayRevision.cause, DayRevision.by)
            .where(DayRevision.posting_id == world.postings["li"], DayRevision.date == MONDAY)
            .order_by(DayRevision.revision)
        ).all()
    assert history[-2].status == "absent"
    assert tuple(history[-1]) == ("leave", "leave", world.accounts["township_officer"])


def test_days_of_a_filed_month_stay_as_filed_and_the_approval_says_so(world, database, clock):
    clock.set("2026-11-30 08:00")
    leave = ask(world, starts_on=date(2026, 11, 30), days=2)
    close_until(world, database, clock, "2026-12-02 00:30")
    assert statuses(world, date(2026, 11, 30), date(2026, 12, 1)) == ["absent", "absent"]
    world.file_month("2026-11")
    granted = grant(world, leave, "township_officer")
    assert granted["locked_days"] == ["2026-11-30"]
    assert statuses(world, date(2026, 11, 30), date(2026, 12, 1)) == ["absent", "leave"]
    assert world.as_("li").get(f"/leaves/{leave['id']}").json() == granted


def test_a_month_that_is_filed_after_the_approval_locks_nothing_of_it(world, database, clock):
    leave = ask(world, days=1)
    grant(world, leave, "township_officer")
    close_until(world, database, clock, "2026-12-01 00:30")
    world.file_month("2026-11")
    assert world.as_("li").get(f"/leaves/{leave['id']}").json()["locked_days"] == []
