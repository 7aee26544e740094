"""A thousand phones at once: every one of them is answered."""

from statistics import median
from typing import Any

from app.clock import business_day, now
from bench import world
from bench.check_in import CADRES, databases, one_round
from bench.machine import allow_files
from bench.registry import Result, Run, section
from bench.servers import PRODUCT

CONNECTIONS = 1000
FILES = 4096

COLUMNS = ("", "req/s", "p50 ms", "p99 ms", "server CPU µs/req", "errors")


@section("connections", "Check-ins over 1,000 connections at once, one worker")
def connections(run: Run) -> Result:
    allow_files(FILES)
    cadres = 2000 if run.quick else CADRES
    result = Result(COLUMNS)
    for kind in ("postgresql", "sqlite"):
        rounds: list[dict[str, Any]] = []
        with databases(kind, run.folder) as stored:
            people = world.build(stored.create("template"), cadres, history_days=8)
            issued = world.issue_tokens(stored.url("template"), people)
            for _ in range(1 if run.quick else run.rounds):
                url = stored.create("round", "template")
                rounds.append(one_round(run, PRODUCT, url, world.check_in_requests(people, issued), CONNECTIONS))
                world.require_recorded(url, business_day(now()), cadres - rounds[-1]["errors"])
            stored.drop("round")
            stored.drop("template")
        errors = sum(seen["errors"] for seen in rounds)
        middle = [median(seen[key] for seen in rounds) for key in ("per_second", "p50_ms", "p99_ms", "server_cpu_us")]
        result.rows.append((kind, *middle, errors))
        result.at_most(f"{kind}: errors", errors, 0)
        result.data[kind] = rounds
    return result
