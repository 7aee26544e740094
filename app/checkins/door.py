"""The door to the fast lane: POST /check-ins as plain ASGI, because what a framework does for a request costs more
than a check-in may.

Only what is wholly in order enters here. Whatever is not (no token, a broken body) goes on to the route, which
refuses it as every other route does.
"""

from typing import Final

from fastapi import Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access import tokens
from app.checkins.judging import Submission
from app.checkins.lane import Lane
from app.checkins.schemas import CheckInIn
from app.errors import Problem, Unauthenticated, respond

PATH: Final = "/api/v1/check-ins"


class _Route:
    """What the metrics call it."""

    path = PATH


class Door:
    """Takes check-ins to `app.state.lane` where there is one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        lane: Lane | None = getattr(scope["app"].state, "lane", None)
        token = _token(scope) if lane is not None else None
        if lane is None or token is None:
            await self.app(scope, receive, send)
            return
        try:
            content = await _read(receive)
        except HTTPException as error:
            await self.app(scope, _failing(error), send)
            return
        try:
            submission = Submission(
                tokens.verify(scope["app"].state.keyring, token, lane.now()), CheckInIn.model_validate_json(content)
            )
        except (Unauthenticated, ValidationError):
            await self.app(scope, _again(content, receive), send)
            return
        scope["route"] = _Route
        try:
            answer = await lane.record(submission)
        except Problem as problem:
            await respond(Request(scope), problem)(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer.content))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.content})


def _token(scope: Scope) -> str | None:
    """The access token of a request that says it is JSON; None for every other request."""
    token, is_json = None, False
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, rest = value.partition(b" ")
            if token is not None or kind.lower() != b"bearer":
                return None
            token = rest.strip().decode("latin-1")
        elif name == b"content-type":
            is_json = value.partition(b";")[0].strip().lower() == b"application/json"
    return token if is_json else None


async def _read(receive: Receive) -> bytes:
    content = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HTTPException(400)  # nobody is there to read it
        body: bytes = message.get("body", b"")
        content += body
        if not message.get("more_body", False):
            return content


def _again(content: bytes, receive: Receive) -> Receive:
    """The same body for the route behind."""
    messages: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _failing(error: HTTPException) -> Receive:
    """A body that can't be read, for the route behind to refuse."""

    async def fail() -> Message:
        raise error

    return fail
