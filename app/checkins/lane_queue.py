"""Those who wait in a fast lane: whoever has arrived since one thread last looked is served together.

No timer gathers them, so a lone caller waits for nobody, and under load the groups grow by themselves.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar
from uuid import UUID

from app.errors import Problem, Unavailable, problem_of
from app.settings import Settings

RETRY_AFTER_SECONDS = 2

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


@dataclass(slots=True, eq=False)
class Waiting(Generic[Asked, Answered]):
    """One caller."""

    account_id: UUID
    asked: Asked
    answer: "asyncio.Future[Answered]"


class LaneQueue(Generic[Asked, Answered]):
    """Opened and closed on an event loop. Its thread calls `serve` with one group after another, and everybody in a
    group is answered by `post`, from whatever thread.
    """

    def __init__(self, name: str, settings: Settings, serve: Callable[[list[Waiting[Asked, Answered]]], None]) -> None:
        self._group_size = settings.lane_group_size
        self._queue_size = settings.lane_queue_size
        self._serve = serve
        self._arrived: SimpleQueue[Waiting[Asked, Answered] | None] = SimpleQueue()
        self._in_lane = 0
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def ask(self, account_id: UUID, asked: Asked) -> Answered:
        """The answer; raises the Problem that was posted instead. A caller that goes away takes nothing back."""
        if self._closed or self._in_lane >= self._queue_size:
            raise Unavailable("busy", RETRY_AFTER_SECONDS)
        waiting: Waiting[Asked, Answered] = Waiting(account_id, asked, self._loop.create_future())
        self._in_lane += 1
        self._arrived.put(waiting)
        return await waiting.answer

    def post(self, outcomes: Sequence[tuple[Waiting[Asked, Answered], Answered | Problem]]) -> None:
        with suppress(RuntimeError):  # the loop is gone, and with it everybody who waited
            self._loop.call_soon_threadsafe(self._give, outcomes)

    async def close(self) -> None:
        """Serve whoever has arrived, then stop."""
        self._closed = True
        self._arrived.put(None)
        await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)  # the answers that were posted are given before the loop goes on

    def _run(self) -> None:
        kept: deque[Waiting[Asked, Answered]] = deque()
        ending = False
        while not ending or kept:
            group, ending = self._gather(kept, ending)
            if group:
                self._serve_or_say(group)

    def _serve_or_say(self, group: list[Waiting[Asked, Answered]]) -> None:
        """A thread that ended here would leave everybody waiting who comes after."""
        try:
            self._serve(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            problem = problem_of(error)
            self.post([(waiting, problem) for waiting in group])

    def _gather(
        self, kept: deque[Waiting[Asked, Answered]], ending: bool
    ) -> tuple[list[Waiting[Asked, Answered]], bool]:
        """Whoever has arrived, at most a group's size, each account once; its second call is kept for the next."""
        group: list[Waiting[Asked, Answered]] = []
        accounts: set[UUID] = set()
        put_back: list[Waiting[Asked, Answered]] = []
        while len(group) < self._group_size:
            if kept:
                one: Waiting[Asked, Answered] | None = kept.popleft()
            elif ending or ((group or put_back) and self._arrived.empty()):
                break
            else:
                one = self._arrived.get()
            if one is None:
                ending = True
            elif one.account_id in accounts:
                put_back.append(one)
            else:
                accounts.add(one.account_id)
                group.append(one)
        kept.extendleft(reversed(put_back))
        return group, ending

    def _give(self, outcomes: Sequence[tuple[Waiting[Asked, Answered], Answered | Problem]]) -> None:
        self._in_lane -= len(outcomes)
        for waiting, outcome in outcomes:
            if waiting.answer.done():
                continue
            if isinstance(outcome, Problem):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_result(outcome)
