"""The fast lane of the first screen: everybody opens the app at the same hour, and those who do at the same moment are
answered from one statement, over a connection of the lane's own.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from app.checkins.lane_queue import LaneQueue, Waiting, enough_for
from app.checkins.today_group import TodayReader
from app.checkins.today_store import TodayStore, open_today_store
from app.clock import Clock
from app.database import Database
from app.errors import Problem, problem_of
from app.settings import Settings

log = structlog.get_logger()


class TodayLane:
    """Opened and closed with the application, on its event loop."""

    def __init__(
        self, database: Database, settings: Settings, clock: Callable[[], Clock], store: TodayStore | None = None
    ) -> None:
        self._clock = clock
        self._store = store or open_today_store(database)
        self._reader = TodayReader(database, self._store)
        self._queue: LaneQueue[None, bytes] = LaneQueue("today", settings, self._serve, enough_for(database))

    async def read(self, account_id: UUID) -> bytes:
        """The content of `schemas.Today` for an account; raises the Problem that refuses it."""
        return await self._queue.ask(account_id, None)

    async def close(self) -> None:
        """Answer whoever has arrived, then stop."""
        if await self._queue.close():
            await asyncio.to_thread(self._store.close)

    def now(self) -> datetime:
        return self._clock()()

    def _serve(self, group: list[Waiting[None, bytes]]) -> None:
        answers = self._read([waiting.account_id for waiting in group])
        self._queue.post(list(zip(group, answers, strict=True)))

    def _read(self, account_ids: Sequence[UUID]) -> Sequence[bytes | Problem]:
        """Read a group; where that fails, once more over another connection."""
        try:
            return self._reader.read(account_ids, self.now())
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            log.warning("first_screens_not_read", error=type(error).__name__, size=len(account_ids))
        try:
            self._store.close()
            return self._reader.read(account_ids, self.now())
        except Exception as error:  # noqa: BLE001 - as above
            return [problem_of(error)] * len(account_ids)
