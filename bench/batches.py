"""A week without a signal: 200 check-ins in one request, of days that are closed and of today."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import func, select

from app.attendance.close import close_due_days
from app.clock import business_day, day_starts_at, now
from app.database import Database
from app.models import CheckIn, DayEntry
from app.settings import Settings
from bench import world
from bench.check_in import databases
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, Server, drive, request, require, serving

CADRES = 3000
UPLOADS = 100
ITEMS = 200
"""The most that one request may hold."""
CONNECTIONS = 8
DAYS = 7
"""As late as an upload counts by itself."""
HISTORY_DAYS = 7
"""Before them, on which everybody checked in."""
WARM_UP = 80
"""Ten for each connection: the driver has a statement planned for good with its fifth run."""
A_SECOND = {"postgresql": 10_000, "sqlite": 8_000}


@section("batches", "Batches of 200 offline check-ins, 8 connections, one worker")
def batches(run: Run) -> Result:
    result = Result(("", "items/s", "p50 ms a batch", "p99 ms", "server CPU µs/item"))
    for kind, wanted in A_SECOND.items():
        rounds = _measure(run, kind)
        middle = [
            median(seen[key] for seen in rounds) for key in ("items_per_second", "p50_ms", "p99_ms", "item_cpu_us")
        ]
        result.rows.append((kind, *middle))
        result.at_least(f"{kind}: items/s", middle[0], wanted)
        result.data[kind] = rounds
    result.notes.append(
        f"each batch is another cadre's, who was absent for {DAYS} closed days: {ITEMS} check-ins of those and of today"
    )
    return result


def _measure(run: Run, kind: str) -> list[dict[str, Any]]:
    rounds = []
    with databases(kind, run.folder) as stored:
        people = _absent_for_a_week(stored.create("template"), 500 if run.quick else CADRES)
        issued = world.issue_tokens(stored.url("template"), people)
        for _ in range(1 if run.quick else run.rounds):
            url = stored.create("round", "template")
            chosen = random.sample(list(zip(people, issued, strict=True)), WARM_UP + (20 if run.quick else UPLOADS))
            sent = [_batch(person, token) for person, token in chosen]
            variables = {"DATABASE_URL": url, "STORAGE_DIR": str(run.folder / "files")}
            with serving(PRODUCT, variables, run.folder) as server:
                _upload(run, server, sent[:WARM_UP])
                rounds.append(_upload(run, server, sent[WARM_UP:]))
            _require_recorded(url, len(sent))
        stored.drop("round")
        stored.drop("template")
    return rounds


def _absent_for_a_week(url: str, cadres: int) -> list[world.Person]:
    """Everybody checked in until a week ago, nobody since; the days are closed by the product itself."""
    people = world.build(url, cadres, history_days=0)
    database = Database(Settings(database_url=url))
    try:
        with database.writing() as session:
            for back in range(DAYS + HISTORY_DAYS, DAYS, -1):
                world.add_history(session.connection(), business_day(now()) - timedelta(days=back))
        close_due_days(database, now())
        world.look_through(database)
    finally:
        database.dispose()
    return people


def _batch(person: world.Person, token: str) -> bytes:
    items = [world.body_of(person, at) for at in _instants()]
    return request("POST", "/api/v1/check-ins/batch", token=token, body=world.as_json({"items": items}))


def _instants() -> list[datetime]:
    """Spread over the days, in an order of chance; those of today are past already."""
    at = now()
    found = []
    for number in range(ITEMS):
        back, within = number % (DAYS + 1), (number // (DAYS + 1) + 1) / (ITEMS // (DAYS + 1) + 2)
        start = day_starts_at(business_day(at) - timedelta(days=back))
        found.append(start + within * (timedelta(days=1) if back else at - start))
    random.shuffle(found)
    return found


def _upload(run: Run, server: Server, sent: Sequence[bytes]) -> dict[str, Any]:
    """Every item of every batch is answered with 201, or it is no measurement."""
    seen = drive(server, sent, CONNECTIONS, run.folder, mark='"status":201')
    require(seen, "200", len(sent))
    items = len(sent) * ITEMS
    if seen["marked"] != items:
        raise RuntimeError(f"{seen['marked']} of {items} items were recorded: {seen['sample'][:500]}")
    return seen | {"items_per_second": items / seen["seconds"], "item_cpu_us": seen["server_cpu_us"] / ITEMS}


def _require_recorded(url: str, batches: int) -> None:
    """All items are on record, and each of those cadres' days is on post now."""
    first = business_day(now()) - timedelta(days=DAYS)
    database = Database(Settings(database_url=url))
    try:
        with database.reading() as session:
            items = session.scalar(select(func.count()).select_from(CheckIn).where(CheckIn.date >= first))
            on_post = session.scalar(
                select(func.count()).select_from(DayEntry).where(DayEntry.date >= first, DayEntry.status == "on_post")
            )
    finally:
        database.dispose()
    if (items, on_post) != (batches * ITEMS, batches * (DAYS + 1)):
        raise RuntimeError(f"{batches} batches were answered; {items} check-ins and {on_post} days are on record")
