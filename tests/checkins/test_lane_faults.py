"""Whatever fails in the lane, what was answered as recorded is on the disk, and nobody waits for ever."""

import asyncio
import threading
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest
from sqlalchemy import select, text

from app.checkins import lane_postgresql, lane_queue
from app.checkins.lane import Lane
from app.checkins.lane_group import Answer
from app.checkins.lane_store import open_store
from app.errors import Conflict, Unavailable
from app.models import CheckIn, DayEntry
from tests.checkins.support import METRE_NORTH, body, submission
from tests.support.world import CENTER

PEOPLE = ("li", "wang", "zhao", "sun", "zhou")

ON_A_SERVER = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)


class Failing:
    """A store that breaks at one step, so many times."""

    def __init__(self, store, step: str, times: int, error: Exception) -> None:
        self._store, self._step, self._left, self._error = store, step, times, error

    def __getattr__(self, name):
        call = getattr(self._store, name)
        if name != self._step:
            return call

        def breaking(*arguments):
            if self._left:
                self._left -= 1
                raise self._error
            return call(*arguments)

        return breaking


def stored_ids(world) -> set[UUID]:
    with world.database.reading() as session:
        return set(session.scalars(select(CheckIn.id)))


def run(world, settings, submissions, store=None):
    """All of them at once through a lane of their own; their answers or problems, in order."""

    async def drive():
        lane = Lane(world.database, settings, lambda: world.clock, store)
        try:
            waiting = [asyncio.ensure_future(lane.record(one)) for one in submissions]
            return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 30)
        finally:
            await lane.close()

    return asyncio.run(drive())


def everybody(world, **changed):
    return [submission(world, who, body() | changed) for who in PEOPLE]


def test_check_ins_at_once_are_all_recorded(world, settings):
    answers = run(world, settings, everybody(world))
    assert [answer.status for answer in answers] == [201] * len(PEOPLE)
    assert len(stored_ids(world)) == len(PEOPLE)


@pytest.mark.parametrize("step", ["load", "write"])
def test_a_database_that_fails_once_is_asked_again(world, settings, step):
    lost = psycopg.OperationalError("server closed the connection unexpectedly")
    sent = everybody(world)
    answers = run(world, settings, sent, Failing(open_store(world.database), step, 1, lost))
    assert [answer.status for answer in answers] == [201] * len(PEOPLE)
    assert stored_ids(world) == {one.body.id for one in sent}


@pytest.mark.parametrize("step", ["load", "write"])
def test_while_the_database_is_away_everybody_is_told_to_come_back_and_nothing_is_half_written(world, settings, step):
    lost = psycopg.OperationalError("server closed the connection unexpectedly")
    answers = run(world, settings, everybody(world), Failing(open_store(world.database), step, 1000, lost))
    assert {type(answer) for answer in answers} == {Unavailable}
    assert answers[0].headers["Retry-After"]
    assert stored_ids(world) == set()


@pytest.mark.parametrize("step", ["load", "write"])
def test_what_fails_while_the_database_works_keeps_nobody_from_being_recorded(world, settings, step):
    store = open_store(world.database)
    real, left = getattr(store, step), [1]

    def breaking(*arguments):
        *others, meanwhile = arguments

        def failing():
            if left:
                left.pop()
                raise RuntimeError("broken meanwhile")
            meanwhile()

        return real(*others, failing)

    setattr(store, step, breaking)
    answers = run(world, settings, everybody(world), store)
    assert not left
    assert {answer.status for answer in answers} <= {200, 201}, "200 where the first attempt was stored after all"
    assert len(stored_ids(world)) == len(PEOPLE)


FAILS_AT_COMMIT = """
CREATE FUNCTION fail_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$;
CREATE CONSTRAINT TRIGGER fail_at_commit AFTER INSERT OR UPDATE ON day_heads DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION fail_at_commit()
"""


