"""An answer leaves in one write, and whatever it is, all of it leaves."""

import asyncio

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from app.cli.one_write import OneWrite

GET = b"GET /%s HTTP/1.1\r\nhost: x\r\n\r\n"
HEAD = b"HEAD /whole HTTP/1.1\r\nhost: x\r\n\r\n"
WAITING_POST = b"POST /whole HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n"
LOOKS_LIKE_A_HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Wire(asyncio.Transport):
    """Remembers what was written, write by write."""

    def __init__(self):
        super().__init__()
        self.written = []
        self.closed = False
        self.written_after_the_end = False

    def write(self, data):
        self.written_after_the_end |= self.closed
        self.written.append(bytes(data))

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


async def application(scope, receive, send):
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    kind = scope["path"].strip("/")
    if kind == "awaited":
        await scope["state"]["gate"].wait()
    status = 204 if kind == "empty" else 200
    length = [] if kind == "streamed" else [(b"content-length", {"whole": b"5", "broken": b"9"}.get(kind, b"0"))]
    await send({"type": "http.response.start", "status": status, "headers": length})
    if kind == "broken":
        raise OSError(kind)
    if kind == "streamed":
        for piece in (b"one", LOOKS_LIKE_A_HEAD, b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"whole" if kind == "whole" else b""})


def written_for(*received: bytes) -> Wire:
    """What is written to a connection that receives these pieces, each once what could be done was done."""

    async def serve():
        config = Config(application, http=OneWrite, log_config=None)
        config.load()
        protocol, wire = OneWrite(config, ServerState(), {}), Wire()
        protocol.connection_made(wire)
        for piece in received:
            protocol.data_received(piece)
            if protocol.tasks:
                await asyncio.wait(protocol.tasks, timeout=0)
        while protocol.tasks:
            await asyncio.wait(protocol.tasks)
        assert not wire.written_after_the_end
        return wire

    return asyncio.run(serve())


def test_head_and_body_are_one_write():
    [answer] = written_for(GET % b"whole").written
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nwhole")


@pytest.mark.parametrize("request_", [HEAD, GET % b"empty"])
def test_an_answer_without_a_body_leaves_too(request_):
    [answer] = written_for(request_).written
    assert answer.endswith(b"\r\n\r\n")


def test_a_streamed_answer_is_written_piece_by_piece_its_head_with_the_first():
    first, second, third, end = written_for(GET % b"streamed").written
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert first.endswith(b"\r\n\r\n3\r\none\r\n")
    assert (second, third, end) == (b"13\r\n" + LOOKS_LIKE_A_HEAD + b"\r\n", b"3\r\ntwo\r\n", b"0\r\n\r\n")


def test_an_answer_that_breaks_off_leaves_its_head_before_the_connection_closes():
    wire = written_for(GET % b"broken")
    [answer] = wire.written
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert wire.closed


def test_a_client_that_waits_to_be_told_to_continue_is_told_before_it_sends():
    interim, answer = written_for(WAITING_POST, b"{}").written
    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.endswith(b"whole")


def test_requests_sent_together_are_answered_one_after_the_other():
    first, second, third = written_for(GET % b"whole" + HEAD + GET % b"whole").written
    assert first.endswith(b"whole")
    assert second.endswith(b"\r\n\r\n")
    assert third.endswith(b"whole")


def test_a_client_that_leaves_is_written_nothing_more_however_many_answers_it_asked_for():
    async def serve():
        config = Config(application, http=OneWrite, log_config=None)
        config.load()
        gate = asyncio.Event()
        protocol, wire = OneWrite(config, ServerState(), {"gate": gate}), Wire()
        protocol.connection_made(wire)
        protocol.data_received(GET % b"awaited" * 3)
        await asyncio.sleep(0)  # the first of them begins
        wire.closed = True
        protocol.connection_lost(None)
        gate.set()
        while protocol.tasks:
            await asyncio.wait(protocol.tasks)
        return wire

    wire = asyncio.run(serve())
    assert not wire.written_after_the_end
    assert wire.written == []


def test_what_is_not_http_is_refused_at_once():
    wire = written_for(b"\x16\x03\x01 no HTTP\r\n\r\n")
    [answer] = wire.written
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert wire.closed
