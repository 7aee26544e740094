"""The server and the command line deliver by themselves."""

import asyncio
import threading

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.cli.main import run
from app.models import WebhookDelivery
from app.settings import Settings
from app.webhooks import loop
from app.webhooks.delivery import LEASE
from tests.webhooks.receiver import is_signed


@pytest.fixture
def arrived(receiver):
    """Set once a message has arrived."""
    event = threading.Event()

    def respond(_message):
        event.set()
        return 204

    receiver.respond = respond
    return event


class TestInTheServer:
    @pytest.fixture
    def settings(self, database_url, tmp_path, monkeypatch):
        monkeypatch.setattr(loop, "SECONDS_BETWEEN_LOOKS", 0.02)
        return Settings(database_url=database_url, storage_dir=tmp_path, rate_limits=False)

    def test_the_server_delivers_by_itself(self, register, receiver, arrived, admin):
        webhook = register()
        admin.post(f"/webhooks/{webhook['id']}/test")
        assert arrived.wait(timeout=20)
        assert is_signed(receiver.received[0], webhook["secret"])

    def test_a_database_that_fails_once_does_not_end_it(self, register, arrived, admin, monkeypatch):
        failed = threading.Event()
        look = loop.is_anything_due

        def fail_once(*arguments):
            if not failed.is_set():
                failed.set()
                raise OperationalError("SELECT", {}, Exception())
            return look(*arguments)

        monkeypatch.setattr(loop, "is_anything_due", fail_once)
        webhook = register()
        admin.post(f"/webhooks/{webhook['id']}/test")
        assert failed.wait(timeout=20)
        assert arrived.wait(timeout=20)


def test_a_server_that_stops_does_not_wait_for_a_receiver_that_keeps_silent(
    register, receiver, happen, clock, world, settings
):
    register()
    happen()
    arrived, stopped = threading.Event(), threading.Event()

    def keep_silent(_message):
        arrived.set()
        stopped.wait(30)

    receiver.respond = keep_silent

    async def serve():
        async with loop.delivering_webhooks(world.database, settings, clock):
            assert await asyncio.to_thread(arrived.wait, 30)

    asyncio.run(serve())
    stopped.set()
    with world.database.reading() as session:
        [delivery] = session.scalars(select(WebhookDelivery))
        assert (delivery.last_error, delivery.delivered_at) == (None, None)
        assert delivery.next_attempt_at == clock() + LEASE


def test_the_command_delivers_what_is_due_once(register, receiver, happen, database_url, monkeypatch, capsys):
    register()
    happen()
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert run(["deliver-webhooks"]) == 0
    assert "已送达 1 条" in capsys.readouterr().out
    assert len(receiver.received) == 1
    assert run(["deliver-webhooks"]) == 0
    assert len(receiver.received) == 1
