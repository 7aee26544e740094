"""The load generator where wrk is not installed: pyreqwest, of the clients on PyPI the one that takes least of the core
that it shares with PostgreSQL (a request costs it 36 µs, aiohttp 69; wrk 17).

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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.machine import LOAD_CORE, pinned_to

if TYPE_CHECKING:
    from pyreqwest.client import Client

SAMPLE_CHARACTERS = 2000
_OF_ITS_OWN = {"host", "content-length"}
"""Headers that the client writes itself."""


@dataclass(slots=True)
class Tally:
    mark: bytes
    failed: int = 0
    marked: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    ended: float = 0.0
    sample: str = ""

    def count(self, status: str, content: bytes, seconds: float) -> None:
        self.seconds.append(seconds)
        self.statuses[status] += 1
        if self.mark:
            self.marked += content.count(self.mark)
        if len(self.seconds) == 1 or (not status.startswith("2") and len(self.sample) < SAMPLE_CHARACTERS):
            self.sample += f"{status} {content.decode('utf-8', 'replace')}"


@dataclass(frozen=True, slots=True)
class Prepared:
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    @classmethod
    def of(cls, request: bytes) -> "Prepared":
        """As `bench.servers.request` writes it."""
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode("ascii").split("\r\n")
        method, path, _ = first.split(" ")
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        return cls(method, path, [(name, value) for name, value in headers if name.lower() not in _OF_ITS_OWN], body)


def version() -> str | None:
    """None where it is not installed."""
    try:
        return f"pyreqwest {metadata.version('pyreqwest')}"
    except metadata.PackageNotFoundError:
        return None


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


async def _connection(client: "Client", port: int, left: Iterator[Prepared], tally: Tally) -> None:
    """Send the next request as soon as the last one is answered, until none is left or one fails."""
    from pyreqwest.exceptions import RequestError  # noqa: PLC0415

    for one in left:
        builder = client.request(one.method, f"http://127.0.0.1:{port}{one.path}").headers(one.headers)
        sending = (builder.body_bytes(one.body) if one.body else builder).build()
        sent_at = time.perf_counter()
        try:
            response = await sending.send()
            content = bytes(await response.bytes())
        except RequestError:
            tally.failed += 1
            return
        tally.ended = time.perf_counter()
        tally.count(str(response.status), content, tally.ended - sent_at)


async def _drive(requests: Sequence[bytes], connections: int, port: int, mark: bytes) -> dict[str, Any]:
    from pyreqwest.client import ClientBuilder  # noqa: PLC0415

    tally = Tally(mark)
    left = iter([Prepared.of(request) for request in requests])
    builder = ClientBuilder().no_proxy().http1_only().follow_redirects(False).timeout(timedelta(seconds=60))
    builder = builder.gzip(False).deflate(False).brotli(False).zstd(False).max_connections(connections)
    async with builder.build() as client:
        started = time.perf_counter()
        await asyncio.gather(*(_connection(client, port, left, tally) for _ in range(connections)))
    elapsed = max(tally.ended - started, sys.float_info.epsilon)
    answered = len(tally.seconds)
    quantiles = statistics.quantiles(tally.seconds, n=1000) if answered > 1 else tally.seconds * 999 or [0.0] * 999
    return {
        "requests": answered,
        "failed_connections": tally.failed,
        "statuses": dict(tally.statuses),
        "marked": tally.marked,
        "seconds": elapsed,
        "per_second": answered / elapsed,
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
