"""The check-in with everything on, beside a floor that does less and the naive version of itself."""

import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from app.clock import business_day, now
from bench import world
from bench.machine import Postgresql, postgresql
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, Server, drive, errors_in, peer, require, serving

CADRES = 10_000
CONNECTIONS = 32
WARM_UP = 300
"""The first requests, not counted: imports, statements prepared, pages read."""

TURNS = 4
"""Into so many parts each round is cut."""

COLUMNS = ("", "req/s", "p50 ms", "p99 ms", "server CPU µs/req", "errors")


class SqliteFiles:
    """Databases as files, copied from a template."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str, template: str | None = None) -> str:
        self.drop(name)
        if template is not None:
            shutil.copyfile(self._folder / template, self._folder / name)
        return self.url(name)

    def url(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}"

    def drop(self, name: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            (self._folder / (name + suffix)).unlink(missing_ok=True)


Databases = Postgresql | SqliteFiles


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Databases]:
    if kind == "sqlite":
        yield SqliteFiles(folder)
        return
    with postgresql(folder) as server:
        yield server


def one_round(
    run: Run, arguments: Sequence[str], url: str, requests: Sequence[bytes], connections: int = CONNECTIONS
) -> dict[str, Any]:
    """Measure one server by itself."""
    with _warmed_up(run, arguments, url, requests) as (server, rest):
        seen = drive(server, rest, connections, run.folder)
    return seen | {"errors": errors_in(seen, "201", len(rest))}


@contextmanager
def _warmed_up(
    run: Run, arguments: Sequence[str], url: str, requests: Sequence[bytes]
) -> Iterator[tuple[Server, Sequence[bytes]]]:
    """A server that has answered the first requests, and the rest of them."""
    warm_up = min(WARM_UP, len(requests) // 4)
    with serving(arguments, {"DATABASE_URL": url, "STORAGE_DIR": str(run.folder / "files")}, run.folder) as server:
        require(drive(server, requests[:warm_up], 8, run.folder), "201", warm_up)
        yield server, requests[warm_up:]


def _compare(run: Run, kind: str) -> Result:
    cadres = 600 if run.quick else CADRES
    contenders = {"ours": PRODUCT, "floor_insert": peer(f"floor_{kind}"), "naive": peer("naive")}
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with databases(kind, run.folder) as stored:
        people = world.build(stored.create("template"), cadres, history_days=8)
        issued = world.issue_tokens(stored.url("template"), people)
        for _ in range(1 if run.quick else run.rounds):
            urls = {n: stored.create(n, "template") if n == "ours" else stored.create(n) for n in contenders}
            requests = {name: world.check_in_requests(people, issued) for name in contenders}
            for name, seen in _in_turns(run, contenders, urls, requests).items():
                parts[name] += seen
            world.require_recorded(urls["ours"], business_day(now()), cadres)
        for name in (*contenders, "template"):
            stored.drop(name)
    return _report(kind, parts)


def _in_turns(
    run: Run, contenders: Mapping[str, Sequence[str]], urls: Mapping[str, str], requests: Mapping[str, Sequence[bytes]]
) -> dict[str, list[dict[str, Any]]]:
    """All servers at once, each warmed up; then each gets a part of its requests, one server after the other, so that
    whatever else the machine does meets all of them alike.
    """
    seen: dict[str, list[dict[str, Any]]] = defaultdict(list)
    names = list(contenders)
    with ExitStack() as running:
        ready = {
            name: running.enter_context(_warmed_up(run, arguments, urls[name], requests[name]))
            for name, arguments in contenders.items()
        }
        for turn in range(TURNS):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                server, rest = ready[name]
                part = rest[len(rest) * turn // TURNS : len(rest) * (turn + 1) // TURNS]
                told = drive(server, part, CONNECTIONS, run.folder)
                seen[name].append(told | {"errors": errors_in(told, "201", len(part))})
    return seen


def _report(kind: str, parts: dict[str, list[dict[str, Any]]]) -> Result:
    result = Result(COLUMNS, data={"parts": parts})
    middle = {
        name: {key: median(r[key] for r in them) for key in them[0] if isinstance(them[0][key], float | int)}
        for name, them in parts.items()
    }
    for name, m in middle.items():
        errors = sum(r["errors"] for r in parts[name])
        result.rows.append((name, m["per_second"], m["p50_ms"], m["p99_ms"], m["server_cpu_us"], errors))
    if kind == "postgresql":
        result.at_least("ours / floor_insert", _ratio(parts, "floor_insert"), 1.3)
    else:
        result.notes.append(f"ours / floor_insert = {_ratio(parts, 'floor_insert'):.2f}")
    result.at_least("ours / naive", _ratio(parts, "naive"), 5)
    result.at_most("p99 / p50", middle["ours"]["p99_ms"] / middle["ours"]["p50_ms"], 4)
    result.notes.append(
        f"server CPU: floor / ours = {middle['floor_insert']['server_cpu_us'] / middle['ours']['server_cpu_us']:.2f}"
    )
    return result


def _ratio(parts: dict[str, list[dict[str, Any]]], other: str) -> float:
    """The median of the ratios of neighbours in time, which what else the machine does disturbs least."""
    return median(float(a["per_second"] / b["per_second"]) for a, b in zip(parts["ours"], parts[other], strict=True))


@section("check-in", "Check-ins on PostgreSQL, one worker, 32 connections")
def on_postgresql(run: Run) -> Result:
    return _compare(run, "postgresql")


@section("check-in-sqlite", "Check-ins on SQLite, synchronous=FULL, 32 connections")
def on_sqlite(run: Run) -> Result:
    return _compare(run, "sqlite")
