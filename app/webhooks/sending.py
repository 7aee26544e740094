"""One attempt to hand over one message. No transaction is open meanwhile."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from app.clock import SHANGHAI
from app.webhooks.addresses import NotAllowed, NotAnAddress, Target, parse, require_allowed, resolve
from app.webhooks.signing import signature_header
from app.webhooks.stop import Stop, cut

SECONDS_TO_CONNECT = 5
SECONDS_IN_ALL = 15
"""From the connection to the end of the answer, however slowly the receiver trickles it."""
LARGEST_ANSWER_BYTES = 64 * 1024
GONE = 410


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message on its way to one endpoint, for the `number`th time."""

    message_id: UUID
    endpoint_id: UUID
    number: int
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    delivered: bool
    error: str | None = None
    """A code, or `http_` and the status; never what the receiver wrote."""
    gone: bool = False


def body_of(event_type: str, at: datetime, data: dict[str, Any]) -> bytes:
    """The same bytes at every attempt."""
    content = {"type": event_type, "timestamp": at.astimezone(SHANGHAI).isoformat(), "data": data}
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class CutShort(Exception):
    """The server stops; nothing is known of what the receiver would have said."""


def send(attempt: Attempt, now: datetime, allowed_hosts: Collection[str], stop: Stop | None = None) -> Outcome | None:
    """Only a 2xx counts as delivered; redirects are not followed. None where it was cut short."""
    stop = stop or Stop()
    if stop.is_set():
        return None
    try:
        target = parse(attempt.url)
        require_allowed(target, allowed_hosts)  # again: the operator may have taken the host off the list
        status = _post(target, resolve(target), attempt, now, stop)
    except CutShort:
        return None
    except NotAllowed as refusal:
        return Outcome(delivered=False, error=refusal.code)
    except (NotAnAddress, OSError, http.client.HTTPException) as error:
        return Outcome(delivered=False, error=_name(error))
    if 200 <= status < 300:
        return Outcome(delivered=True)
    return Outcome(delivered=False, error=f"http_{status}", gone=status == GONE)


def _post(target: Target, address: str, attempt: Attempt, now: datetime, stop: Stop) -> int:
    timestamp = int(now.timestamp())
    headers = {
        "Host": target.host_header,
        "Content-Type": "application/json",
        "User-Agent": "Zaigang-Webhooks/1",
        "Connection": "close",
        "webhook-id": str(attempt.message_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature_header(attempt.secrets, str(attempt.message_id), timestamp, attempt.body),
    }
    with _connected(target, address, stop) as connection:
        connection.request("POST", target.path, attempt.body, headers)
        with connection.getresponse() as response:
            status = response.status
            with suppress(OSError, http.client.HTTPException):  # read out of politeness; the status has been said
                response.read(LARGEST_ANSWER_BYTES)
    return status


@contextmanager
def _connected(target: Target, address: str, stop: Stop) -> Iterator[http.client.HTTPConnection]:
    """A connection to the address that was checked, and to no other; cut when its time is up or the server stops."""
    connection = http.client.HTTPConnection(target.host, target.port)
    plain = socket.create_connection((address, target.port), SECONDS_TO_CONNECT)
    plain.settimeout(SECONDS_IN_ALL)
    overdue = threading.Event()
    # A duplicate, so that the descriptor cannot have become another connection's by the time it is cut.
    handle = plain.dup()
    cutter = threading.Timer(SECONDS_IN_ALL, _cut, (handle, overdue))
    cutter.daemon = True
    cutter.start()
    connection.sock = plain
    try:
        with stop.cutting(handle):
            if target.secure:
                connection.sock = _tls().wrap_socket(plain, server_hostname=target.host)
            yield connection
    except (OSError, http.client.HTTPException) as error:
        if overdue.is_set():
            raise TimeoutError from error
        if stop.is_set():
            raise CutShort from error
        raise
    finally:
        cutter.cancel()
        cutter.join()
        connection.close()
        plain.close()
        handle.close()


@cache
def _tls() -> ssl.SSLContext:
    """Certificates and host names are verified, against the system's authorities (SSL_CERT_FILE names others)."""
    return ssl.create_default_context()


def _cut(handle: socket.socket, overdue: threading.Event) -> None:
    overdue.set()
    cut(handle)


_NAMES: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "timed_out"),
    (ssl.SSLError, "tls_failed"),
    (socket.gaierror, "unknown_host"),
    (ConnectionRefusedError, "connection_refused"),
    (http.client.HTTPException, "no_http_answer"),
    (NotAnAddress, "not_an_address"),
)


def _name(error: Exception) -> str:
    return next((name for kind, name in _NAMES if isinstance(error, kind)), "connection_failed")
