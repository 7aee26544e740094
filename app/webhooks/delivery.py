"""From the outbox to the receivers, at least once, in no particular order.

An attempt is counted and lent out for LEASE in one transaction, made without any, and settled in another. A process
that dies in between leaves a lease that runs out: the message is sent again, with the same `webhook-id`.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.access import audit
from app.access.areas import contains
from app.clock import Clock
from app.database import Database
from app.models import OutboxMessage, WebhookDelivery, WebhookEndpoint
from app.settings import Settings
from app.webhooks.sending import Attempt, Outcome, body_of, send
from app.webhooks.stop import Stop

BACKOFF = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""How long after the first, second … failure the next attempt follows; after the last one the message is given up."""
LEASE = timedelta(minutes=2)
"""Longer than any attempt takes, looking the host up included."""
KEPT = timedelta(days=30)
AT_ONCE = 16
_FANNED_OUT_AT_ONCE = 500


@dataclass(slots=True)
class Tally:
    delivered: int = 0
    failed: int = 0


def deliver_due(database: Database, settings: Settings, clock: Clock, stop: Stop | None = None) -> Tally:
    """One pass: everything that is due is attempted once, until `stop` is set."""
    stop = stop or Stop()
    tally = Tally()
    while fan_out(database, clock()):
        pass
    failing: set[UUID] = set()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks") as pool:
        while not stop.is_set() and (attempts := _take(database, clock(), failing)):
            running = {
                pool.submit(send, attempt, clock(), settings.webhook_hosts, stop): attempt for attempt in attempts
            }
            for future in as_completed(running):
                attempt, outcome = running[future], future.result()
                if outcome is None:
                    continue  # its lease runs out
                _settle(database, attempt, outcome, clock())
                if outcome.delivered:
                    tally.delivered += 1
                else:
                    tally.failed += 1
                    failing.add(attempt.endpoint_id)  # its other messages wait, so that it holds nobody up
    return tally


def is_anything_due(database: Database, now: datetime) -> bool:
    """A look that writes nothing, for the many times when there is nothing."""
    with database.reading() as session:
        waiting = select(exists().where(OutboxMessage.fanned_out_at.is_(None)))
        due = select(exists().where(WebhookDelivery.next_attempt_at <= now))
        return bool(session.scalar(waiting)) or bool(session.scalar(due))


