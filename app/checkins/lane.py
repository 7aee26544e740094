"""The fast lane: check-ins that arrive together share one transaction, and each is answered after its commit.

No timer gathers them. One thread records whatever has arrived since it last looked, so a lone check-in waits for
nobody, and under load the groups grow by themselves. What is not the usual case goes the general way on another
thread, so that nobody's late upload holds up a morning.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue
from uuid import UUID

import orjson
import structlog

from app.checkins.judging import Submission
from app.checkins.lane_group import Answer, GroupRecorder, Odd, Recorded
from app.checkins.lane_store import Store, open_store
from app.checkins.recording import record_check_ins
from app.checkins.service import answer_to
from app.clock import Clock
from app.database import Database
from app.errors import Problem, ServerFault, Unavailable, is_driver_error, problem_of
from app.settings import Settings

log = structlog.get_logger()

RETRY_AFTER_SECONDS = 2


@dataclass(slots=True, eq=False)
class Waiting:
    """One caller."""

    submission: Submission
    answer: "asyncio.Future[Answer]"


class Lane:
    """Opened and closed with the application, on its event loop."""

    def __init__(
        self, database: Database, settings: Settings, clock: Callable[[], Clock], store: Store | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._group_size = settings.lane_group_size
        self._queue_size = settings.lane_queue_size
        self._store = store or open_store(database)
        self._recorder = GroupRecorder(database, self._store)
        self._arrived: SimpleQueue[Waiting | None] = SimpleQueue()
        self._in_lane = 0
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._general = ThreadPoolExecutor(1, thread_name_prefix="check-ins-general")
        self._thread = threading.Thread(target=self._run, name="check-ins", daemon=True)
        self._thread.start()

    async def record(self, submission: Submission) -> Answer:
        """The answer, once the check-in is on the disk; raises the Problem that refused it. A caller that goes away
        takes nothing back.
        """
        if self._closed or self._in_lane >= self._queue_size:
            raise Unavailable("busy", RETRY_AFTER_SECONDS)
        waiting = Waiting(submission, self._loop.create_future())
        self._in_lane += 1
        self._arrived.put(waiting)
        return await waiting.answer

    async def close(self) -> None:
        """Record what has arrived, then stop."""
        self._closed = True
        self._arrived.put(None)
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._general.shutdown)
        await asyncio.sleep(0)  # the answers that both have posted are given before the loop goes on

    def _run(self) -> None:
        kept: deque[Waiting] = deque()
        ending = False
        while not ending or kept:
            group, ending = self._gather(kept, ending)
            if group:
                self._serve(group)
        self._store.close()

    def _gather(self, kept: deque[Waiting], ending: bool) -> tuple[list[Waiting], bool]:
        """Whatever has arrived, at most a group's size, one check-in an account; a second one is kept for the next."""
        group: list[Waiting] = []
        accounts: set[UUID] = set()
        put_back: list[Waiting] = []
        while len(group) < self._group_size:
            if kept:
                one: Waiting | None = kept.popleft()
            elif ending or ((group or put_back) and self._arrived.empty()):
                break
            else:
                one = self._arrived.get()
            if one is None:
                ending = True
            elif one.submission.account_id in accounts:
                put_back.append(one)
            else:
                accounts.add(one.submission.account_id)
                group.append(one)
        kept.extendleft(reversed(put_back))
        return group, ending

    def _serve(self, group: list[Waiting]) -> None:
        outcomes = self._record([waiting.submission for waiting in group])
        odd = [waiting for waiting, outcome in zip(group, outcomes, strict=True) if isinstance(outcome, Odd)]
        self._post([(w, o) for w, o in zip(group, outcomes, strict=True) if not isinstance(o, Odd)])
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

    def _serve_generally(self, group: list[Waiting]) -> None:
        """One by one, by the general way: late uploads, closed days, whatever else is not usual."""
        for waiting in group:
            outcome: Recorded
            try:
                outcome = self._record_generally(waiting.submission)
            except Exception as error:  # noqa: BLE001 - as above
                outcome = problem_of(error)
            self._post([(waiting, outcome)])

    def _record_generally(self, submission: Submission) -> Recorded:
        with self._database.writing() as session:
            [outcome] = record_check_ins(session, [submission], self.now())
            if isinstance(outcome, Problem):
                return outcome
            return Answer(201 if outcome.created else 200, orjson.dumps(answer_to(outcome)))

    def now(self) -> datetime:
        return self._clock()()

    def _post(self, outcomes: list[tuple[Waiting, Recorded]]) -> None:
        with suppress(RuntimeError):  # the loop is gone, and with it everybody who waited
            self._loop.call_soon_threadsafe(self._give, outcomes)

    def _give(self, outcomes: list[tuple[Waiting, Recorded]]) -> None:
        self._in_lane -= len(outcomes)
        for waiting, outcome in outcomes:
            if waiting.answer.done():
                continue
            if isinstance(outcome, Answer):
                waiting.answer.set_result(outcome)
            elif isinstance(outcome, Problem):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_exception(ServerFault())


def _refused(error: Exception) -> bool:
    """Whether the database refused a row, rather than failed."""
    return is_driver_error(error, "IntegrityError", "DataError")