@ON_A_SERVER  # an embedded database has no triggers that wait for the commit
def test_what_is_written_but_can_not_be_committed_is_not_answered_as_recorded(world, settings):
    """PostgreSQL tells first that the rows are written, and then that they are not."""
    sent = everybody(world)
    with world.database.writing() as session:
        session.execute(text(FAILS_AT_COMMIT))
    try:
        answers = run(world, settings, sent)
    finally:
        with world.database.writing() as session:
            session.execute(text("DROP FUNCTION fail_at_commit() CASCADE"))
    assert not any(isinstance(answer, Answer) for answer in answers)
    assert stored_ids(world) == set()
    assert [answer.status for answer in run(world, settings, sent)] == [201] * len(PEOPLE)


def test_one_row_that_the_database_refuses_fails_alone(world, settings):
    good = everybody(world)
    bad = good[2]
    store = open_store(world.database)
    real = store.write

    def write(rows, *rest):
        if any(row["id"] == bad.body.id for row in rows):
            raise psycopg.errors.UniqueViolation("duplicate key")
        return real(rows, *rest)

    store.write = write
    answers = run(world, settings, good, store)
    assert [type(answer) for answer in answers] == [Answer, Answer, Conflict, Answer, Answer]
    assert stored_ids(world) == {one.body.id for one in good} - {bad.body.id}


@ON_A_SERVER  # on an embedded database the officer waits for the group
def test_whose_day_an_officer_writes_to_while_it_is_judged_is_judged_by_what_the_officer_wrote(world, settings):
    store = open_store(world.database)
    real, officer = store.load, world.as_("township_officer")
    day = {"posting_id": str(world.postings["li"]), "date": "2026-11-23"}

    def load(*asked):
        found = real(*asked)
        if not asked[2]:  # the day is not held
            officer.post("/days/corrections", day | {"status": "official", "reason": "县里培训"})
        return found

    store.load = load
    answers = run(world, settings, everybody(world), store)
    assert [answer.status for answer in answers] == [201] * len(PEOPLE)
    assert orjson.loads(answers[0].content)["day_status"] == "official"
    with world.database.reading() as session:
        entry = session.scalar(select(DayEntry).where(DayEntry.posting_id == world.postings["li"]))
        assert (entry.status, entry.revision) == ("official", 1)
    assert len(stored_ids(world)) == len(PEOPLE)


@ON_A_SERVER  # on an embedded database the declaration waits for the group
def test_what_the_board_says_since_the_day_was_read_is_judged_with_the_check_in(world, settings):
    """Nothing but the day's version tells of it: a declaration of being in the village writes no entry."""
    store = open_store(world.database)
    real, cadre = store.load, world.as_("li")
    told = {"id": str(uuid4()), "state": "in_village", "since": "2026-11-23T08:00:00+08:00"}

    def load(*asked):
        found = real(*asked)
        if not asked[2]:  # the day is not held
            assert cadre.put("/me/whereabouts", told).status_code in (200, 201)
        return found

    store.load = load
    [answer] = run(world, settings, [submission(world, "li", body(lat=CENTER[1] + 9000 * METRE_NORTH))], store)
    assert answer.status == 201
    with world.database.reading() as session:
        entry = session.scalar(select(DayEntry).where(DayEntry.posting_id == world.postings["li"]))
        assert "board_says_in_village_checked_in_elsewhere" in entry.exceptions


def test_one_id_sent_by_two_at_once_is_recorded_for_one(world, settings):
    sent = body()
    answers = run(world, settings, [submission(world, "li", sent), submission(world, "zhou", sent)])
    assert sorted(a.status if isinstance(a, Answer) else a.code for a in answers if isinstance(a, Answer)) == [201]
    assert [a.code for a in answers if not isinstance(a, Answer)] == ["id_reused"]


def test_a_caller_that_goes_away_takes_nothing_back(world, settings):
    sent = everybody(world)

    async def drive():
        lane = Lane(world.database, settings, lambda: world.clock)
        gone, *others = [asyncio.ensure_future(lane.record(one)) for one in sent]
        await asyncio.sleep(0)
        gone.cancel()
        found = await asyncio.gather(*others)
        await lane.close()
        return found

    assert [answer.status for answer in asyncio.run(drive())] == [201] * (len(PEOPLE) - 1)
    assert stored_ids(world) == {one.body.id for one in sent}


