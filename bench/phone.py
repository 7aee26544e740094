"""One phone: sends a request, waits for the answer, knows how long it took."""

import http.client
import socket
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    seconds: float
    content: bytes
    etag: str | None


class Phone:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, request: bytes) -> Answer:
        started = time.perf_counter()
        self._socket.sendall(request)
        answer = http.client.HTTPResponse(self._socket)
        answer.begin()
        content = answer.read()
        return Answer(answer.status, time.perf_counter() - started, content, answer.getheader("ETag"))
