import json

import pytest

from app.attendance.outbox import emit
from app.webhooks.delivery import deliver_due
from tests.support.world import COUNTY
from tests.webhooks.receiver import Receiver


@pytest.fixture
def receiver():
    receiver = Receiver()
    stop = receiver.start()
    yield receiver
    stop()


@pytest.fixture
def admin(world):
    return world.as_("admin")


@pytest.fixture
def register(admin, receiver):
    """Registers the receiver and returns the answer, secret included."""

    def call(**body):
        answer = admin.post("/webhooks", {"url": receiver.url, "events": ["day.closed"], **body})
        assert answer.status_code == 201, json.dumps(answer.json(), ensure_ascii=False)
        return answer.json()

    return call


@pytest.fixture
def happen(world, clock):
    """Brings about an event, as a transaction of a room does."""

    def call(event_type="day.closed", county=COUNTY, **payload):
        with world.database.writing() as session:
            emit(session, event_type, county_code=county, payload=payload or {"county_code": county}, at=clock())

    return call


@pytest.fixture
def deliver(world, clock, settings):
    return lambda: deliver_due(world.database, settings, clock)
