"""Those who wait in a fast lane: whoever has arrived while one thread served others, or is at the door with them, is
served together.

No timer gathers them, so a lone caller waits for nobody, and under load the groups grow by themselves.
"""

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Generic, TypeVar
from uuid import UUID

from app.database import Database
from app.errors import Problem, Unavailable, problem_of
from app.settings import Settings

RETRY_AFTER_SECONDS = 2
SECONDS_TO_END = 5
"""How long a stop waits for the thread: the server has waited for its callers before. A database that is gone does not
keep the process.
"""

ENOUGH_TO_BEGIN = 16
"""So many make a group worth its round trips to a database that works elsewhere; the loop goes on meanwhile."""

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


def enough_for(database: Database) -> int:
    """How many a lane begins with though others are at the door. The embedded database works where the loop does, so
    there nobody is served sooner by beginning without them.
    """
    return sys.maxsize if database.is_sqlite else ENOUGH_TO_BEGIN


@dataclass(slots=True, eq=False)
class Waiting(Generic[Asked, Answered]):
    """One caller."""

    account_id: UUID
    asked: Asked
    answer: "asyncio.Future[Answered]"


class LaneQueue(Generic[Asked, Answered]):
    """Opened and closed on an event loop. Its thread calls `serve` with one group after another, and everybody in a
    group is answered by `post`, from whatever thread.

    The thread takes a group as soon as `enough` wait for it; where fewer do, once the loop finds nobody else at the
    door: at once, therefore, for a lone caller.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        serve: Callable[[list[Waiting[Asked, Answered]]], None],
        enough: int,
    ) -> None:
        self._group_size = settings.lane_group_size
        self._queue_size = settings.lane_queue_size
        self._enough = min(enough, self._group_size)
        self._serve = serve
        self._arrived: deque[Waiting[Asked, Answered]] = deque()
        self._in_lane = 0
        self._closed = False
        self._rests = False
        """Whether the thread waits for the bell."""
        self._looking = False
        """Whether the loop looks for others at the door."""
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def ask(self, account_id: UUID, asked: Asked) -> Answered:
        """The answer; raises the Problem that was posted instead. A caller that goes away takes nothing back."""
        if self._closed or self._in_lane >= self._queue_size:
            raise Unavailable("busy", RETRY_AFTER_SECONDS)
        waiting: Waiting[Asked, Answered] = Waiting(account_id, asked, self._loop.create_future())
        self._in_lane += 1
        self._arrived.append(waiting)
        if self._rests:
            self._look()
        return await waiting.answer

    def post(self, outcomes: Sequence[tuple[Waiting[Asked, Answered], Answered | Problem]]) -> None:
        self._tell_loop(self._give, outcomes)

    async def close(self) -> bool:
        """Serve whoever has arrived, then stop. Tells whether the thread has ended; if not, what it uses is its own."""
        self._closed = True
        self._bell.put(None)
        await asyncio.to_thread(self._thread.join, SECONDS_TO_END)
        await asyncio.sleep(0)  # the answers that were posted are given before the loop goes on
        return not self._thread.is_alive()

    # ------------------------------------------------------------------ on the loop

    def _look(self) -> None:
        """Ring, if enough wait; otherwise look once more when the loop has let in whoever is at the door."""
        if len(self._arrived) >= self._enough:
            self._ring()
        elif not self._looking:
            self._looking = True
            self._loop.call_soon(self._look_again, len(self._arrived))

    def _look_again(self, seen: int) -> None:
        waiting = len(self._arrived)
        if seen < waiting < self._enough:
            self._loop.call_soon(self._look_again, waiting)
            return
        self._looking = False
        if waiting:
            self._ring()

    def _ring(self) -> None:
        if self._rests:
            self._rests = False
            self._bell.put(None)

    def _give(self, outcomes: Sequence[tuple[Waiting[Asked, Answered], Answered | Problem]]) -> None:
        self._in_lane -= len(outcomes)
        for waiting, outcome in outcomes:
            if waiting.answer.done():
                continue
            if isinstance(outcome, Problem):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_result(outcome)

    # ------------------------------------------------------------------ on the thread

    def _tell_loop(self, what: Callable[..., None], *arguments: Any) -> None:
        with suppress(RuntimeError):  # the loop is gone, and with it everybody who waited
            self._loop.call_soon_threadsafe(what, *arguments)

    def _run(self) -> None:
        while not (self._closed and not self._arrived):
            if len(self._arrived) < self._enough and not self._closed:
                self._rest()
            group = self._gather()
            if group:
                self._serve_or_say(group)

    def _rest(self) -> None:
        self._rests = True
        if self._arrived:  # asked after, not before: whoever comes in between finds the thread at rest
            self._tell_loop(self._look)
        self._bell.get()
        self._rests = False

    def _serve_or_say(self, group: list[Waiting[Asked, Answered]]) -> None:
        """A thread that ended here would leave everybody waiting who comes after."""
        try:
            self._serve(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            problem = problem_of(error)
            self.post([(waiting, problem) for waiting in group])

    def _gather(self) -> list[Waiting[Asked, Answered]]:
        """Whoever has arrived, at most a group's size, each account once; its second call is kept for the next."""
        group: list[Waiting[Asked, Answered]] = []
        accounts: set[UUID] = set()
        put_back: list[Waiting[Asked, Answered]] = []
        while self._arrived and len(group) < self._group_size:
            one = self._arrived.popleft()
            if one.account_id in accounts:
                put_back.append(one)
            else:
                accounts.add(one.account_id)
                group.append(one)
        self._arrived.extendleft(reversed(put_back))
        return group
