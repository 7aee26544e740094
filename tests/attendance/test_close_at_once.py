"""Two closes at once, and a close among check-ins."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import func, select, text, update

from app.attendance import counters
from app.attendance.close import close_county_day, close_due_days, due_days
from app.models import AbsenceCounter, DayEntry, DayHead, DayRevision, OutboxMessage, RecallFlag
from tests.checkins.test_checkins import body
from tests.support.world import COUNTY, FOREIGN_COUNTY

MONDAY = date(2026, 11, 23)


def count(session, model, *conditions) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*conditions))


def test_days_that_two_closes_meet_over_are_closed_once(world, database, clock):
    clock.set("2026-11-27 09:00")
    together = Barrier(2)

    def close() -> int:
        together.wait()
        return close_due_days(database, clock())

    with ThreadPoolExecutor(2) as pool:
        closed = [future.result() for future in [pool.submit(close), pool.submit(close)]]
    assert sum(closed) == 2 * 4, "Monday to Thursday of two counties, each by one of them"
    with database.reading() as session:
        assert count(session, DayEntry) == 5 * 4
        assert count(session, DayRevision) == 5 * 4
        assert count(session, OutboxMessage, OutboxMessage.type == "day.closed") == 2 * 4
        assert set(session.scalars(select(AbsenceCounter.runs))) == {f"{MONDAY.toordinal()}:uuuu"}


def test_late_check_ins_and_the_close_see_each_other_in_one_order_or_the_other(world, database, clock):
    clock.set("2026-11-26 00:29")
    close_due_days(database, clock())
    clock.set("2026-11-26 00:30")
    together = Barrier(3)

    def send(who: str, day: str) -> int:
        together.wait()
        return world.as_(who).post("/check-ins", body(f"{day}T09:00:00+08:00")).status_code

    def close() -> int:
        together.wait()
        return close_due_days(database, clock())

    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(send, "li", "2026-11-25"), pool.submit(send, "wang", "2026-11-24"), pool.submit(close)]
        assert [future.result() for future in futures] == [201, 201, 2]
    with database.reading() as session:
        runs = dict(session.execute(select(AbsenceCounter.posting_id, AbsenceCounter.runs)).all())
    first = MONDAY.toordinal()
    assert runs[world.postings["li"]] == f"{first}:uu", "the day that was closing is no absence of hers"
    assert runs[world.postings["wang"]] == f"{first}:u {first + 2}:u", "the past was changed while the counter moved"
    assert runs[world.postings["zhao"]] == f"{first}:uuu"


def test_a_run_that_was_stopped_goes_on_with_what_is_left(world, database, clock, monkeypatch):
    monkeypatch.setattr("app.attendance.close.postings_a_transaction", lambda _database: 1)
    clock.set("2026-11-25 09:00")
    told = []
    assert close_due_days(database, clock(), told.append, stop=lambda: len(told) == 3) == 3
    with database.reading() as session:
        assert [(due.county_code, due.day) for due in due_days(session, clock())] == [
            (FOREIGN_COUNTY, date(2026, 11, 24))
        ]
    assert close_due_days(database, clock(), told.append) == 1
    assert [(p.county_codes, p.postings) for p in told] == [((COUNTY,), 4), ((FOREIGN_COUNTY,), 1)] * 2
    assert [(p.done, p.due) for p in told] == [(1, 4), (2, 4), (3, 4), (1, 1)]


def test_a_county_with_a_closing_hour_of_its_own_is_closed_at_its_own_hour(world, database, clock):
    world.provide("day.closes_at", "06:00", date(2026, 1, 1))
    clock.set("2026-11-24 05:59")
    assert close_due_days(database, clock()) == 1
    with database.reading() as session:
        assert session.scalars(select(DayHead.county_code).where(DayHead.closed_at.is_not(None))).all() == [
            FOREIGN_COUNTY
        ]
    clock.set("2026-11-24 06:00")
    assert close_due_days(database, clock()) == 1


def test_nothing_of_a_close_that_fails_half_way_stays(world, database, clock, monkeypatch):
    def fail(*_args, **_kwargs) -> None:
        raise RuntimeError("the disk is gone")

    clock.set("2026-11-24 00:30")
    with monkeypatch.context() as patch, database.writing() as session:
        patch.setattr("app.attendance.close.count_closed_day", fail)
        try:
            close_county_day(session, COUNTY, MONDAY, clock())
        except RuntimeError:
            session.rollback()
    with database.reading() as session:
        assert [count(session, model) for model in (DayEntry, DayRevision, DayHead, AbsenceCounter)] == [0, 0, 0, 0]
    assert close_due_days(database, clock()) == 2


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_correction_at_the_instant_of_a_close_is_not_overwritten_by_an_older_judgment(
    world, database, clock, monkeypatch
):
    """Of somebody who was present on the closed day the close moves no counter, but judges a flag that is due.
    An embedded database has one writer.
    """
    world.provide("absence.warning_consecutive_days", 2, MONDAY)
    clock.set("2026-11-27 09:00")
    close_due_days(database, clock())
    assert world.as_("li").post("/check-ins", body("2026-11-27T09:00:00+08:00")).status_code == 201
    with database.writing() as session:
        session.execute(update(RecallFlag).values(judge_again_on=None))  # as if people had turned it
    clock.set("2026-11-28 09:00")
    correction = {
        "posting_id": str(world.postings["li"]),
        "date": "2026-11-25",
        "status": "on_post",
        "reason": "手机故障",
    }
    load, corrected = counters.load_states, []

    def corrected_in_between(session, *args):
        states = load(session, *args)
        if not corrected:
            corrected.append(pool.submit(world.as_("township_officer").post, "/days/corrections", correction))
            while not corrected[0].done() and not somebody_waits(database):
                pass
        return states

    monkeypatch.setattr(counters, "load_states", corrected_in_between)
    with ThreadPoolExecutor(1) as pool:
        close_due_days(database, clock())
        assert corrected[0].result().status_code in (200, 201)
    with database.reading() as session:
        flags = session.scalars(select(RecallFlag).where(RecallFlag.posting_id == world.postings["li"])).all()
        assert [(flag.ground, flag.days) for flag in flags] == [("absence_consecutive", ["2026-11-23", "2026-11-24"])]


def somebody_waits(database) -> bool:
    with database.reading() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
