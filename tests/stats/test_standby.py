"""DATABASE_READ_URL: a real hot standby answers stats, board and ledger, says how old it is, and may be gone."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from prometheus_client import REGISTRY
from psycopg import sql
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient
from structlog.testing import capture_logs

import app.database
from app.clock import get_clock
from app.main import configure
from app.models import Account
from app.schema import upgrade
from app.settings import Settings
from tests.checkins.test_checkins import body
from tests.support.replication import Pair, replicated_pair
from tests.support.world import COUNTY, FIRST_MORNING, VILLAGE, World, found_world

PATHS = (
    f"/stats/attendance?area={COUNTY}",
    f"/stats/today?area={COUNTY}",
    f"/stats/recall-flags?area={COUNTY}",
    f"/villages/{VILLAGE}/board",
    f"/ledger?area={COUNTY}",
)
FALLBACKS = "zaigang_standby_fallbacks_total"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    yield from replicated_pair()


@pytest.fixture(scope="module")
def ids(pair: Pair) -> dict:
    upgrade(pair.primary.url)
    return found_world(pair.primary.url)


@pytest.fixture
def replicated(pair: Pair, ids: dict, built_app, clock, tmp_path) -> Iterator[World]:
    """The world on a primary, and its copy on a standby, at the present day (or on the world's first, if that is
    still to come). One database for all tests of this module, each of which finds the standby running."""
    clock.instant = max(datetime.now(UTC), FIRST_MORNING)
    settings = Settings(
        database_url=pair.primary.url,
        database_read_url=pair.standby.url,
        storage_dir=tmp_path,
        rate_limits=False,
        deliver_webhooks_in_server=False,
    )
    configure(built_app, settings)
    built_app.dependency_overrides = {get_clock: lambda: clock}
    with TestClient(built_app, raise_server_exceptions=False) as client:
        pair.catch_up()
        yield World(built_app, client, built_app.state.database, clock, **copy.deepcopy(ids))


@contextmanager
def statements(engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def check_in(world: World, who: str) -> None:
    """Registers `who` today on the primary."""
    assert world.as_(who).post("/check-ins", body(world.clock().isoformat())).status_code == 201


def today(world: World) -> tuple[int, datetime]:
    answer = world.as_("dashboard").get("/stats/today")
    assert answer.status_code == 200, answer.text
    return answer.json()["on_post"], datetime.fromisoformat(answer.json()["meta"]["as_of"])


@pytest.mark.parametrize("path", PATHS)
def test_the_standby_answers_and_the_primary_only_says_who_asks(replicated, path):
    with statements(replicated.database.standby) as on_standby, statements(replicated.database.writer) as on_primary:
        assert replicated.as_("county_officer").get(path).status_code == 200
    assert on_standby
    whose = ("FROM accounts", "FROM signing_keys")
    assert not [statement for statement in on_primary if not any(table in statement for table in whose)]


def test_a_standby_that_lags_tells_what_it_has_and_as_of_when(replicated, pair):
    check_in(replicated, "li")
    pair.pause()
    known, _ = today(replicated)
    paused_at = datetime.now(UTC)
    check_in(replicated, "wang")
    pair.received()
    try:
        lagging, as_of = today(replicated)
    finally:
        pair.resume()
    assert lagging == known, "the second check-in is on the primary alone"
    assert as_of <= paused_at
    check_in(replicated, "sun")
    pair.catch_up()
    replicated.clock.forward(minutes=1)
    caught_up, as_of = today(replicated)
    assert caught_up == known + 2
    assert as_of > paused_at


def test_a_tag_stays_good_while_the_standby_lags_and_no_longer_than_that(replicated, pair):
    path = f"/stats/attendance?area={COUNTY}"
    pair.pause()
    tag = replicated.as_("dashboard").get(path).headers["ETag"]
    check_in(replicated, "zhao")
    pair.received()
    try:
        lagging = replicated.as_("dashboard").get(path, headers={"If-None-Match": tag}).status_code
    finally:
        pair.resume()
    assert (lagging, replicated.as_("dashboard").get(path, headers={"If-None-Match": tag}).status_code) == (304, 200)


def test_a_withdrawn_account_is_refused_at_once_however_far_the_standby_lags(replicated, pair):
    with replicated.database.writing() as session:
        replicated.add_account(session, "leaving", "dashboard", area_code=COUNTY)
    pair.pause()
    try:
        before = replicated.as_("leaving").get("/stats/today").status_code
        with replicated.database.writing() as session:
            session.get_one(Account, replicated.accounts["leaving"]).active = False
        after = replicated.as_("leaving").get("/stats/today").status_code
    finally:
        pair.resume()
    assert (before, after) == (200, 401)


def test_without_its_standby_the_service_answers_from_the_primary_and_says_so(replicated, pair, monkeypatch):
    monkeypatch.setattr(app.database, "STANDBY_RETRY_SECONDS", 0)
    assert replicated.as_("county_officer").get(PATHS[0]).status_code == 200, "connections to it are in the pool"
    before = REGISTRY.get_sample_value(FALLBACKS)
    pair.standby.stop()
    try:
        with capture_logs() as logged:
            found = {path: replicated.as_("county_officer").get(path).status_code for path in PATHS}
        _, as_of = today(replicated)
    finally:
        pair.standby.start()
    assert found == dict.fromkeys(PATHS, 200)
    assert as_of == replicated.clock()
    assert [entry for entry in logged if entry["event"] == "standby_unavailable"]
    assert REGISTRY.get_sample_value(FALLBACKS) == before + len(PATHS) + 1
    pair.catch_up()
    with statements(replicated.database.standby) as on_standby:
        assert replicated.as_("county_officer").get(PATHS[0]).status_code == 200
    assert on_standby, "it is used again once it is back"


def test_a_standby_that_is_down_is_not_knocked_at_by_every_reader(replicated, pair):
    pair.standby.stop()
    try:
        with capture_logs() as logged:
            for _ in range(3):
                assert replicated.as_("dashboard").get(PATHS[1]).status_code == 200
    finally:
        pair.standby.start()
    assert len([entry for entry in logged if entry["event"] == "standby_unavailable"]) == 1


@pytest.fixture
def reporter_url(database_url) -> Iterator[str]:
    """The same database, for a user who may read and nothing else."""
    name, password = f"reporter_{uuid4().hex[:8]}", uuid4().hex
    role = sql.Identifier(name)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))
        connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(role))
        yield make_url(database_url).set(username=name, password=password).render_as_string(hide_password=False)
        connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
    with psycopg.connect(make_url(database_url).set(database="postgres").render_as_string(False)) as connection:
        connection.execute(
            sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {}").format(
                sql.Literal(name)
            )
        )
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_reports_need_no_right_to_write(world, settings, reporter_url, built_app):
    configure(built_app, settings.model_copy(update={"database_read_url": reporter_url}))
    with TestClient(built_app, raise_server_exceptions=False) as client:
        reader = World(built_app, client, built_app.state.database, world.clock, world.accounts)
        assert {reader.as_("county_officer").get(path).status_code for path in PATHS} == {200}


def test_a_reporting_transaction_cannot_write(world):
    with world.database.reporting() as session, pytest.raises(DBAPIError, match=r"read-?only"):
        session.execute(text("UPDATE roster_versions SET version = 0"))


def test_a_reporting_transaction_sees_one_state_throughout(world):
    count = text("SELECT count(*) FROM check_ins")
    with world.database.reporting() as session:
        before = session.scalar(count)
        assert world.as_("li").post("/check-ins", body()).status_code == 201
        assert session.scalar(count) == before
    with world.database.reporting() as session:
        assert session.scalar(count) == before + 1
