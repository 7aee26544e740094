"""A server that dies in the middle of a morning: what it answered is on the disk, whole; the rest can be sent again."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import make_url, select

from app.access import tokens
from app.clock import SHANGHAI, now
from app.database import Database
from app.models import CheckIn, DayEntry, DayRevision
from app.settings import Settings
from tests.checkins.support import body
from tests.support.world import FOREIGN_VILLAGE, VILLAGE, World, found_world

ROOT = Path(__file__).resolve().parents[2]
CADRES = 150
CONNECTIONS = 16
MIDDLE = 50
"""Answers after which something happens."""
ATTEMPTS = 20
"""Of a phone that is told to come back."""


def crowd(database_url: str) -> list[UUID]:
    """The world with a crowd of cadres in two counties; returns their accounts."""
    found = found_world(database_url)
    database = Database(Settings(database_url=database_url))
    world = World(app=None, client=None, database=database, clock=now, **found)
    names = [f"cadre{number}" for number in range(CADRES)]
    with database.writing() as session:
        for number, name in enumerate(names):
            village, unit = (VILLAGE, "county") if number % 2 else (FOREIGN_VILLAGE, "foreign")
            world.add_cadre(session, name, village, unit, starts_on=date(2020, 1, 1))
    database.dispose()
    return [world.accounts[name] for name in names]


@pytest.fixture
def crowded_url(databases) -> Iterator[str]:
    url = databases.fresh(crowd)
    yield url
    databases.drop(url)


@pytest.fixture
def check_ins(crowded_url, databases) -> list[tuple[str, bytes]]:
    """A token and a body of each cadre."""
    database = Database(Settings(database_url=crowded_url))
    with database.reading() as session:
        keys = tokens.load_signing_keys(session)
        session.expunge_all()
    database.dispose()
    ring = tokens.KeyRing(lambda: keys)
    at = now().astimezone(SHANGHAI).isoformat(timespec="seconds")
    return [
        (
            tokens.issue(ring, account_id, now(), timedelta(minutes=10)),
            json.dumps(body(at) | {"device_id": f"d{number}"}).encode(),
        )
        for number, account_id in enumerate(databases.known(crowd))
    ]


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[tuple[subprocess.Popen, int]]:
    """A server in a process of its own, and its port; it listens from its first line of output on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {
        "DATABASE_URL": database_url,
        "STORAGE_DIR": str(folder / "files"),
        "RATE_LIMITS": "false",
        "DELIVER_WEBHOOKS_IN_SERVER": "false",
    }
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--host", "127.0.0.1", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | variables,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        assert b"http://127.0.0.1" in process.stdout.readline(), (folder / "server.log").read_text()
        yield process, port
    finally:
        process.kill()
        process.communicate()


class Crowd:
    """Phones that check in over several connections; the one that gets the answer in the middle makes it happen."""

    def __init__(self, port: int, check_ins: list[tuple[str, bytes]], in_the_middle: Callable[[], None]) -> None:
        self._port = port
        self._in_the_middle = in_the_middle
        self._waiting: SimpleQueue[tuple[str, bytes]] = SimpleQueue()
        for check_in in check_ins:
            self._waiting.put(check_in)
        self._counting = threading.Lock()
        self.answers: dict[UUID, int] = {}

    def run(self) -> dict[UUID, int]:
        """The status by the check-in's id, of those that were answered."""
        threads = [threading.Thread(target=self._phone) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.answers

    def _phone(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            while True:
                token, content = self._waiting.get_nowait()
                status = self._send(connection, token, content)
                self._count(UUID(json.loads(content)["id"]), status)
        except (Empty, OSError, http.client.HTTPException):
            return  # all are sent, or the server is gone
        finally:
            connection.close()

    def _send(self, connection: http.client.HTTPConnection, token: str, content: bytes) -> int:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for _ in range(ATTEMPTS):
            connection.request("POST", "/api/v1/check-ins", content, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 503:
                break
            assert answer.headers["Retry-After"]
        return answer.status

    def _count(self, check_in_id: UUID, status: int) -> None:
        with self._counting:
            self.answers[check_in_id] = status
            reached = len(self.answers) == MIDDLE
        if reached:
            self._in_the_middle()


def nothing() -> None:
    """Happens."""


def ids_of(check_ins: list[tuple[str, bytes]]) -> set[UUID]:
    return {UUID(json.loads(content)["id"]) for _, content in check_ins}


def require_whole(database_url: str) -> set[UUID]:
    """The ids of the check-ins on record; each has its day's entry and the revision that says so, and no entry is
    there without its check-in.
    """
    database = Database(Settings(database_url=database_url))
    with database.snapshot() as session:  # a commit that was on its way may still arrive
        rows = session.execute(select(CheckIn.id, CheckIn.county_code, CheckIn.date, CheckIn.posting_id)).all()
        entries = session.execute(
            select(DayEntry.county_code, DayEntry.date, DayEntry.posting_id, DayEntry.status, DayEntry.revision)
        ).all()
        revisions = session.execute(
            select(
                DayRevision.county_code,
                DayRevision.date,
                DayRevision.posting_id,
                DayRevision.status,
                DayRevision.revision,
            )
        ).all()
    database.dispose()
    days = Counter((*day, "on_post", 1) for _, *day in rows)
    assert Counter(map(tuple, entries)) == days
    assert Counter(map(tuple, revisions)) == days
    assert max(days.values(), default=1) == 1
    return {check_in_id for check_in_id, *_ in rows}


def test_what_a_killed_server_answered_is_on_record_and_the_rest_can_be_sent_again(crowded_url, check_ins, tmp_path):
    with serving(crowded_url, tmp_path) as (process, port):
        answers = Crowd(port, check_ins, lambda: os.kill(process.pid, signal.SIGKILL)).run()
    assert set(answers.values()) == {201}
    assert MIDDLE <= len(answers) < CADRES
    assert answers.keys() <= require_whole(crowded_url)

    with serving(crowded_url, tmp_path) as (_, port):
        again = Crowd(port, check_ins, nothing).run()
    assert again.keys() == ids_of(check_ins)
    assert {again[check_in_id] for check_in_id in answers} == {200}
    assert set(again.values()) <= {200, 201}
    assert require_whole(crowded_url) == again.keys()


def test_a_database_that_ends_every_connection_in_the_middle_loses_nothing(crowded_url, check_ins, tmp_path, databases):
    if databases.name != "postgresql":
        pytest.skip("an embedded database ends no connection")

    def end_connections() -> None:
        url = make_url(crowded_url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            ended = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert ended.fetchone()[0]

    with serving(crowded_url, tmp_path) as (_, port):
        answers = Crowd(port, check_ins, end_connections).run()
    assert answers.keys() == ids_of(check_ins)
    assert set(answers.values()) <= {200, 201}  # 200: recorded, but the word of it was lost, and it was asked for again
    assert require_whole(crowded_url) == answers.keys()
