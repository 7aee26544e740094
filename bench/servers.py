"""Servers under measurement: one process, one core, killed at the end."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import load, wrk
from bench.machine import SERVER_CORE, cpu_seconds, pinned_to

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("-m", "app.cli", "serve")


@dataclass(frozen=True, slots=True)
class Server:
    pid: int
    port: int
    started_in_seconds: float


def peer(name: str) -> Sequence[str]:
    """The arguments that start one of bench.peers."""
    return ("-m", "bench.peers", name)


@contextmanager
def serving(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Iterator[Server]:
    """A server process that answers its /healthz; stopped at the end."""
    port = _free_port()
    variables = os.environ | {"PORT": str(port), "HOST": "127.0.0.1", "RATE_LIMITS": "false"} | dict(environment)
    with (folder / "server.log").open("ab") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [*pinned_to(SERVER_CORE), sys.executable, *arguments], cwd=ROOT, env=variables, stdout=output, stderr=output
        )
        try:
            _await_healthy(process, port)
            yield Server(process.pid, port, time.perf_counter() - started)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(3000):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}; see server.log")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    raise RuntimeError("the server never answered")


def load_generator() -> str | None:
    """What `drive` sends with."""
    return wrk.version() or load.version()


def drive(server: Server, requests: Sequence[bytes], connections: int, folder: Path, mark: str = "") -> dict[str, Any]:
    """Send these requests over so many connections; returns what the load generator saw (and how often `mark` stood in
    the answers) and what the server spent.
    """
    before = cpu_seconds(server.pid)
    generator = load if wrk.version() is None else wrk
    seen: dict[str, Any] = generator.drive(requests, connections, server.port, mark, folder)
    seen["server_cpu_us"] = (cpu_seconds(server.pid) - before) / max(1, seen["requests"]) * 1e6
    return seen


def errors_in(seen: Mapping[str, Any], expected: str, count: int) -> int:
    """Of so many requests those without this status, answered or not; and connections that were refused or lost."""
    return int(count - seen["statuses"].get(expected, 0) + seen["failed_connections"])


def require(seen: Mapping[str, Any], expected: str, count: int) -> None:
    """So many answers, all of them with this status: whatever is fast because it refuses is no measurement."""
    if seen["statuses"] != {expected: count} or seen["failed_connections"]:
        raise RuntimeError(f"wanted {count} × {expected}, got {seen['statuses']}: {seen['sample'][:500]}")


def request(
    method: str, path: str, *, token: str | None = None, body: bytes | None = None, etag: str | None = None
) -> bytes:
    """A whole HTTP/1.1 request; with an ETag it asks only for what is new."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if etag is not None:
        lines.append(f"If-None-Match: {etag}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + (body or b"")
