"""Delivering webhooks by the server itself. Several processes on PostgreSQL share the work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.clock import Clock
from app.database import Database
from app.settings import Settings
from app.webhooks.delivery import deliver_due, is_anything_due, sweep
from app.webhooks.stop import Stop

log = structlog.get_logger()

SECONDS_BETWEEN_LOOKS = 2
_BETWEEN_SWEEPS = timedelta(hours=1)


@contextlib.asynccontextmanager
async def delivering_webhooks(database: Database, settings: Settings, clock: Clock) -> AsyncIterator[None]:
    """Deliver what is due for as long as the context is open; attempts under way are then cut short, and made
    again when their lease is over. A look that fails is logged, and the next one goes on: nothing is marked as
    delivered that was not.
    """
    stopping, stop = asyncio.Event(), Stop()
    task = asyncio.create_task(_run(database, settings, clock, stopping, stop))
    try:
        yield
    finally:
        stopping.set()
        stop.set()
        await task


async def _run(database: Database, settings: Settings, clock: Clock, stopping: asyncio.Event, stop: Stop) -> None:
    next_sweep = clock()
    while not stopping.is_set():
        try:
            now = clock()
            await asyncio.to_thread(_look, database, settings, clock, stop)
            if now >= next_sweep:
                next_sweep = await asyncio.to_thread(_sweep, database, now)
        except SQLAlchemyError:
            log.exception("webhooks_failed")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), SECONDS_BETWEEN_LOOKS)


def _look(database: Database, settings: Settings, clock: Clock, stop: Stop) -> None:
    if not is_anything_due(database, clock()):
        return
    tally = deliver_due(database, settings, clock, stop)
    if tally.delivered or tally.failed:
        log.info("webhooks_sent", delivered=tally.delivered, failed=tally.failed)


def _sweep(database: Database, now: datetime) -> datetime:
    sweep(database, now)
    return now + _BETWEEN_SWEEPS