def test_a_group_that_breaks_in_an_unforeseen_way_is_told_and_the_next_one_is_served(world, settings):
    sent = everybody(world)

    async def drive():
        lane = Lane(world.database, settings, lambda: world.clock)
        serve = lane._queue._serve
        lane._queue._serve = lambda _group: 1 / 0
        asked = asyncio.wait_for(lane.record(sent[0]), 10)
        broken = await asyncio.gather(asked, return_exceptions=True)
        lane._queue._serve = serve
        served = await asyncio.wait_for(lane.record(sent[1]), 10)
        await lane.close()
        return broken[0], served

    broken, served = asyncio.run(drive())
    assert (broken.status, served.status) == (500, 201)
    assert stored_ids(world) == {sent[1].body.id}


def test_a_full_queue_says_when_to_come_back(world, settings):
    full = settings.model_copy(update={"lane_queue_size": 2})
    answers = run(world, full, everybody(world))
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert len(refused) == len(PEOPLE) - 2
    assert refused[0].headers["Retry-After"]
    assert len(stored_ids(world)) == 2


def test_a_shutdown_records_what_has_arrived(world, settings):
    sent = everybody(world)

    async def drive():
        lane = Lane(world.database, settings, lambda: world.clock)
        waiting = [asyncio.ensure_future(lane.record(one)) for one in sent]
        await asyncio.sleep(0)
        await lane.close()
        late = (await asyncio.gather(lane.record(sent[0]), return_exceptions=True))[0]
        return await asyncio.wait_for(asyncio.gather(*waiting), 10), late

    answers, late = asyncio.run(drive())
    assert [answer.status for answer in answers] == [201] * len(PEOPLE)
    assert isinstance(late, Unavailable)
    assert stored_ids(world) == {one.body.id for one in sent}


def with_trouble_between(world, settings, trouble):
    """The first two of everybody's check-ins through one lane; what came of the trouble between them."""
    sent = everybody(world)

    async def drive():
        lane = Lane(world.database, settings, lambda: world.clock)
        first = await lane.record(sent[0])
        met = await trouble(lane, sent[1])
        second = await asyncio.wait_for(lane.record(sent[1]), 30)
        await lane.close()
        return [first.status, second.status], met

    statuses, met = asyncio.run(drive())
    assert statuses == [201, 201]
    assert stored_ids(world) == {one.body.id for one in sent[:2]}
    return met


@ON_A_SERVER  # an embedded database is there or not
def test_a_database_that_falls_silent_keeps_nobody_waiting_for_ever(world, settings, monkeypatch):
    """As it does when its machine loses power: nothing says that the connection is gone."""

    async def falls_silent(lane, sent):
        with world.database.writing() as session, monkeypatch.context() as patch:
            session.execute(text("LOCK TABLE day_heads IN ACCESS EXCLUSIVE MODE"))
            patch.setattr(lane_postgresql, "SILENCE_MS", 0)
            with pytest.raises(Unavailable) as refused:
                await asyncio.wait_for(lane.record(sent), 30)
        return refused.value

    assert with_trouble_between(world, settings, falls_silent).headers["Retry-After"]


def test_a_stop_waits_for_no_database_that_does_not_answer_and_leaves_it_what_is_under_way(
    world, settings, monkeypatch
):
    monkeypatch.setattr(lane_queue, "SECONDS_TO_END", 0)
    store = open_store(world.database)
    loading, answering, closed = threading.Event(), threading.Event(), []
    load, close = store.load, store.close

    def load_late(*asked):
        loading.set()
        answering.wait(30)
        return load(*asked)

    store.load, store.close = load_late, lambda: closed.append(True)
    [sent, *_] = everybody(world)

    async def drive():
        lane = Lane(world.database, settings, lambda: world.clock, store)
        asked = asyncio.ensure_future(lane.record(sent))
        await asyncio.to_thread(loading.wait, 30)
        await lane.close()
        closed_under_way = list(closed)
        answering.set()
        return await asyncio.wait_for(asked, 30), closed_under_way

    try:
        answer, closed_under_way = asyncio.run(drive())
    finally:
        answering.set()
        close()
    assert closed_under_way == []
    assert answer.status == 201


@ON_A_SERVER  # an embedded database ends no connection
def test_a_connection_that_the_server_ends_is_opened_anew(world, settings):
    async def is_ended(_lane, _sent):
        with world.database.writing() as session:
            session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    with_trouble_between(world, settings, is_ended)
