"""The fast lane: check-ins that arrive together share one transaction, and each is answered after its commit.

What is not the usual case goes the general way on another thread, so that nobody's late upload holds up a morning.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import orjson
import structlog

from app.checkins.judging import Submission
from app.checkins.lane_group import Answer, GroupRecorder, Odd, Recorded
from app.checkins.lane_queue import LaneQueue, Waiting, enough_for
from app.checkins.lane_store import Store, open_store
from app.checkins.recording import record_check_ins
from app.checkins.service import answer_to
from app.clock import Clock
from app.database import Database
from app.errors import Problem, is_driver_error, problem_of
from app.settings import Settings

log = structlog.get_logger()

Caller = Waiting[Submission, Answer]


class Lane:
    """Opened and closed with the application, on its event loop."""

    def __init__(
        self, database: Database, settings: Settings, clock: Callable[[], Clock], store: Store | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._store = store or open_store(database)
        self._recorder = GroupRecorder(database, self._store)
        self._general = ThreadPoolExecutor(1, thread_name_prefix="check-ins-general")
        self._queue: LaneQueue[Submission, Answer] = LaneQueue("check-ins", settings, self._serve, enough_for(database))

    async def record(self, submission: Submission) -> Answer:
        """The answer, once the check-in is on the disk; raises the Problem that refused it. A caller that goes away
        takes nothing back.
        """
        return await self._queue.ask(submission.account_id, submission)

    async def close(self) -> None:
        """Record what has arrived, then stop."""
        ended = await self._queue.close()
        await asyncio.to_thread(self._general.shutdown)
        if ended:
            self._store.close()
        await asyncio.sleep(0)  # the answers that were posted last are given before the loop goes on

    def _serve(self, group: list[Caller]) -> None:
        outcomes = self._record([waiting.asked for waiting in group])
        odd = [waiting for waiting, outcome in zip(group, outcomes, strict=True) if isinstance(outcome, Odd)]
        self._queue.post([(w, o) for w, o in zip(group, outcomes, strict=True) if not isinstance(o, Odd)])
        if odd:
            self._general.submit(self._serve_generally, odd)

    def _record(self, submissions: Sequence[Submission]) -> list[Recorded]:
        """Record a group. Where the database fails it is tried once more: nothing was stored, or what was stored
        answers for itself. Where it refuses a row, each goes by itself, and only that one fails.
        """
        try:
            return self._recorder.record(submissions, self.now())
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            if _refused(error) and len(submissions) > 1:
                log.warning("group_refused", error=type(error).__name__, size=len(submissions))
                return [self._record([submission])[0] for submission in submissions]
            log.warning("group_failed", error=type(error).__name__, size=len(submissions))
        try:
            return self._recorder.record(submissions, self.now())
        except Exception as error:  # noqa: BLE001 - as above
            return [problem_of(error)] * len(submissions)

    def _serve_generally(self, group: list[Caller]) -> None:
        """One by one, by the general way: late uploads, closed days, whatever else is not usual."""
        for waiting in group:
            outcome: Answer | Problem
            try:
                outcome = self._record_generally(waiting.asked)
            except Exception as error:  # noqa: BLE001 - as above
                outcome = problem_of(error)
            self._queue.post([(waiting, outcome)])

    def _record_generally(self, submission: Submission) -> Answer | Problem:
        with self._database.writing() as session:
            [outcome] = record_check_ins(session, [submission], self.now())
            if isinstance(outcome, Problem):
                return outcome
            return Answer(201 if outcome.created else 200, orjson.dumps(answer_to(outcome)))

    def now(self) -> datetime:
        return self._clock()()


def _refused(error: Exception) -> bool:
    """Whether the database refused a row, rather than failed."""
    return is_driver_error(error, "IntegrityError", "DataError")
