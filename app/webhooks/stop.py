"""Stopping in the middle of attempts: a receiver that does not answer keeps no server from ending."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock


class Stop:
    """Once it is set no attempt begins, and those under way end: what they lent out is tried again later."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_set = False
        self._under_way: set[socket.socket] = set()

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        with self._lock:
            self._is_set = True
            for handle in self._under_way:
                cut(handle)

    @contextmanager
    def cutting(self, handle: socket.socket) -> Iterator[None]:
        """Cut this connection as well, while the context is open."""
        with self._lock:
            self._under_way.add(handle)
            if self._is_set:
                cut(handle)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard(handle)


def cut(handle: socket.socket) -> None:
    with suppress(OSError):  # the receiver was quicker
        handle.shutdown(socket.SHUT_RDWR)
