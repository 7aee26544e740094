"""The first screen is the same whichever way it is answered, and whatever fails, nobody waits for ever."""

import asyncio
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from uuid import UUID

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, text, update

from app.access.call import Call
from app.access.viewer import Role, load_viewer
from app.attendance.posted import place_of
from app.checkins.today import load_today
from app.checkins.today_group import TodayReader
from app.checkins.today_lane import TodayLane
from app.checkins.today_store import open_today_store
from app.errors import Forbidden, Problem, Unauthenticated, Unavailable
from app.ids import new_id
from app.models import Account, CalendarYear, CheckIn, DayHead, Fence, Leave, Posting, Whereabouts
from tests.checkins.support import body, forget, generally
from tests.checkins.test_lane_equals_general import TODAY, declared, stories, tell
from tests.support.world import CENTER, COUNTY, SECOND_VILLAGE, VILLAGE

PEOPLE = ("li", "wang", "zhao", "sun", "zhou")

few_examples = hypothesis_settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@contextmanager
def reader_of(world):
    store = open_today_store(world.database)
    try:
        yield TodayReader(world.database, store)
    finally:
        store.close()


def by_the_route(world, account_id: UUID, now: datetime) -> dict | str:
    with world.database.reading() as session:
        try:
            viewer = load_viewer(session, account_id)
        except Unauthenticated as problem:
            return problem.code
        if viewer.role is not Role.CADRE:
            return Forbidden().code
        return orjson.loads(load_today(Call(session, viewer, now)).model_dump_json())


def in_lane(reader: TodayReader, account_ids: list[UUID], now: datetime) -> list[dict | str]:
    return [
        answer.code if isinstance(answer, Problem) else orjson.loads(answer) for answer in reader.read(account_ids, now)
    ]


def assert_same(reader: TodayReader, world, now: datetime) -> None:
    """For everybody there is, and somebody there is not."""
    everybody = [*world.accounts.values(), new_id()]
    for found, expected in zip(
        in_lane(reader, everybody, now), [by_the_route(world, one, now) for one in everybody], strict=True
    ):
        assert found == expected


@given(story=stories)
@few_examples
def test_whatever_happened_on_the_day_the_lane_shows_what_the_route_shows(world, clock, story):
    forget(world)
    with reader_of(world) as reader:

        def record(submissions, now):
            generally(world, submissions, now)
            assert_same(reader, world, now)

        tell(world, clock, story, record)
        assert_same(reader, world, clock())


around = st.integers(-1, 1)
spans = st.tuples(around, st.sampled_from([None, 0, 1, 3]))
postings = st.one_of(
    st.just([(-9, None)]), st.lists(spans, max_size=2), st.lists(st.tuples(around, st.just(3)), min_size=2, max_size=2)
)
leaves = st.fixed_dictionaries(
    {
        "span": st.tuples(st.sampled_from([-2, -1, -1, 0, 0, 1]), st.sampled_from([0, 2, 3])),
        "state": st.sampled_from(["pending", "pending", "approved", "approved", "rejected", "withdrawn", "ended"]),
        "covered": around,
        "created": st.integers(0, 2),
    }
)
boards = st.fixed_dictionaries(
    {
        "span": spans,
        "state": st.sampled_from(["in_village", "visiting", "official", "training", "leave", "rest"]),
        "since": around,
        "received": st.integers(0, 2),
        "back": st.sampled_from([None, 5]),
    }
)
check_ins = st.fixed_dictionaries(
    {
        "day": st.sampled_from([0, 0, 0, -1]),
        "captured": st.integers(0, 2),
        "verdict": st.sampled_from(["inside", "uncertain", "outside"]),
        "late": st.booleans(),
        "needs_acceptance": st.booleans(),
        "accepted": st.sampled_from([None, None, True, False]),
    }
)
lives = st.fixed_dictionaries(
    {
        "postings": postings,
        "leaves": st.lists(leaves, max_size=3),
        "boards": st.lists(boards, max_size=3),
        "check_ins": st.lists(check_ins, max_size=3),
        "active": st.sampled_from([True, True, True, False]),
    }
)
places = st.fixed_dictionaries({"fences": st.integers(0, 2), "closed": st.booleans(), "loaded": st.booleans()})