def fan_out(database: Database, now: datetime) -> int:
    """Give each new message to every endpoint that wants it; returns how many messages there were."""
    with database.writing() as session:
        messages = session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.fanned_out_at.is_(None))
            .order_by(OutboxMessage.id)
            .limit(_FANNED_OUT_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        # Shared, so that none of them is switched off between this look and the commit.
        endpoints = session.scalars(
            select(WebhookEndpoint)
            .where(WebhookEndpoint.active.is_(True))
            .order_by(WebhookEndpoint.id)
            .with_for_update(read=True)
        ).all()
        rows = [
            {"message_id": message.id, "endpoint_id": endpoint.id, "attempts": 0, "next_attempt_at": now}
            for message in messages
            for endpoint in endpoints
            if _wants(endpoint, message)
        ]
        if rows:
            dialect = sqlite if database.is_sqlite else postgresql
            session.execute(dialect.insert(WebhookDelivery).on_conflict_do_nothing(), rows)
        for message in messages:
            message.fanned_out_at = now
    return len(messages)


def _wants(endpoint: WebhookEndpoint, message: OutboxMessage) -> bool:
    """An endpoint hears of what happens from its registration on, in the counties of its area."""
    if message.type not in endpoint.events or message.at < endpoint.created_at:
        return False
    if endpoint.area_code is None:
        return True
    return message.county_code is not None and contains(endpoint.area_code, message.county_code)


def _take(database: Database, now: datetime, failing: set[UUID]) -> list[Attempt]:
    """Lend out what is due, a fair share to each endpoint."""
    with database.writing() as session:
        endpoints = session.scalars(_endpoints_due(now, failing)).all()
        attempts: list[Attempt] = []
        for endpoint in endpoints:
            attempts += _take_for(session, endpoint, now, AT_ONCE // len(endpoints))
        return attempts


def _endpoints_due(now: datetime, failing: set[UUID]) -> Select[WebhookEndpoint]:
    due = exists().where(WebhookDelivery.endpoint_id == WebhookEndpoint.id, WebhookDelivery.next_attempt_at <= now)
    return (
        select(WebhookEndpoint)
        .where(due, WebhookEndpoint.active.is_(True), WebhookEndpoint.id.not_in(failing))
        .order_by(WebhookEndpoint.id)
        .limit(AT_ONCE)
    )


def _take_for(session: Session, endpoint: WebhookEndpoint, now: datetime, share: int) -> Iterator[Attempt]:
    due = session.execute(
        select(WebhookDelivery, OutboxMessage)
        .join(OutboxMessage, OutboxMessage.id == WebhookDelivery.message_id)
        .where(WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.next_attempt_at <= now)
        .order_by(WebhookDelivery.next_attempt_at, WebhookDelivery.message_id)
        .limit(share)
        .with_for_update(of=WebhookDelivery, skip_locked=True)
    )
    for delivery, message in due:
        delivery.attempts += 1
        delivery.last_attempt_at = now
        delivery.next_attempt_at = now + LEASE
        yield Attempt(
            message_id=message.id,
            endpoint_id=endpoint.id,
            number=delivery.attempts,
            url=endpoint.url,
            secrets=_secrets(endpoint, now),
            body=body_of(message.type, message.at, message.payload),
        )


def _secrets(endpoint: WebhookEndpoint, now: datetime) -> tuple[str, ...]:
    if endpoint.previous_secret and endpoint.previous_secret_until and now < endpoint.previous_secret_until:
        return (endpoint.secret, endpoint.previous_secret)
    return (endpoint.secret,)


def _settle(database: Database, attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    with database.writing() as session:
        if outcome.gone:
            # Before the delivery, as the administrator's change does it: the two can't wait for each other.
            session.get(WebhookEndpoint, attempt.endpoint_id, with_for_update=True)
        delivery = session.get(
            WebhookDelivery,
            {"message_id": attempt.message_id, "endpoint_id": attempt.endpoint_id},
            with_for_update=True,
        )
        if delivery is None or delivery.delivered_at is not None:
            return
        if outcome.delivered:
            delivery.delivered_at, delivery.next_attempt_at, delivery.last_error = now, None, None
        elif delivery.attempts == attempt.number:  # else the lease ran out, and a later attempt decides
            delivery.last_error = outcome.error
            if delivery.next_attempt_at is not None:  # given up meanwhile, with its endpoint
                delivery.next_attempt_at = _next_attempt(attempt.number, now)
            if outcome.gone:
                _switch_off_gone(session, attempt.endpoint_id, now)


def _next_attempt(failures: int, now: datetime) -> datetime | None:
    return now + BACKOFF[failures - 1] if failures <= len(BACKOFF) else None


def _switch_off_gone(session: Session, endpoint_id: UUID, now: datetime) -> None:
    """The receiver says that it wants nothing any more."""
    session.flush()
    endpoint = session.get_one(WebhookEndpoint, endpoint_id)
    if not endpoint.active:
        return
    switch_off(session, endpoint, by="receiver")
    audit.record(
        session,
        chain=audit.SERVICE,
        at=now,
        by=None,
        action="webhook.changed",
        target=str(endpoint.id),
        active=False,
        switched_off_by="receiver",
    )


def switch_off(session: Session, endpoint: WebhookEndpoint, *, by: str) -> None:
    """Nothing more is sent: what was waiting counts as given up, and can be asked for again."""
    endpoint.active, endpoint.switched_off_by = False, by
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.next_attempt_at.is_not(None))
        .values(next_attempt_at=None, last_error="endpoint_off")
    )


def sweep(database: Database, now: datetime) -> int:
    """Forget what was settled and is older than KEPT; returns how many messages went."""
    with database.writing() as session:
        old = select(OutboxMessage.id).where(OutboxMessage.at < now - KEPT)
        session.execute(
            delete(WebhookDelivery).where(
                WebhookDelivery.message_id.in_(old), WebhookDelivery.next_attempt_at.is_(None)
            )
        )
        waiting = exists().where(WebhookDelivery.message_id == OutboxMessage.id)
        gone = session.execute(
            delete(OutboxMessage).where(
                OutboxMessage.at < now - KEPT, OutboxMessage.fanned_out_at.is_not(None), ~waiting
            )
        )
        return int(gone.rowcount)  # type: ignore[attr-defined]
