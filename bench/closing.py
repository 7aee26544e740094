"""Closing a day of a whole country, beside the least that the database could do: copy a million rows into a table with
a primary key.
"""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from sqlalchemy import create_engine, text

from app.attendance.close import close_due_days
from app.clock import now
from app.database import Database
from app.settings import Settings
from bench import nation, world
from bench.machine import postgresql
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, ROOT, Server, serving

RATIO = 8
MEMORY_MB = 400
HISTORY_RATIO = 1.2
P99_RATIO = 2
PHONES = 3000
PHONES_AT_ONCE = 4
REST_SECONDS = 0.05


@dataclass(slots=True)
class Close:
    seconds: float
    peak_mb: float
    told: list[str]


@section("closing", "Closing a day of a million postings (PostgreSQL)", by_default=False)
def closing(run: Run) -> Result:
    postings, small = (20_000, 2_000) if run.quick else (1_000_000, 10_000)
    result = Result(("", "seconds", "x bare", "peak MB"))
    with postgresql(run.folder) as server:
        url = server.create("nation")
        people = world.build(url, 300 if run.quick else PHONES, history_days=1)
        place = nation.build(url, postings, history_days=1)
        before = bare_insert(url)
        close, usual, during = _close_among_check_ins(run, url, people)
        bare = [before, bare_insert(url)]
        _require_closed(place)
        result.data["bytes"] = sizes(url)
        server.drop("nation")
        histories = {days: _close_after(server, small, days, run) for days in (10, 40 if run.quick else 365)}
    ratio = close.seconds / median(bare)
    result.rows = [
        (f"bare INSERT ... SELECT of {postings:,} rows with primary key", median(bare), 1.0, ""),
        (f"close-day, {postings:,} postings", close.seconds, ratio, close.peak_mb),
        *((f"close-day, {small:,} postings after {days} days", seconds, "", "") for days, seconds in histories.items()),
    ]
    flatness = histories[max(histories)] / histories[min(histories)]
    result.at_most("close / bare insert", ratio, RATIO)
    result.at_most("peak memory, MB", close.peak_mb, MEMORY_MB)
    result.at_most(f"history of {max(histories)} days / {min(histories)} days", flatness, HISTORY_RATIO)
    result.at_most("check-in p99 during / usual", p99(during) / p99(usual), P99_RATIO)
    result.notes = [
        f"check-ins of {PHONES_AT_ONCE} phones at once, usual: p50 {median(usual):.1f} ms, p99 {p99(usual):.1f} ms",
        f"during the close: p50 {median(during):.1f} ms, p99 {p99(during):.1f} ms, {len(during)} check-ins",
        f"progress was told {len(close.told)} times, last: {close.told[-1]}",
    ]
    result.data |= {"bare_seconds": bare, "close_seconds": close.seconds, "peak_mb": close.peak_mb}
    result.data |= {"history_seconds": histories, "usual_ms": usual, "during_ms": during}
    return result


def bare_insert(url: str) -> float:
    """As many rows as there are postings into an empty table of the day's columns, with its primary key."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE bare (LIKE day_entries)"))
            connection.execute(text("ALTER TABLE bare ADD PRIMARY KEY (county_code, date, posting_id)"))
        started = time.perf_counter()
        with engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO bare SELECT county_code, DATE '2026-01-01', id, township_code, village_code, unit_id,"
                    " 'absent', false, '[]', 1, now() FROM postings"
                )
            )
        seconds = time.perf_counter() - started
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE bare"))
        return seconds
    finally:
        engine.dispose()


def close_day(url: str) -> Close:
    """The command, as a scheduler runs it."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "close-day"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = process.stdout.read().splitlines()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"close-day ended with {process.returncode}")
    return Close(time.perf_counter() - started, used.ru_maxrss / 1024, told)


