"""A close gives way to whoever is served meanwhile, and to nobody else."""

from contextlib import contextmanager

import pytest
from sqlalchemy import delete, func, select, text, update

from app.attendance import pace
from app.attendance.close import close_due_days
from app.attendance.pace import Pace, meets_nobody, meets_somebody
from app.models import (
    AbsenceCounter,
    CountyMonth,
    CountyRollup,
    DayEntry,
    DayHead,
    DayRevision,
    OutboxMessage,
    TeamRollup,
)
from tests.checkins.test_checkins import body

on_postgresql = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
"""Whom a close meets only a server can tell."""


class Night:
    """A clock that goes on by a second whenever it is read, and a sleep that takes no time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        self.seconds += 1
        return self.seconds

    def pace(self, somebody) -> Pace:
        return Pace(somebody, clock=self.clock, sleep=self.slept.append)


@pytest.fixture
def night() -> Night:
    return Night()


@pytest.fixture
def county_by_county(monkeypatch) -> None:
    monkeypatch.setattr("app.attendance.close.postings_a_transaction", lambda _database: 1)


@pytest.fixture
def in_transaction(database):
    """Whether a transaction meets somebody, when this is done while it is open."""

    def ask(meanwhile=lambda: None) -> bool:
        with database.writing() as session:
            session.execute(select(1))
            meanwhile()
            return meets_somebody(session)

    return ask


@contextmanager
def connected(database, name: str):
    """Another connection of that name."""
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"SET application_name = '{name}'"))
        yield connection
        connection.execute(text("RESET application_name"))


def test_a_close_among_check_ins_rests_between_two_transactions(night, world, database, clock, county_by_county):
    clock.set("2026-11-25 09:00")
    assert close_due_days(database, clock(), pace=night.pace(lambda _session: True)) == 4
    assert sum(night.slept) == pace.REST * 4, "a second each for what is due and for three of four county days"
    assert max(night.slept) <= pace.LONGEST_SLEEP_SECONDS


def test_a_close_that_meets_nobody_never_rests(night, world, database, clock, county_by_county):
    clock.set("2026-11-25 09:00")
    assert close_due_days(database, clock(), pace=night.pace(meets_nobody)) == 4
    assert night.slept == []


def test_a_close_goes_on_at_full_speed_as_soon_as_nobody_is_there(night, world, database, clock, county_by_county):
    met = iter((False, True, False, False, False))
    clock.set("2026-11-25 09:00")
    assert close_due_days(database, clock(), pace=night.pace(lambda _session: next(met))) == 4
    assert sum(night.slept) == pace.REST


def test_no_rest_is_longer_than_the_longest(night, database, monkeypatch):
    monkeypatch.setattr(pace, "REST", 1000)
    slow = night.pace(lambda _session: True)
    with slow.transaction(database) as session:
        session.execute(select(1))
    slow.rest(lambda: False)
    assert sum(night.slept) == pace.LONGEST_REST_SECONDS
    slow.rest(lambda: False)
    assert sum(night.slept) == pace.LONGEST_REST_SECONDS, "a rest is taken once"


def test_whoever_stops_the_close_stops_its_rest(night, world, database, clock, county_by_county):
    told = []
    clock.set("2026-11-25 09:00")
    slow = night.pace(lambda _session: True)
    assert close_due_days(database, clock(), told.append, stop=lambda: len(told) == 2, pace=slow) == 2
    assert sum(night.slept) == pace.REST * 2


def test_what_a_close_leaves_does_not_depend_on_its_pace(night, world, database, clock, monkeypatch):
    closed = (DayEntry, DayRevision, TeamRollup, CountyRollup, CountyMonth, AbsenceCounter, OutboxMessage)

    def left():
        with database.reading() as session:
            counts = [session.scalar(select(func.count()).select_from(model)) for model in closed]
            return counts, set(session.execute(select(AbsenceCounter.posting_id, AbsenceCounter.runs)).all())

    clock.set("2026-11-25 09:00")
    with monkeypatch.context() as patch:
        patch.setattr("app.attendance.close.postings_a_transaction", lambda _database: 1)
        assert close_due_days(database, clock(), pace=night.pace(lambda _session: True)) == 4
    county_by_county = left()
    with database.writing() as session:
        for model in closed:
            session.execute(delete(model))
        session.execute(update(DayHead).values(closed_at=None))
    assert close_due_days(database, clock()) == 4
    assert left() == county_by_county


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_who_waits_for_the_one_writer_cannot_be_seen_so_a_close_meets_somebody(in_transaction):
    assert in_transaction()


@on_postgresql
def test_a_close_meets_who_checks_in_meanwhile(in_transaction, world, clock):
    li = world.as_("li")
    assert li.post("/check-ins", body(clock().isoformat())).status_code == 201
    assert not in_transaction(), "that was before"
    assert in_transaction(lambda: li.get("/me/today"))


@on_postgresql
def test_a_close_does_not_meet_itself_nor_another_close(world, database):
    one, other = Pace(), Pace()
    with one.transaction(database) as first, other.transaction(database) as second:
        first.execute(select(1))
        second.execute(select(1))
        assert not meets_somebody(first)
        assert not meets_somebody(second)


@on_postgresql
def test_a_close_meets_a_server_at_work_but_none_that_looks_around_and_no_stranger(in_transaction, database):
    with connected(database, "zaigang") as worker:
        assert not in_transaction(lambda: worker.execute(select(1))), "it was done before it was looked for"
        worker.execute(text("BEGIN"))
        assert in_transaction()
        worker.execute(text("ROLLBACK"))
    with connected(database, "pg_dump") as stranger:
        stranger.execute(text("BEGIN"))
        assert not in_transaction()
        stranger.execute(text("ROLLBACK"))


@on_postgresql
def test_connections_tell_what_they_are_for(world, clock, database):
    assert world.as_("li").post("/check-ins", body(clock().isoformat())).status_code == 201
    with Pace().transaction(database) as session:
        session.execute(select(1))
        query = "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
        names = set(session.scalars(text(query)))
    assert names - {"zaigang"} == {"zaigang lane", "zaigang close"}


@on_postgresql
def test_what_the_role_may_not_see_counts_as_somebody(database):
    with connected(database, "zaigang") as worker, database.writing() as session:
        worker.execute(select(1))
        assert not meets_somebody(session)
        session.execute(text("SET LOCAL ROLE pg_signal_backend"))
        assert meets_somebody(session)
