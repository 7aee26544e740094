"""Plain ASGI around everything: trace id, size limit, safety headers, metrics. (BaseHTTPMiddleware would halve the
request rate.)
"""

import time
from collections.abc import Iterable, MutableMapping
from functools import lru_cache
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from app.errors import BadRequest, respond

REQUESTS = Counter("zaigang_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "zaigang_request_seconds", "Time to answer", ["route"], buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10)
)

SAFETY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Counted by name; a client may make up others without end."""


class Envelope:
    """Gives each request its trace id and counts it when it is answered."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trace_id = uuid7().hex
        scope.setdefault("state", {})["trace_id"] = trace_id
        started = time.perf_counter()
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = with_ours(message.get("headers", ()), trace_id)
            await send(message)

        app = _refuse_nul if _has_nul(scope) else self.app
        # The server runs each request in a task of its own, so what is bound here ends with it.
        structlog.contextvars.bind_contextvars(trace_id=trace_id)
        try:
            await app(scope, self._bounded(receive), send_with_headers)
        finally:
            _count(scope, status, time.perf_counter() - started)

    def _bounded(self, receive: Receive) -> Receive:
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_body_bytes:
                raise HTTPException(413)  # the framework takes whatever else is raised here for a broken body
            return message

        return bounded


def _has_nul(scope: Scope) -> bool:
    return "\x00" in scope["path"] or b"%00" in scope["query_string"]


async def _refuse_nul(scope: Scope, receive: Receive, send: Send) -> None:
    """No name and no code has a NUL, and PostgreSQL takes none in a text."""
    problem = BadRequest("bad_request", "地址中含有无效字符。", "The address contains an invalid character.")
    await respond(Request(scope), problem)(scope, receive, send)


def with_ours(theirs: Iterable[tuple[bytes, bytes]], trace_id: str) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with the trace id and what keeps browsers from guessing."""
    headers = [*theirs, (b"x-trace-id", trace_id.encode("ascii"))]
    named = {name for name, _ in headers}
    headers.extend(header for header in SAFETY_HEADERS if header[0] not in named)
    return headers


def _count(scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    count_answer(method, getattr(scope.get("route"), "path", "unknown"), status, seconds)


def count_answer(method: str, path: str, status: int, seconds: float) -> None:
    """Count an answer in the metrics; `path` is the route's, so that there are only so many."""
    requests, taken = _meters(method, path, status)
    requests.inc()
    taken.observe(seconds)


@lru_cache(maxsize=4096)
def _meters(method: str, path: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, path, status), SECONDS.labels(path)