def _require_closed(place: nation.Nation) -> None:
    engine = create_engine(place.url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as connection:
            query = "SELECT count(*) FROM day_entries WHERE date = :day AND county_code LIKE '98%'"
            entries = connection.execute(text(query), {"day": place.due}).scalar_one()
    finally:
        engine.dispose()
    if entries != place.postings:
        raise RuntimeError(f"{entries} entries of {place.postings} postings")


def _close_after(server: Any, postings: int, days: int, run: Run) -> float:
    """The median of three closes; each of a copy, since a day closes once."""
    nation.build(server.create("history"), postings, history_days=days)
    seconds = []
    for _ in range(run.rounds):
        url = server.create("copy", "history")
        seconds.append(_closing_alone(url))
        server.drop("copy")
    server.drop("history")
    return median(seconds)


def _closing_alone(url: str) -> float:
    """Without the start of a process, which would hide what a longer history costs."""
    database = Database(Settings(database_url=url))
    try:
        with database.writer.connect():
            started = time.perf_counter()
            close_due_days(database, now())
            return time.perf_counter() - started
    finally:
        database.dispose()


# ------------------------------------------------------------------ check-ins meanwhile


@dataclass(slots=True)
class Phones:
    """A few phones, each of which checks in, waits for the answer, and rests a moment: an even load that the server
    bears, so that what is measured is the close and not a queue.
    """

    server: Server
    requests: Sequence[bytes]
    stop: threading.Event = field(default_factory=threading.Event)
    milliseconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self) -> None:
        waiting = iter(self.requests)
        threads = [threading.Thread(target=self._check_in, args=(waiting,)) for _ in range(PHONES_AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failures:
            raise RuntimeError(self.failures[0])

    def _check_in(self, waiting: Iterator[bytes]) -> None:
        for request in waiting:
            if self.stop.is_set() or self.failures:
                return
            started = time.perf_counter()
            status = self._send(request)
            self.milliseconds.append((time.perf_counter() - started) * 1000)
            if status != http.client.CREATED:
                self.failures.append(f"a check-in was answered with {status}")
            time.sleep(REST_SECONDS)

    def _send(self, request: bytes) -> int:
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as connection:
            connection.sendall(request)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            answer.read()
            return answer.status


def _close_among_check_ins(
    run: Run, url: str, people: Sequence[world.Person]
) -> tuple[Close, list[float], list[float]]:
    requests = world.check_in_requests(people, world.issue_tokens(url, people))
    usually = 120 if run.quick else 620
    variables = {"DATABASE_URL": url, "STORAGE_DIR": str(run.folder / "files")}
    with serving(PRODUCT, variables, run.folder) as server:
        Phones(server, requests[:20]).run()
        usual = Phones(server, requests[20:usually])
        usual.run()
        meanwhile = Phones(server, requests[usually:])
        thread = threading.Thread(target=meanwhile.run)
        thread.start()
        close = close_day(url)
        meanwhile.stop.set()
        thread.join()
    return close, usual.milliseconds, meanwhile.milliseconds


def p99(milliseconds: Sequence[float]) -> float:
    return quantiles(milliseconds, n=100, method="inclusive")[98]


def sizes(url: str) -> dict[str, dict[str, float]]:
    """Bytes a row with its indexes, from pg_total_relation_size."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    query = """
        SELECT coalesce(parent.relname, leaf.relname), sum(pg_total_relation_size(leaf.oid)), sum(leaf.reltuples)
        FROM pg_class leaf LEFT JOIN pg_inherits i ON i.inhrelid = leaf.oid
            LEFT JOIN pg_class parent ON parent.oid = i.inhparent
        WHERE leaf.relkind = 'r' AND leaf.reltuples > 1000 AND leaf.relnamespace = 'public'::regnamespace
        GROUP BY 1 ORDER BY 2 DESC
    """
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
            rows = connection.execute(text(query)).all()
    finally:
        engine.dispose()
    return {name: {"rows": float(rows), "bytes_a_row": round(float(size) / float(rows))} for name, size, rows in rows}
