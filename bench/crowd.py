"""Half past eight in four counties: phones that have a signal again upload, officers look at their days and confirm
them, and others check in meanwhile, all at the same moment.

The sections beside this one load one way by itself. This one is about what they share: threads, connections, the locks
of a county's days. What is promised is that everybody is answered; the figures say how long it takes.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.clock import business_day, day_starts_at, now
from app.database import Database
from app.models import Area, CheckIn, DayEntry
from app.settings import Settings
from bench import world
from bench.check_in import databases
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, Server, drive, errors_in, request, serving

CADRES = 2000
"""Four counties, 36 townships."""
PHONES, ITEMS = 300, 20
DAYS = 5
"""That the uploads are of and the officers confirm; all are closed but today."""

UPLOADS, READING, CONFIRMATIONS, SCREENS, CHECK_INS = (
    "uploads of 20",
    "days read",
    "days confirmed",
    "first screens",
    "check-ins",
)

WARM_UP = 16
"""Of each kind, not counted."""

COLUMNS = ("", "requests", "connections", "a second", "p50 ms", "p99 ms", "longest ms", "errors")


@dataclass(frozen=True, slots=True)
class Part:
    """Requests of one kind, sent over connections of their own."""

    name: str
    requests: Sequence[bytes]
    connections: int
    expected: str

    def cut(self, first: int, last: int | None) -> "Part":
        return replace(self, requests=self.requests[first:last])


@section("crowd", "Everybody at once: uploads, officers, first screens and check-ins, one worker")
def crowd(run: Run) -> Result:
    result = Result(COLUMNS)
    for kind in ("postgresql", "sqlite"):
        with databases(kind, run.folder) as stored:
            url = stored.create("crowd")
            people = world.build(url, 500 if run.quick else CADRES, history_days=DAYS + 2)
            parts = _parts(run, url, people)
            environment = {"DATABASE_URL": url, "STORAGE_DIR": str(run.folder / "files")}
            since = now()
            with serving(PRODUCT, environment, run.folder) as server:
                first = _all_at_once(run, server, [part.cut(0, WARM_UP) for part in parts])
                seen = _all_at_once(run, server, [part.cut(WARM_UP, None) for part in parts])
            _require_recorded(url, since, [first, seen])
            stored.drop("crowd")
        for part in parts:
            numbers = [seen[part.name][key] for key in ("per_second", "p50_ms", "p99_ms", "max_ms", "errors")]
            result.rows.append((f"{kind}: {part.name}", seen[part.name]["requests"], part.connections, *numbers))
            result.at_most(f"{kind}: {part.name}, errors", seen[part.name]["errors"], 0)
        result.data[kind] = seen
    return result


def _all_at_once(run: Run, server: Server, parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
    """What came of each part, by name."""

    def send(part: Part) -> dict[str, Any]:
        folder = run.folder / part.name
        folder.mkdir(exist_ok=True)
        seen = drive(server, part.requests, part.connections, folder, mark='"status":201')
        return seen | {"errors": errors_in(seen, part.expected, len(part.requests))}

    with ThreadPoolExecutor(len(parts)) as senders:
        return dict(zip((part.name for part in parts), senders.map(send, parts), strict=True))


def _parts(run: Run, url: str, people: Sequence[world.Person]) -> list[Part]:
    issued = list(zip(people, world.issue_tokens(url, people), strict=True))
    random.shuffle(issued)
    phones = 50 if run.quick else PHONES
    late, punctual = issued[:phones], issued[phones:]
    officers = _officers(url)
    days = [business_day(now()) - timedelta(days=back) for back in range(1, DAYS + 1)]
    return [
        Part(UPLOADS, [_upload(person, token) for person, token in late], 100, "200"),
        Part(READING, list(_days_read(officers, days)), 60, "200"),
        Part(CONFIRMATIONS, list(_confirmations(officers, days)), 40, "200"),
        Part(SCREENS, [request("GET", "/api/v1/me/today", token=token) for _, token in punctual], 32, "200"),
        Part(CHECK_INS, world.check_in_requests(*zip(*punctual, strict=True)), 32, "201"),
    ]


def _upload(person: world.Person, token: str) -> bytes:
    """Four check-ins of each day: whoever was on post anyway also says so late."""
    at = now()
    items = [world.body_of(person, _instant(at, number % DAYS, number // DAYS)) for number in range(ITEMS)]
    return request("POST", "/api/v1/check-ins/batch", token=token, body=world.as_json({"items": items}))


def _instant(at: datetime, back: int, number: int) -> datetime:
    """Of today, past already."""
    start = day_starts_at(business_day(at) - timedelta(days=back))
    return start + (number + 1) / (ITEMS // DAYS + 1) * (timedelta(days=1) if back else at - start)


def _days_read(officers: dict[str, str], days: Sequence[date]) -> Iterator[bytes]:
    for (township, token), day in itertools.product(officers.items(), days):
        yield request("GET", f"/api/v1/days?area={township}&date={day}&limit=100", token=token)


def _confirmations(officers: dict[str, str], days: Sequence[date]) -> Iterator[bytes]:
    for (township, token), day in itertools.product(officers.items(), days):
        body = world.as_json({"date": day.isoformat(), "area_code": township})
        yield request("POST", "/api/v1/days/confirmations", token=token, body=body)


def _officers(url: str) -> dict[str, str]:
    """A township officer's token for each township."""
    database = Database(Settings(database_url=url))
    try:
        with database.writing() as session:
            townships = session.scalars(select(Area.code).where(Area.level == "township")).all()
            accounts = [world.add_office(session.connection(), "township_officer", code) for code in townships]
    finally:
        database.dispose()
    return dict(zip(townships, world.tokens_of(url, accounts), strict=True))


def _require_recorded(url: str, since: datetime, phases: Sequence[dict[str, dict[str, Any]]]) -> None:
    """Every check-in that was answered as recorded is on record; of the days that were confirmed none was left out."""
    today = business_day(since)
    database = Database(Settings(database_url=url))
    try:
        with database.reading() as session:
            recorded = session.scalar(select(func.count()).select_from(CheckIn).where(CheckIn.received_at >= since))
            past = DayEntry.date.between(today - timedelta(days=DAYS), today - timedelta(days=1))
            unconfirmed = session.scalar(select(func.count()).select_from(DayEntry).where(past, ~DayEntry.confirmed))
    finally:
        database.dispose()
    answered = sum(seen[UPLOADS]["marked"] + seen[CHECK_INS]["statuses"].get("201", 0) for seen in phases)
    if recorded != answered:
        raise RuntimeError(f"{answered} check-ins were answered, {recorded} are on record")
    if unconfirmed and not any(seen[CONFIRMATIONS]["errors"] for seen in phases):
        raise RuntimeError(f"all days were answered as confirmed, {unconfirmed} are not")
