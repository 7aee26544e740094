"""From the outbox to the receiver."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.attendance.close import close_due_days
from app.attendance.outbox import emit
from app.models import AuditEvent, OutboxMessage, WebhookDelivery
from app.webhooks import delivery as delivering
from app.webhooks.delivery import BACKOFF, KEPT, LEASE, Tally, deliver_due, is_anything_due, sweep
from app.webhooks.sending import Attempt, send
from app.webhooks.stop import Stop
from tests.support.world import CITY, COUNTY, FOREIGN_COUNTY
from tests.webhooks.receiver import is_signed


def listed(admin, webhook, query=""):
    answer = admin.get(f"/webhooks/{webhook['id']}/deliveries{query}")
    assert answer.status_code == 200
    return answer.json()["items"]


def test_a_message_arrives_signed_as_the_standard_says(register, receiver, happen, deliver, clock):
    webhook = register()
    happen(county_code=COUNTY, date="2026-11-22", postings=5)
    assert deliver().delivered == 1
    [message] = receiver.received
    assert (message.path, message.headers["content-type"]) == ("/hooks/zaigang", "application/json")
    assert message.json == {
        "type": "day.closed",
        "timestamp": "2026-11-23T08:05:00+08:00",
        "data": {"county_code": COUNTY, "date": "2026-11-22", "postings": 5},
    }
    assert message.headers["webhook-timestamp"] == str(int(clock().timestamp()))
    assert is_signed(message, webhook["secret"])
    assert not is_signed(message, "whsec_" + "A" * 43 + "=")


def test_a_delivered_message_is_not_sent_again(register, receiver, happen, deliver, clock, admin):
    webhook = register()
    happen()
    deliver()
    clock.forward(days=2)
    assert (deliver().delivered, len(receiver.received)) == (0, 1)
    [delivery] = listed(admin, webhook)
    assert delivery == {
        "message_id": receiver.ids[0],
        "type": "day.closed",
        "county_code": COUNTY,
        "occurred_at": "2026-11-23T08:05:00+08:00",
        "status": "delivered",
        "attempts": 1,
        "last_attempt_at": "2026-11-23T08:05:00+08:00",
        "next_attempt_at": None,
        "delivered_at": "2026-11-23T08:05:00+08:00",
        "last_error": None,
    }


def test_a_failing_receiver_is_tried_on_schedule_and_then_given_up(register, receiver, happen, deliver, clock, admin):
    webhook = register()
    receiver.respond = lambda _message: 500
    happen()
    assert deliver().failed == 1
    for number, pause in enumerate(BACKOFF, start=1):
        [delivery] = listed(admin, webhook, "?status=retrying")
        assert (delivery["attempts"], delivery["last_error"]) == (number, "http_500")
        assert datetime.fromisoformat(delivery["next_attempt_at"]) == clock() + pause
        clock.instant += pause - timedelta(seconds=1)
        assert deliver().failed == 0
        clock.forward(seconds=1)
        assert deliver().failed == 1
    assert len(set(receiver.ids)) == 1
    assert len(receiver.ids) == 10
    assert all(is_signed(message, webhook["secret"]) for message in receiver.received)
    assert len({message.body for message in receiver.received}) == 1
    [delivery] = listed(admin, webhook, "?status=given_up")
    assert (delivery["attempts"], delivery["next_attempt_at"]) == (10, None)
    clock.forward(days=20)
    assert deliver().failed == 0


def test_the_schedule_is_the_standards():
    assert [int(pause.total_seconds()) for pause in BACKOFF] == [
        5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600
    ]  # fmt: skip


def test_what_was_given_up_can_be_asked_for_again(register, receiver, happen, deliver, clock, admin):
    webhook = register()
    receiver.respond = lambda _message: 503
    happen()
    for pause in (timedelta(0), *BACKOFF):
        clock.instant += pause
        deliver()
    receiver.respond = lambda _message: 200
    assert admin.post(f"/webhooks/{webhook['id']}/requeue").json() == {"requeued": 1}
    assert admin.post(f"/webhooks/{webhook['id']}/requeue").json() == {"requeued": 0}
    assert deliver().delivered == 1
    assert len(set(receiver.ids)) == 1
    [delivery] = listed(admin, webhook, "?status=delivered")
    assert (delivery["attempts"], delivery["last_error"]) == (1, None)


def test_a_crash_between_sending_and_recording_sends_the_same_message_again(
    register, receiver, happen, deliver, clock, monkeypatch, admin
):
    webhook = register()
    happen()

    def crash(*_arguments):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(delivering, "_settle", crash)
        with pytest.raises(SystemExit):
            deliver()
    assert len(receiver.received) == 1
    clock.instant += LEASE - timedelta(seconds=1)
    deliver()
    assert len(receiver.received) == 1
    clock.forward(seconds=1)
    assert deliver().delivered == 1
    first, second = receiver.received
    assert (first.id, first.body) == (second.id, second.body)
    assert listed(admin, webhook)[0]["attempts"] == 2


def test_a_stop_does_not_wait_for_a_receiver_that_keeps_silent_and_its_message_is_sent_again(
    register, receiver, happen, deliver, clock, world, settings, admin
):
    webhook = register()
    happen()
    stop, stopped = Stop(), threading.Event()

    def keep_silent(_message):
        stop.set()
        stopped.wait(30)

    receiver.respond = keep_silent
    tally = deliver_due(world.database, settings, clock, stop)
    stopped.set()
    assert tally == Tally()
    assert listed(admin, webhook)[0]["last_error"] is None
    receiver.respond = lambda _message: 204
    clock.instant += LEASE
    assert deliver().delivered == 1
    assert len(set(receiver.ids)) == 1


def test_after_a_stop_nothing_is_begun(register, receiver, happen, deliver, clock, world, settings):
    register()
    happen()
    stop = Stop()
    stop.set()
    assert deliver_due(world.database, settings, clock, stop) == Tally()
    assert send(Attempt(uuid4(), uuid4(), 1, receiver.url, ("whsec_AAAA",), b"{}"), clock(), (), stop) is None
    assert receiver.received == []
    assert deliver().delivered == 1


def test_an_answer_that_comes_after_its_lease_does_not_undo_a_later_success(
    register, receiver, happen, clock, world, admin, settings
):
    webhook = register()
    happen()
    late = []

    def respond(message):
        """While the first attempt waits for its answer, its lease runs out and a second one succeeds."""
        if len(receiver.received) == 1:
            clock.instant += LEASE
            late.append(deliver_due(world.database, settings, clock))
            return 500
        return 204

    receiver.respond = respond
    deliver_due(world.database, settings, clock)
    assert [tally.delivered for tally in late] == [1]
    [delivery] = listed(admin, webhook)
    assert (delivery["status"], delivery["attempts"], delivery["last_error"]) == ("delivered", 2, None)


def test_no_transaction_is_open_while_a_message_is_under_way(register, receiver, happen, deliver, world):
    """On SQLite an open one would hold the only writing connection, on PostgreSQL one of few."""
    register()
    happen()
    written = []

    def respond(_message):
        with world.database.writing() as session:
            written.append(session.scalar(select(func.count()).select_from(OutboxMessage)))
        return 204

    receiver.respond = respond
    assert deliver().delivered == 1
    assert written == [1]


def test_an_endpoint_hears_of_its_own_events_in_its_own_counties_from_its_registration_on(
    register, receiver, happen, deliver, clock
):
    happen("flag.raised", n="before")
    clock.forward(minutes=1)
    register(events=["flag.raised", "flag.lifted"], area_code=COUNTY)
    happen("flag.raised", n="own")
    happen("flag.lifted", n="own too")
    happen("day.closed", n="not asked for")
    happen("flag.raised", county=FOREIGN_COUNTY, n="foreign")
    happen("flag.raised", county=None, n="nobody's")
    deliver()
    assert sorted(message.json["data"]["n"] for message in receiver.received) == ["own", "own too"]


@pytest.mark.parametrize("area", [CITY, None])
def test_a_wider_endpoint_hears_of_all_its_counties(register, receiver, happen, deliver, area):
    register(area_code=area)
    happen(county=COUNTY)
    happen(county=FOREIGN_COUNTY)
    deliver()
    assert sorted(message.json["data"]["county_code"] for message in receiver.received) == [COUNTY, FOREIGN_COUNTY]


def test_a_receiver_that_says_gone_is_switched_off_and_visibly_so(register, receiver, happen, deliver, admin, world):
    webhook = register()
    receiver.respond = lambda _message: 410
    happen()
    happen()
    deliver()
    [shown] = admin.get("/webhooks").json()["items"]
    assert (shown["active"], shown["switched_off_by"]) == (False, "receiver")
    assert [item["status"] for item in listed(admin, webhook)] == ["given_up"] * 2
    with world.database.reading() as session:
        event = session.scalars(select(AuditEvent).order_by(AuditEvent.number.desc())).first()
        assert (event.action, event.by, event.details["switched_off_by"]) == ("webhook.changed", None, "receiver")
    sent = len(receiver.received)
    happen()
    deliver()
    assert len(receiver.received) == sent
    assert not is_anything_due(world.database, world.clock() + timedelta(days=1))
    again = admin.patch(f"/webhooks/{webhook['id']}", {"active": True}).json()
    assert (again["active"], again["switched_off_by"]) == (True, None)


def test_an_endpoint_that_is_off_is_sent_nothing_until_it_is_on_again(register, receiver, happen, deliver, admin):
    webhook = register()
    happen()
    deliver()
    receiver.respond = lambda _message: 500
    happen(n=1)
    deliver()
    off = admin.patch(f"/webhooks/{webhook['id']}", {"active": False}).json()
    assert off["switched_off_by"] == "administrator"
    assert [item["last_error"] for item in listed(admin, webhook, "?status=given_up")] == ["endpoint_off"]
    for path in ("test", "requeue"):
        assert admin.post(f"/webhooks/{webhook['id']}/{path}").json()["code"] == "webhook_off"
    receiver.respond = lambda _message: 204
    admin.patch(f"/webhooks/{webhook['id']}", {"active": True})
    admin.post(f"/webhooks/{webhook['id']}/requeue")
    assert deliver().delivered == 1
    assert receiver.received[-1].json["data"] == {"n": 1}


@pytest.mark.parametrize(("renewal", "old_signs"), [("overlap", True), ("at_once", False)])
def test_a_new_secret_takes_over_and_the_old_one_signs_on_for_a_day_or_not_at_all(
    register, receiver, happen, deliver, admin, clock, renewal, old_signs
):
    webhook = register()
    renewed = admin.patch(f"/webhooks/{webhook['id']}", {"new_secret": renewal}).json()
    assert renewed["secret"] not in {None, webhook["secret"]}
    happen()
    deliver()
    assert is_signed(receiver.received[0], renewed["secret"])
    assert is_signed(receiver.received[0], webhook["secret"]) is old_signs
    clock.forward(hours=24)
    happen()
    deliver()
    assert is_signed(receiver.received[1], renewed["secret"])
    assert not is_signed(receiver.received[1], webhook["secret"])


def test_redirects_are_not_followed(register, receiver, happen, deliver, admin):
    webhook = register()
    receiver.respond = lambda _message: 302
    receiver.headers = {"location": receiver.url + "/elsewhere"}
    happen()
    deliver()
    assert [message.path for message in receiver.received] == ["/hooks/zaigang"]
    assert listed(admin, webhook)[0]["last_error"] == "http_302"


def test_a_failing_receiver_does_not_hold_up_another(register, receiver, happen, deliver, admin):
    refused = admin.post("/webhooks", {"url": "http://127.0.0.1:1/", "events": ["day.closed"]}).json()
    register()
    for number in range(40):
        happen(n=number)
    tally = deliver()
    assert tally.delivered == len(set(receiver.ids)) == 40
    assert tally.failed < 40
    errors = {item["last_error"] for item in listed(admin, refused, "?status=retrying")}
    assert errors == {"connection_refused"}


def test_a_test_message_goes_to_its_endpoint_alone(register, receiver, deliver, admin, world):
    webhook = register()
    admin.post("/webhooks", {"url": receiver.url + "/other", "events": ["day.closed"]})
    queued = admin.post(f"/webhooks/{webhook['id']}/test")
    assert (queued.status_code, queued.json()["status"]) == (202, "pending")
    deliver()
    [message] = receiver.received
    assert (message.path, message.id) == ("/hooks/zaigang", queued.json()["message_id"])
    assert (message.json["type"], message.json["data"]) == ("webhook.test", {"webhook_id": webhook["id"]})
    assert is_signed(message, webhook["secret"])


def test_deliveries_are_paged_newest_first(register, happen, deliver, admin):
    webhook = register()
    for number in range(3):
        happen(n=number)
    deliver()
    path = f"/webhooks/{webhook['id']}/deliveries"
    first = admin.get(f"{path}?limit=2").json()
    second = admin.get(f"{path}?limit=2&cursor={first['next_cursor']}").json()
    ids = [item["message_id"] for page in (first, second) for item in page["items"]]
    assert len(ids) == 3
    assert ids == sorted(ids, reverse=True)


def test_what_is_settled_is_swept_after_thirty_days_and_what_is_not_stays(
    register, receiver, happen, deliver, clock, world
):
    register()
    happen(n=1)
    deliver()
    happen("leave.decided")  # nobody asked for it
    with world.database.writing() as session:
        message = OutboxMessage(type="day.closed", county_code=COUNTY, payload={}, at=clock(), fanned_out_at=None)
        session.add(message)
        session.flush()
        waiting = message.id
    delivering.fan_out(world.database, clock())
    clock.instant += KEPT
    assert sweep(world.database, clock()) == 0
    clock.forward(seconds=1)
    assert sweep(world.database, clock()) == 2
    with world.database.reading() as session:
        assert session.scalars(select(OutboxMessage.id)).all() == [waiting]
        assert session.scalars(select(WebhookDelivery.message_id)).all() == [waiting]


def test_closing_a_day_is_told_in_the_transaction_that_closes_it(register, receiver, deliver, world, clock):
    register()
    clock.set("2026-11-24 00:30")
    close_due_days(world.database, clock())
    deliver()
    own = [message for message in receiver.received if message.json["data"]["county_code"] == COUNTY]
    assert [message.json["data"]["date"] for message in own] == ["2026-11-23"]


def test_what_is_rolled_back_is_never_told(register, receiver, deliver, world, clock):
    register()
    with world.database.writing() as session:
        emit(session, "day.closed", county_code=COUNTY, payload={}, at=clock())
        session.flush()
        session.rollback()
    assert deliver().delivered == 0
    assert receiver.received == []


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_several_workers_at_once_send_each_message_once(register, receiver, happen, world, clock, settings):
    register()
    for number in range(60):
        happen(n=number)
    barrier = threading.Barrier(4)

    def work(_number):
        barrier.wait(timeout=10)
        return deliver_due(world.database, settings, clock)

    delivered = 0
    with ThreadPoolExecutor(4) as pool:
        for _round in range(5):  # who looks while another one fans out finds nothing yet, and looks again
            delivered += sum(tally.delivered for tally in pool.map(work, range(4)))
            clock.forward(seconds=10)
    assert delivered == 60
    assert len(receiver.ids) == len(set(receiver.ids)) == 60
    assert {UUID(message_id) for message_id in receiver.ids} <= _all_messages(world)


def _all_messages(world):
    with world.database.reading() as session:
        return set(session.scalars(select(OutboxMessage.id)))


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_switching_off_while_workers_deliver_neither_deadlocks_nor_loses_sight_of_a_message(
    register, receiver, happen, world, clock, settings, admin
):
    webhook = register()
    receiver.respond = lambda _message: 410
    for number in range(60):
        happen(n=number)
    with ThreadPoolExecutor(3) as pool:
        workers = [pool.submit(deliver_due, world.database, settings, clock) for _ in range(2)]
        off = pool.submit(lambda: admin.patch(f"/webhooks/{webhook['id']}", {"active": False}))
        for worker in workers:
            worker.result(timeout=30)
        assert off.result(timeout=30).status_code == 200
    delivering.fan_out(world.database, clock())
    assert not is_anything_due(world.database, clock() + timedelta(days=10))
    assert admin.get("/webhooks").json()["items"][0]["active"] is False
