"""One after the other, in the order of coming."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class WaitingLine:
    """What only one may have at a time. A lock of the standard library, or a pool's queue, goes to whoever happens to
    come by when it is given back, and those who wait begin anew at the end.
    """

    def __init__(self, longest_seconds: float) -> None:
        self._longest_seconds = longest_seconds
        self._mutex = Lock()
        self._taken = False
        self._waiting: deque[Lock] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def turn(self, *, next_please: bool = False) -> Iterator[None]:
        """Wait for the turn, behind everybody else or, of `next_please`, before them. PoolTimeoutError for whoever
        waits too long. It may be given back by another thread.
        """
        self.take(next_please=next_please)
        try:
            yield
        finally:
            self.give_back()

    def take(self, *, next_please: bool = False) -> None:
        with self._mutex:
            if not self._taken:
                self._taken = True
                return
            gate = Lock()
            gate.acquire()
            if next_please:
                self._waiting.appendleft(gate)
            else:
                self._waiting.append(gate)
        if gate.acquire(timeout=self._longest_seconds):
            return
        with self._mutex:
            if gate in self._waiting:
                self._waiting.remove(gate)
                raise PoolTimeoutError(f"waited {self._longest_seconds} s to write")
        # The turn came at the last instant.

    def give_back(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
