"""How many requests work at a time, besides the fast lanes.

A request runs in whatever threads are free, one after another, and holds its transaction between them. Were all
threads taken by requests that wait for a connection, those that have one could not go on and give it back. So whoever
comes waits for a turn first, on the event loop, where waiting costs no thread.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from app.errors import Unavailable

Kind = Literal["read", "write", "sign_in"]
AT_ONCE: Mapping[Kind, int] = {"read": 8, "write": 6, "sign_in": 20}
"""Together fewer than the threads that there are (40, AnyIO's default): some are left for what needs no turn. Those who
write wait for each other, for a county's day or for the one writer of an embedded database; they are fewer than the
connections too, so that whoever only reads finds one. Who signs in has no connection while a password is hashed.
"""
LONGEST_WAIT_SECONDS = 30
RETRY_AFTER_SECONDS = 5


class Turns:
    """Given in the order of asking."""

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Unavailable for whoever would wait too long: the phone keeps what it wanted to say."""
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError as error:
            raise Unavailable("busy", RETRY_AFTER_SECONDS) from error
        try:
            yield
        finally:
            self._free.release()


def turns_of_each_kind() -> dict[Kind, Turns]:
    return {kind: Turns(at_once) for kind, at_once in AT_ONCE.items()}
