"""The phone's first screen, beside the naive version of it."""

import random
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

from sqlalchemy import create_engine, text

from bench import world
from bench.check_in import CONNECTIONS, databases
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, Server, drive, peer, request, require, serving

CADRES = 1000
READINGS = 1500
HISTORY_DAYS = 8
WARM_UP = 200
RATIO = 2

ON_POST = '"on_post"'
"""Once in every answer: the day's status after the check-in."""

COLUMNS = ("", "req/s", "p50 ms", "p99 ms", "server CPU µs/req")


@section("today", "GET /me/today beside naive, 32 connections, one worker")
def today(run: Run) -> Result:
    result = Result(COLUMNS)
    for kind in ("postgresql", "sqlite"):
        rounds = _measure(run, kind)
        for name, seen in rounds.items():
            middle = [median(one[key] for one in seen) for key in ("per_second", "p50_ms", "p99_ms", "server_cpu_us")]
            result.rows.append((f"{kind}, {name}", *middle))
        ratios = [
            ours["per_second"] / naive["per_second"]
            for ours, naive in zip(rounds["ours"], rounds["naive"], strict=True)
        ]
        result.at_least(f"{kind}: ours / naive", median(ratios), RATIO)
        result.data[kind] = rounds
    result.notes.append(
        f"both hold one check-in of today and one on each of {HISTORY_DAYS} days before, of {CADRES} cadres"
    )
    return result


def _measure(run: Run, kind: str) -> dict[str, list[dict[str, Any]]]:
    rounds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    count = 300 if run.quick else CADRES
    with databases(kind, run.folder) as stored, ExitStack() as running:
        people = world.build(stored.create("ours"), count, HISTORY_DAYS)
        issued = world.issue_tokens(stored.url("ours"), people)
        check_ins = world.check_in_requests(people, issued)
        asked = {
            "ours": [request("GET", "/api/v1/me/today", token=token) for token in issued],
            "naive": [request("GET", f"/api/v1/me/today?device_id=d{number}") for number in range(count)],
        }
        servers = {}
        for name, arguments in (("ours", PRODUCT), ("naive", peer("naive"))):
            url = stored.url("ours") if name == "ours" else stored.create(name)
            variables = {"DATABASE_URL": url, "STORAGE_DIR": str(run.folder / "files")}
            servers[name] = running.enter_context(serving(arguments, variables, run.folder))
            require(drive(servers[name], check_ins, CONNECTIONS, run.folder), "201", count)
        _add_naive_history(stored.url("naive"))
        for name, server in servers.items():
            _ask(run, server, asked[name], WARM_UP)
        for _ in range(1 if run.quick else run.rounds):
            for name, server in servers.items():
                rounds[name].append(_ask(run, server, asked[name], 300 if run.quick else READINGS))
    return rounds


def _ask(run: Run, server: Server, asked: Sequence[bytes], times: int) -> dict[str, Any]:
    seen = drive(server, random.choices(asked, k=times), CONNECTIONS, run.folder, mark=ON_POST)
    require(seen, "200", times)
    if seen["marked"] != times:
        raise RuntimeError(f"{seen['marked']} of {times} answers tell of the check-in: {seen['sample'][:500]}")
    return seen


_WORDS = {
    "postgresql": {
        "id": "gen_random_uuid()",
        "instant": "captured_at - back * interval '1 day'",
        "date": "date - back",
    },
    "sqlite": {
        "id": "lower(hex(randomblob(16)))",
        "instant": "datetime(captured_at, '-' || back || ' day') || '.000000'",
        "date": "date(date, '-' || back || ' day')",
    },
}
_HISTORY = (
    """
    INSERT INTO naive_check_ins
        (id, device_id, captured_at, lng, lat, datum, accuracy_m, fixed_at, mock, note)
    SELECT {id}, device_id, {instant}, lng, lat, datum, accuracy_m, fixed_at, mock, note
    FROM naive_check_ins CROSS JOIN ({backs}) AS days
    """,
    """
    INSERT INTO naive_days (device_id, date, status, revision)
    SELECT device_id, {date}, status, revision FROM naive_days CROSS JOIN ({backs}) AS days
    """,
)


def _add_naive_history(url: str) -> None:
    """Today's check-ins once more for each day before."""
    engine = create_engine(url)
    backs = " UNION ALL ".join(f"SELECT {back} AS back" for back in range(1, HISTORY_DAYS + 1))
    try:
        with engine.begin() as connection:
            for statement in _HISTORY:
                connection.execute(text(statement.format(backs=backs, **_WORDS[engine.dialect.name])))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    finally:
        engine.dispose()
