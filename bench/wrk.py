"""wrk, the load generator where it is installed: it takes least of the core that it shares with PostgreSQL."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from bench.machine import LOAD_CORE, pinned_to

_SCRIPT = Path(__file__).with_name("wrk.lua")


@cache
def version() -> str | None:
    """None where it is not installed."""
    if shutil.which("wrk") is None:
        return None
    said = subprocess.run(["wrk", "-v"], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return " ".join(said.stdout.split()[:2])


def drive(requests: Sequence[bytes], connections: int, port: int, mark: str, folder: Path) -> dict[str, Any]:
    """Send these requests, each once; what came of them, as `bench.load` tells it."""
    connections = min(connections, len(requests))
    path = folder / "requests.wrk"
    path.write_bytes(b"".join(b"%d\n%s" % (len(request), request) for request in requests))
    longest = 30 + len(requests) // 100  # where an answer never comes; otherwise it ends with the last one
    done = subprocess.run(
        [
            *pinned_to(LOAD_CORE),
            *("wrk", "-t1", f"-c{connections}", f"-d{longest}", "--timeout", "60"),
            *("-s", str(_SCRIPT), f"http://127.0.0.1:{port}", "--", str(connections), str(path), mark),
        ],
        check=True,
        capture_output=True,
    )
    numbers, _, sample = done.stderr.partition(b"\n")
    seen: dict[str, Any] = json.loads(numbers)
    seen["per_second"] = seen["requests"] / seen["seconds"] if seen["seconds"] else 0.0
    return seen | {"sample": sample.decode("utf-8", "replace")}
