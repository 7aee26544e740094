"""The door to the fast lanes: POST /check-ins and GET /me/today before anything that a framework does for a request,
because that costs more than they may.

Only what is wholly in order enters here. Whatever is not (no token, a broken body, a key that has to be read from the
database first) goes on to the route, which treats it as every other route does.
"""

import time
from collections.abc import Awaitable
from typing import Final

import structlog
from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import State
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from app.access import tokens
from app.checkins.judging import Submission
from app.checkins.lane import Lane
from app.checkins.schemas import CheckInIn
from app.checkins.today_lane import TodayLane
from app.errors import Problem, respond
from app.web.middleware import SAFETY_HEADERS, count_answer, with_ours

log = structlog.get_logger()

CHECK_INS: Final = "/api/v1/check-ins"
TODAY: Final = "/api/v1/me/today"
_HEADERS: Final = ((b"content-type", b"application/json"), *SAFETY_HEADERS)


class Door:
    """Takes check-ins to `state.lane` and first screens to `state.today_lane` where there are such, and everything else
    to what is behind it.
    """

    def __init__(self, behind: ASGIApp, state: State) -> None:
        self._behind = behind
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["path"] == CHECK_INS and scope["method"] == "POST":
                await self._check_in(scope, receive, send)
                return
            if scope["path"] == TODAY and scope["method"] == "GET" and not scope["query_string"]:
                await self._today(scope, receive, send)
                return
        await self._behind(scope, receive, send)

    async def _check_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        lane: Lane | None = getattr(self._state, "lane", None)
        token = _token(scope)
        if lane is None or token is None or not _is_json(scope):
            await self._behind(scope, receive, send)
            return
        content, is_whole = await _read(receive, self._state.settings.max_body_bytes)
        submission = self._understood(token, content, lane) if is_whole else None
        if submission is None:
            await self._behind(scope, _again(content, receive, is_whole=is_whole), send)
            return
        await _answer(lane.record(submission), scope, send, started)

    async def _today(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        lane: TodayLane | None = getattr(self._state, "today_lane", None)
        token = _token(scope)
        if lane is None or token is None:
            await self._behind(scope, receive, send)
            return
        account_id = tokens.verify_at_once(self._state.keyring, token, lane.now())
        if account_id is None:
            await self._behind(scope, receive, send)
            return
        await _answer(_found(lane.read(account_id)), scope, send, started)

    def _understood(self, token: str, content: bytes, lane: Lane) -> Submission | None:
        account_id = tokens.verify_at_once(self._state.keyring, token, lane.now())
        if account_id is None:
            return None
        try:
            return Submission(account_id, CheckInIn.model_validate_json(content))
        except ValidationError:
            return None


async def _found(content: Awaitable[bytes]) -> tuple[int, bytes]:
    return 200, await content


async def _answer(answer: Awaitable[tuple[int, bytes]], scope: Scope, send: Send, started: float) -> None:
    """Say what came of it: status and content, or the problem that is raised instead."""
    trace_id = uuid7().hex
    try:
        status, content = await answer
        headers = [*_HEADERS, (b"content-length", b"%d" % len(content)), (b"x-trace-id", trace_id.encode())]
    except Problem as problem:
        scope.setdefault("state", {})["trace_id"] = trace_id
        refusal = respond(Request(scope), problem)
        status, content = refusal.status_code, bytes(refusal.body)
        headers = with_ours(refusal.raw_headers, trace_id)
        if status >= 500:
            log.warning("lane_failed", path=scope["path"], code=problem.code, trace_id=trace_id)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
    count_answer(scope["method"], scope["path"], status, time.perf_counter() - started)


def _token(scope: Scope) -> str | None:
    """The access token of a request that has just one; None for every other request."""
    token = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, rest = value.partition(b" ")
            if token is not None or kind.lower() != b"bearer":
                return None
            token = rest.strip().decode("latin-1")
    return token


def _is_json(scope: Scope) -> bool:
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    return bool(kinds) and kinds[-1].partition(b";")[0].strip().lower() == b"application/json"


async def _read(receive: Receive, max_bytes: int) -> tuple[bytes, bool]:
    """The body, and whether it is all there: it is not where the client has gone, or sends more than it may."""
    content = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return content, False
        content += message.get("body", b"")
        if not message.get("more_body", False):
            return content, len(content) <= max_bytes
        if len(content) > max_bytes:
            return content, False


def _again(content: bytes, receive: Receive, *, is_whole: bool) -> Receive:
    """The same body for the route behind."""
    messages: list[Message] = [{"type": "http.request", "body": content, "more_body": not is_whole}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