def day_at(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def end_of(span: tuple[int, int | None]) -> date | None:
    first, length = span
    return None if length is None else day_at(first + length)


def live(world, session, who: str, life: dict) -> None:
    """A cadre has had this life; the rows of it that hang on a posting hang on the first one."""
    session.execute(update(Account).where(Account.id == world.accounts[who]).values(active=life["active"]))
    first = session.get(Posting, world.postings[who])
    session.execute(delete(Posting).where(Posting.cadre_id == first.cadre_id, Posting.id != first.id))
    first.starts_on, first.ends_on = day_at(-9), day_at(-8)
    for number, span in enumerate(life["postings"]):
        posting = first if number == 0 else _another(first)
        posting.starts_on, posting.ends_on = day_at(span[0]), end_of(span)
        session.add(posting)
    session.add_all(_leave(world, session, who, one) for one in life["leaves"])
    session.add_all(_board(world, session, who, one) for one in life["boards"])
    session.add_all(_check_in(world, first, one) for one in life["check_ins"])


def _another(posting: Posting) -> Posting:
    copied = {c.name: getattr(posting, c.name) for c in Posting.__table__.columns}
    return Posting(**copied | {"id": new_id(), "village_code": SECOND_VILLAGE, "duty": "member"})


def _leave(world, session, who: str, one: dict) -> Leave:
    leave = declared(session, world, "leave", TODAY, who)
    leave.starts_on, leave.ends_on = day_at(one["span"][0]), end_of(one["span"])
    leave.state, leave.covered_until = one["state"], day_at(one["covered"])
    leave.created_at = world.clock() + timedelta(minutes=one["created"])
    return leave


def _board(world, session, who: str, one: dict) -> Whereabouts:
    board = declared(session, world, "board", TODAY, who)
    board.state, board.destination = one["state"], "县城"
    board.first_day, board.last_day = day_at(one["span"][0]), end_of(one["span"])
    board.since = world.clock() + timedelta(microseconds=one["since"])
    board.received_at = world.clock() + timedelta(seconds=one["received"])
    board.expected_back_at = None if one["back"] is None else world.clock() + timedelta(hours=one["back"])
    return board


def _check_in(world, posting: Posting, one: dict) -> CheckIn:
    """One that nobody has judged the day by."""
    return CheckIn(
        id=new_id(),
        **place_of(posting),
        account_id=new_id(),
        date=day_at(one["day"]),
        captured_at=world.clock() + timedelta(milliseconds=500 * one["captured"]),
        received_at=world.clock(),
        body_hash="x",
        verdict=one["verdict"],
        reason="x",
        risk_flags=[],
        late=one["late"],
        needs_acceptance=one["needs_acceptance"],
        accepted=one["accepted"],
    )


def surround(session, world, place: dict) -> None:
    """Fences, the head of the day, the calendar."""
    session.execute(delete(Fence).where(Fence.area_code == VILLAGE))
    for number in range(place["fences"]):
        circle = {"circle": {"lng": CENTER[0], "lat": CENTER[1], "radius_m": 1500.5 + number}}
        session.add(Fence(area_code=VILLAGE, geometry=circle, drawn=circle, created_at=world.clock(), created_by=None))
    if place["closed"]:
        session.add(DayHead(county_code=COUNTY, date=TODAY, version=3, closed_at=world.clock()))
    session.execute(delete(CalendarYear))
    if place["loaded"]:
        days = {"off": [TODAY.isoformat()], "working": []}
        session.add(
            CalendarYear(year=TODAY.year, days=days, source="国办通知", loaded_at=world.clock(), loaded_by=None)
        )


@given(those=st.fixed_dictionaries(dict.fromkeys(PEOPLE, lives)), place=places)
@few_examples
def test_whoever_is_posted_and_away_however_the_lane_shows_what_the_route_shows(world, clock, those, place):
    forget(world)
    clock.set("2026-11-23 08:05")
    with world.database.writing() as session:
        surround(session, world, place)
        for who, life in those.items():
            live(world, session, who, life)
    with reader_of(world) as reader:
        assert_same(reader, world, clock())


def test_a_calendar_that_is_loaded_meanwhile_holds_at_once(world, clock):
    with reader_of(world) as reader:
        assert in_lane(reader, [world.accounts["li"]], clock())[0]["day"]["status"] == "pending"
        with world.database.writing() as session:
            surround(session, world, {"fences": 1, "closed": False, "loaded": True})
        assert in_lane(reader, [world.accounts["li"]], clock())[0]["day"]["status"] == "rest"


ODD_HEADERS = (
    {},
    {"Authorization": "Bearer x.y.z"},
    {"Authorization": "Basic bGk6bGk="},
    {"Authorization": "Bearer"},
    {"Accept-Language": "en"},
)


def told(answer) -> tuple:
    """All that a client is told, but for the trace id."""
    headers = {k: v for k, v in answer.headers.items() if k != "x-trace-id"}
    content = answer.json()
    if "trace_id" in content:
        assert content.pop("trace_id") == answer.headers["x-trace-id"]
    return answer.status_code, headers, content


@pytest.mark.parametrize("who", ["li", "zhou", "township_officer", "dashboard", "switched_off"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_door_answers_as_the_route_does(world, app, who, language):
    world.as_("li").post("/check-ins", body())
    with world.database.writing() as session:
        world.add_account(session, "switched_off", "admin")
        session.execute(update(Account).where(Account.login == "switched_off").values(active=False))
    ask = {"headers": {"Accept-Language": language}}
    by_lane = world.as_(who).get("/me/today", **ask)
    lane, app.state.today_lane = app.state.today_lane, None
    by_route = world.as_(who).get("/me/today", **ask)
    app.state.today_lane = lane
    assert told(by_lane) == told(by_route)
    assert by_lane.status_code == {"li": 200, "zhou": 200, "switched_off": 401}.get(who, 403)


@pytest.mark.parametrize("headers", ODD_HEADERS)
def test_whoever_shows_no_good_token_is_refused_as_everywhere(world, headers):
    answer = world.client.get("/api/v1/me/today", headers=headers)
    elsewhere = world.client.get("/api/v1/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (elsewhere.status_code, elsewhere.json()["code"])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_what_is_not_quite_the_first_screen_is_not_taken_for_it(world):
    li = world.as_("li")
    assert li.get("/me/today?x=1").status_code == 200
    assert li.get("/me/today?x=%00").status_code == 400
    assert li.get("/me/today/").status_code == 404
    assert li.post("/me/today").status_code == 405


def test_answers_are_counted_under_their_route(world):
    world.as_("li").get("/me/today")
    counted = world.client.get("/metrics").text
    assert 'zaigang_requests_total{method="GET",route="/api/v1/me/today",status="200"}' in counted


def test_without_groups_there_is_no_lane(world, app, settings):
    assert app.state.today_lane is not None
    app.state.settings = settings.model_copy(update={"lane_group_size": 0})

    async def start():
        async with app.router.lifespan_context(app):
            return app.state.lane, app.state.today_lane

    assert asyncio.run(start()) == (None, None)


class Failing:
    """A store that fails so many times, and counts how often it was asked and given up."""

    def __init__(self, store, times: int, error: Exception) -> None:
        self._store, self._left, self._error = store, times, error
        self.closed = 0

    def read(self, *asked):
        if self._left:
            self._left -= 1
            raise self._error
        return self._store.read(*asked)

    def close(self):
        self.closed += 1
        self._store.close()


def run(world, settings, store=None, people=PEOPLE):
    """All of them at once through a lane of their own; their answers or problems, in order."""

    async def drive():
        lane = TodayLane(world.database, settings, lambda: world.clock, store)
        try:
            waiting = [asyncio.ensure_future(lane.read(world.accounts[who])) for who in people]
            return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 30)
        finally:
            await lane.close()

    return asyncio.run(drive())


def posting_ids(world, people=PEOPLE) -> list[str]:
    return [str(world.postings[who]) for who in people]


def shown(answers) -> list[str]:
    return [orjson.loads(answer)["posting"]["id"] for answer in answers]


def test_each_is_shown_their_own(world, settings):
    assert shown(run(world, settings)) == posting_ids(world)
    assert shown(run(world, settings, people=PEOPLE + PEOPLE)) == posting_ids(world) * 2


@pytest.mark.parametrize("error", [psycopg.OperationalError("server closed the connection"), KeyError("x")])
def test_what_fails_once_is_tried_again_over_another_connection(world, settings, error):
    store = Failing(open_today_store(world.database), 1, error)
    assert shown(run(world, settings, store)) == posting_ids(world)
    assert store.closed == 2


def test_while_the_database_is_away_everybody_is_told_to_come_back(world, settings):
    lost = psycopg.OperationalError("server closed the connection unexpectedly")
    answers = run(world, settings, Failing(open_today_store(world.database), 1000, lost))
    assert {type(answer) for answer in answers} == {Unavailable}
    assert answers[0].headers["Retry-After"]


def test_a_full_queue_says_when_to_come_back(world, settings):
    answers = run(world, settings.model_copy(update={"lane_queue_size": 2}))
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert len(refused) == len(PEOPLE) - 2
    assert refused[0].headers["Retry-After"]


def test_a_caller_that_goes_away_harms_nobody(world, settings):
    async def drive():
        lane = TodayLane(world.database, settings, lambda: world.clock)
        gone, *others = [asyncio.ensure_future(lane.read(world.accounts[who])) for who in PEOPLE]
        await asyncio.sleep(0)
        gone.cancel()
        found = await asyncio.gather(*others)
        await lane.close()
        return found

    assert shown(asyncio.run(drive())) == posting_ids(world)[1:]


def test_a_shutdown_answers_whoever_has_arrived(world, settings):
    async def drive():
        lane = TodayLane(world.database, settings, lambda: world.clock)
        waiting = [asyncio.ensure_future(lane.read(world.accounts[who])) for who in PEOPLE]
        await asyncio.sleep(0)
        await lane.close()
        late = (await asyncio.gather(lane.read(world.accounts["li"]), return_exceptions=True))[0]
        return await asyncio.wait_for(asyncio.gather(*waiting), 10), late

    answers, late = asyncio.run(drive())
    assert shown(answers) == posting_ids(world)
    assert isinstance(late, Unavailable)


def test_a_connection_that_the_server_ends_is_opened_anew(world, settings, databases):
    if databases.name != "postgresql":
        pytest.skip("an embedded database ends no connection")

    async def drive():
        lane = TodayLane(world.database, settings, lambda: world.clock)
        first = await lane.read(world.accounts["li"])
        with world.database.writing() as session:
            session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        second = await asyncio.wait_for(lane.read(world.accounts["wang"]), 30)
        await lane.close()
        return first, second

    assert shown(asyncio.run(drive())) == posting_ids(world, ("li", "wang"))


def test_reading_holds_no_connection_of_the_pool_and_no_transaction(world, databases, clock):
    with reader_of(world) as reader:
        reader.read([world.accounts["li"]], clock())
        assert world.database.reader.pool.checkedout() == 0
        if databases.name == "postgresql":
            with world.database.reading() as session:
                waits = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
                assert session.scalar(text(waits)) == 0
        else:
            connection = world.database.writer.raw_connection()
            busy, _, _ = connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.close()
            assert busy == 0


def test_what_was_written_a_moment_ago_is_shown(world):
    for number in range(1, 4):
        world.as_("li").post("/check-ins", body(f"2026-11-23T08:0{number}:00+08:00"))
        assert len(world.as_("li").get("/me/today").json()["check_ins"]) == number
