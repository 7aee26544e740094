"""The load generator where wrk is not installed: so many connections, each sending its next request as soon as the last
one is answered. A client from PyPI would take four times as much of the core that it shares with PostgreSQL (a request
costs aiohttp 118 µs, this 30, wrk 17).

Run as a process of its own (`python -m bench.load FILE CONNECTIONS PORT [MARK]`), on a core of its own. The file holds
whole requests, pickled; what comes out is one line of JSON. How often MARK stands in the answers is counted: a batch's
answer holds many.
"""

import asyncio
import json
import pickle
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bench.machine import LOAD_CORE, pinned_to


@dataclass(slots=True)
class Tally:
    requests: list[bytes]
    mark: bytes = b""
    sent: int = 0
    answered: int = 0
    failed: int = 0
    marked: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    sample: str = ""


class Client(asyncio.Protocol):
    """One connection, kept alive. Answers carry a Content-Length, which is all that it understands."""

    def __init__(self, tally: Tally, done: asyncio.Future[None]) -> None:
        self._tally = tally
        self._done = done
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send_next(self) -> None:
        tally = self._tally
        assert self._transport is not None
        if tally.sent == len(tally.requests):
            self._finish()
            return
        request = tally.requests[tally.sent]
        tally.sent += 1
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data
        head_end = buffer.find(b"\r\n\r\n")
        if head_end < 0:
            self._buffer = buffer
            return
        lowered = buffer[:head_end].lower()
        at = lowered.find(b"content-length:")
        length = int(lowered[at + 15 :].split(b"\r\n", 1)[0])
        if len(buffer) < head_end + 4 + length:
            self._buffer = buffer
            return
        self._buffer = b""
        tally = self._tally
        tally.seconds.append(time.perf_counter() - self._sent_at)
        status = buffer[9:12].decode("ascii")
        tally.statuses[status] += 1
        tally.answered += 1
        if tally.mark:
            tally.marked += buffer.count(tally.mark)
        if tally.answered == 1 or (not status.startswith("2") and len(tally.sample) < 2000):
            tally.sample = buffer.decode("utf-8", "replace")
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if not self._done.done():
            self._tally.failed += 1
            self._finish()

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)
            assert self._transport is not None
            self._transport.close()


async def _connect(tally: Tally, connections: int, port: int) -> list[tuple[Client, asyncio.Future[None]]]:
    """All at once; one that is refused is counted as failed."""
    loop = asyncio.get_running_loop()
    finished = [loop.create_future() for _ in range(connections)]
    made = await asyncio.gather(
        *(loop.create_connection(lambda done=done: Client(tally, done), "127.0.0.1", port) for done in finished),  # type: ignore[misc]
        return_exceptions=True,
    )
    tally.failed += sum(isinstance(outcome, BaseException) for outcome in made)
    return [(one[1], done) for one, done in zip(made, finished, strict=True) if not isinstance(one, BaseException)]


def drive(requests: Sequence[bytes], connections: int, port: int, mark: str, folder: Path) -> dict[str, Any]:
    """Send these requests, each once, from a process of its own; what came of them."""
    path = folder / "requests.pickle"
    path.write_bytes(pickle.dumps(list(requests)))
    done = subprocess.run(
        [
            *pinned_to(LOAD_CORE),
            sys.executable,
            *("-m", "bench.load", str(path), str(connections), str(port), mark),
        ],
        cwd=Path(__file__).resolve().parent.parent,
        check=True,
        stdout=subprocess.PIPE,  # what it complains of goes to ours
    )
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


async def _drive(requests: list[bytes], connections: int, port: int, mark: bytes = b"") -> dict[str, Any]:
    tally = Tally(requests, mark)
    clients = await _connect(tally, connections, port)
    started = time.perf_counter()
    for client, _ in clients:
        client.send_next()
    await asyncio.gather(*(done for _, done in clients))
    elapsed = time.perf_counter() - started
    quantiles = statistics.quantiles(tally.seconds, n=1000) if len(tally.seconds) > 1 else [0.0] * 999
    return {
        "requests": tally.answered,
        "failed_connections": tally.failed,
        "statuses": dict(tally.statuses),
        "marked": tally.marked,
        "seconds": elapsed,
        "per_second": tally.answered / elapsed,
        "p50_ms": quantiles[499] * 1000,
        "p90_ms": quantiles[899] * 1000,
        "p99_ms": quantiles[989] * 1000,
        "max_ms": max(tally.seconds, default=0.0) * 1000,
        "sample": tally.sample,
    }


def main() -> None:
    import uvloop  # noqa: PLC0415

    path, connections, port, *mark = sys.argv[1:]
    requests: list[bytes] = pickle.loads(Path(path).read_bytes())  # noqa: S301 - written by the run itself
    print(json.dumps(uvloop.run(_drive(requests, int(connections), int(port), "".join(mark).encode()))))


if __name__ == "__main__":
    main()
