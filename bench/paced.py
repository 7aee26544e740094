"""An even load: so many requests a second, whatever becomes of the ones before.

Each is timed from the instant at which it was due, so a server that makes one wait is not spared the ones behind it.
Run as a process of its own (`python -m bench.paced FILE RATE PORT`): it begins at once, ends when its input ends or the
requests run out, and prints one line of JSON. Instants are of the monotonic clock, which all processes share.
"""

import asyncio
import json
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import LOAD_CORE, pinned_to
from bench.servers import ROOT, Server

CONNECTIONS = 64
NICE = -10
"""Phones are not on the server's machine, so they don't wait for its processors (where we may say so)."""


@dataclass(slots=True)
class Load:
    """What a load saw; complete once it has been ended."""

    seen: list[tuple[float, float]] = field(default_factory=list)
    """When each request was due, and the milliseconds until it was answered."""
    statuses: dict[str, int] = field(default_factory=dict)

    def between(self, first: float, last: float) -> list[float]:
        return [milliseconds for due, milliseconds in self.seen if first <= due < last]


@contextmanager
def paced(server: Server, requests: Sequence[bytes], rate: int, folder: Path) -> Iterator[Load]:
    """The load goes on until the end of the block."""
    path = folder / "paced.pickle"
    path.write_bytes(pickle.dumps(list(requests)))
    load = Load()
    process = subprocess.Popen(
        [*pinned_to(LOAD_CORE), sys.executable, "-m", "bench.paced", str(path), str(rate), str(server.port)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield load
        output, _ = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    seen, statuses = json.loads(output)
    load.seen.extend((due, milliseconds) for due, milliseconds in seen)
    load.statuses |= statuses


class Connections:
    """Kept alive; a request takes one that is free."""

    def __init__(self) -> None:
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self.seen: list[tuple[float, float]] = []
        self.statuses: dict[str, int] = {}

    async def open(self, port: int) -> None:
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def send(self, request: bytes, due: float) -> None:
        connection = await self._free.get()
        try:
            status = await _exchange(*connection, request)
        except (OSError, EOFError) as error:
            status = type(error).__name__
        self.seen.append((due, (time.monotonic() - due) * 1000))
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self._free.put_nowait(connection)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> str:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    at = lowered.index(b"content-length:")
    await reader.readexactly(int(lowered[at + 15 :].split(b"\r\n", 1)[0]))
    return head[9:12].decode("ascii")


async def drive(requests: Sequence[bytes], rate: int, port: int, ended: threading.Event) -> Connections:
    connections = Connections()
    await connections.open(port)
    started = time.monotonic()
    under_way: set[asyncio.Task[None]] = set()
    for number, request in enumerate(requests):
        due = started + number / rate
        if (early := due - time.monotonic()) > 0:
            await asyncio.sleep(early)
        if ended.is_set():
            break
        task = asyncio.create_task(connections.send(request, due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    return connections


def main() -> None:
    path, rate, port = sys.argv[1:]
    requests: list[bytes] = pickle.loads(Path(path).read_bytes())  # noqa: S301 - written by the run itself
    with suppress(PermissionError):
        os.nice(NICE)
    ended = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    connections = asyncio.run(drive(requests, int(rate), int(port), ended))
    print(json.dumps([connections.seen, connections.statuses]))


if __name__ == "__main__":
    main()
