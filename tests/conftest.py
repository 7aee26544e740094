"""Fixtures: every test that asks for a database runs on SQLite and on PostgreSQL."""

import copy
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.clock import SHANGHAI, get_clock
from app.database import Database
from app.logs import configure_logging
from app.main import configure, create_app
from app.schema import upgrade
from app.settings import Settings
from tests.support.databases import Databases, Postgresql, Sqlite, postgresql_server, sqlite_folder
from tests.support.world import FIRST_MORNING, World, found_world

LONGEST = (
    "tests/test_readme.py",
    "tests/demo/",
    "tests/test_ledger_machine.py",
    "tests/scope/",
    "tests/cli/",
    "tests/clients/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker begins on it when the other is done."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


class MovableClock:
    """The time, as a test sets it. Starts on a plain Monday morning."""

    def __init__(self) -> None:
        self.instant = FIRST_MORNING

    def __call__(self) -> datetime:
        return self.instant

    def set(self, text: str) -> None:
        """`"2026-11-24 00:30"`, Beijing time."""
        self.instant = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)

    def forward(self, **delta: float) -> None:
        self.instant += timedelta(**delta)


@pytest.fixture(scope="session", autouse=True)
def logs_as_in_production() -> Iterator[None]:
    """Without it structlog would print a fault with every local variable of every frame, for minutes."""
    configure_logging()
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    yield
    logging.getLogger().handlers.clear()  # what is logged at exit would meet a closed stream


@pytest.fixture(scope="session")
def sqlite_databases() -> Iterator[Sqlite]:
    yield from sqlite_folder()


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[Postgresql]:
    yield from postgresql_server()


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    return request.getfixturevalue(f"{request.param}_databases")


@pytest.fixture
def database_url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """Migrated; and peopled where the test asks for the world: copying it costs less than making it."""
    url = databases.fresh(found_world if "world" in request.fixturenames else upgrade)
    yield url
    databases.drop(url)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def settings(database_url: str, tmp_path) -> Settings:
    return Settings(
        database_url=database_url,
        storage_dir=tmp_path / "files",
        rate_limits=False,
        deliver_webhooks_in_server=False,  # tests that mean it deliver by hand, by their own clock
    )


@pytest.fixture(scope="session")
def built_app() -> FastAPI:
    """Built once: its routes are the same for every test, only its state is not."""
    return create_app(Settings(database_url="sqlite://"))


@pytest.fixture
def app(built_app: FastAPI, settings: Settings, clock: MovableClock) -> FastAPI:
    configure(built_app, settings)
    built_app.dependency_overrides = {get_clock: lambda: clock}
    return built_app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def database(client: TestClient, app: FastAPI) -> Database:
    return app.state.database


@pytest.fixture
def world(client: TestClient, app: FastAPI, database: Database, clock: MovableClock, databases: Databases) -> World:
    """Two counties with officers, units and cadres; `world.as_("county_officer")` is a signed-in client."""
    return World(app, client, database, clock, **copy.deepcopy(databases.known(found_world)))
