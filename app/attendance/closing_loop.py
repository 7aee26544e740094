"""Closing days by the server itself, where the operator has no scheduler for `close-day`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.attendance.close import close_due_days
from app.attendance.pace import Pace
from app.clock import Clock
from app.database import Database

log = structlog.get_logger()

SECONDS_BETWEEN_LOOKS = 60


@contextlib.asynccontextmanager
async def closing_days(database: Database, clock: Clock) -> AsyncIterator[None]:
    """Close what is due once a minute, for as long as the context is open; a close that is under way is finished
    first. A look that fails is logged, and the next one catches up: nothing is marked as closed that was not.
    """
    stopping = asyncio.Event()
    task = asyncio.create_task(_run(database, clock, stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


async def _run(database: Database, clock: Clock, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            closed = await asyncio.to_thread(close_due_days, database, clock(), stop=stopping.is_set, pace=Pace())
            if closed:
                log.info("days_closed", county_days=closed)
        except SQLAlchemyError:
            log.exception("close_failed")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), SECONDS_BETWEEN_LOOKS)
