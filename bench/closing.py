"""Closing a day of a whole country, beside the least that the database could do: copy a million rows into a table with
a primary key.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from statistics import median, quantiles

from sqlalchemy import create_engine, text

from app.attendance.close import close_due_days
from app.clock import business_day, day_closes_at, now
from app.database import Database
from app.settings import Settings
from bench import nation, world
from bench.machine import Postgresql, postgresql, rss_mb
from bench.paced import paced
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, ROOT, serving

RATIO = 8
MEMORY_MB = 400
HISTORY_RATIO = 1.2
P99_RATIO = 2
PHONES = 100_000
RATE = 200
"""Check-ins a second: an ordinary morning of a third of a million cadres."""
WARM_UP_SECONDS = 5
USUAL_SECONDS = 15
HISTORY_ROUNDS = 7


@dataclass(slots=True)
class Close:
    seconds: float
    peak_mb: float
    told: list[str]


@dataclass(slots=True)
class Meanwhile:
    """Milliseconds of check-ins during the close, and in the quieter one of two spells before and after it: what
    disturbs the machine at another time must not make the close look good.
    """

    usual: list[float]
    during: list[float]


@section("closing", "Closing a day of a million postings (PostgreSQL)", by_default=False)
def closing(run: Run) -> Result:
    postings, small = (20_000, 2_000) if run.quick else (1_000_000, 20_000)
    shorter, longer = 10, 40 if run.quick else 365
    result = Result(("", "seconds", "x bare", "peak MB"))
    with postgresql(run.folder) as server:
        url = server.create("nation")
        people = world.build(url, 3000 if run.quick else PHONES, history_days=1)
        place = nation.build(url, postings, history_days=1)
        alone, bare = _close_alone(run, server, place)
        among, meanwhile = _close_among_check_ins(run, url, people)
        _require_closed(place.url, place.open_days[0], postings)
        result.data["bytes"] = sizes(url)
        server.drop("nation")
        histories = _closes_after(server, small, (shorter, longer), 2 if run.quick else HISTORY_ROUNDS)
    ratio = alone.seconds / median(bare)
    result.rows = [
        (f"bare INSERT ... SELECT of {postings:,} rows with primary key", median(bare), 1.0, ""),
        (f"close-day, {postings:,} postings, nobody there", alone.seconds, ratio, alone.peak_mb),
        (
            f"close-day among {RATE} check-ins a second",
            among.seconds,
            among.seconds / median(bare),
            among.peak_mb,
        ),
        *(
            (f"close of {small:,} postings after {days} days", median(taken), "", "")
            for days, taken in histories.items()
        ),
    ]
    result.at_most("close / bare insert", ratio, RATIO)
    result.at_most("peak memory, MB", max(alone.peak_mb, among.peak_mb), MEMORY_MB)
    flatness = median(a / b for a, b in zip(histories[longer], histories[shorter], strict=True))
    result.at_most(f"history of {longer} days / {shorter} days", flatness, HISTORY_RATIO)
    result.at_most("check-in p99 during / usual", p99(meanwhile.during) / p99(meanwhile.usual), P99_RATIO)
    result.notes = [
        _told("usual", meanwhile.usual),
        _told("during the close", meanwhile.during),
        "the close that is compared with the copies has an idle server beside it, as the copies have",
        f"progress was told {len(among.told)} times, last: {among.told[-1]}",
    ]
    result.data |= {"bare_seconds": bare, "close_seconds": alone.seconds, "close_among_seconds": among.seconds}
    result.data |= {"peak_mb": [alone.peak_mb, among.peak_mb]}
    result.data |= {"history_seconds": histories, "usual_ms": meanwhile.usual, "during_ms": meanwhile.during}
    return result


def _told(when: str, milliseconds: Sequence[float]) -> str:
    return (
        f"check-ins at {RATE} a second, {when}: p50 {median(milliseconds):.1f} ms, p99 {p99(milliseconds):.1f} ms,"
        f" longest {max(milliseconds):.0f} ms, {len(milliseconds)} check-ins"
    )


def bare_insert(url: str) -> float:
    """As many rows as there are postings into an empty table of the day's columns, with its primary key."""
    engine = create_engine(url)
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
    """The command, as a scheduler runs it. Its peak is looked up whenever it tells of progress: what the system tells
    of a process that has ended counts this one's memory too, from which it was forked.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        ["nice", sys.executable, "-m", "app.cli", "close-day"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told, peak_mb = [], 0.0
    for line in process.stdout:
        told.append(line.rstrip())
        with suppress(FileNotFoundError, ProcessLookupError, RuntimeError):
            peak_mb = max(peak_mb, rss_mb(process.pid, "VmHWM"))
    if process.wait() != 0:
        raise RuntimeError(f"close-day ended with {process.returncode}")
    return Close(time.perf_counter() - started, peak_mb, told)


def _require_closed(url: str, day: date, postings: int) -> None:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            query = "SELECT count(*) FROM {} WHERE date = :day AND county_code LIKE '98%' {}"
            entries = connection.execute(text(query.format("day_entries", "")), {"day": day}).scalar_one()
            still_open = query.format("day_heads", "AND closed_at IS NULL")
            open_heads = connection.execute(text(still_open), {"day": day}).scalar_one()
    finally:
        engine.dispose()
    if (entries, open_heads) != (postings, 0):
        raise RuntimeError(f"{entries} entries of {postings} postings, {open_heads} counties still open")


def _closes_after(server: Postgresql, postings: int, histories: Sequence[int], rounds: int) -> dict[int, list[float]]:
    """Seconds of one close by the length of the history behind it. Both histories close one day after another, in
    turns, so that whatever else the machine does meets both alike; the first day of each is not counted.
    """
    places = {
        days: nation.build(server.create(f"history_{days}"), postings, history_days=days, open_days=rounds + 1)
        for days in histories
    }
    seconds: dict[int, list[float]] = {days: [] for days in histories}
    for number in range(rounds + 1):
        for days, place in places.items():
            day = place.open_days[number]
            taken = _closing_alone(place.url, day)
            _require_closed(place.url, day, postings)
            if number:
                seconds[days].append(taken)
    for days in histories:
        server.drop(f"history_{days}")
    return seconds


def _closing_alone(url: str, day: date) -> float:
    """Without the start of a process, which would hide what a longer history costs."""
    database = Database(Settings(database_url=url))
    try:
        with database.writer.connect():
            started = time.perf_counter()
            close_due_days(database, day_closes_at(day, "00:30"))
            return time.perf_counter() - started
    finally:
        database.dispose()


def _close_alone(run: Run, server: Postgresql, place: nation.Nation) -> tuple[Close, list[float]]:
    """A quiet night, on a copy: the servers run, and nobody asks them anything."""
    url = server.create("quiet", "nation")
    os.sync()  # what filled the database is not to be written during the measurement
    with serving(PRODUCT, _variables(run, url), run.folder):
        bare = [bare_insert(url)]
        close = close_day(url)
        bare.append(bare_insert(url))
    _require_closed(url, place.open_days[0], place.postings)
    server.drop("quiet")
    return close, bare


def _close_among_check_ins(run: Run, url: str, people: Sequence[world.Person]) -> tuple[Close, Meanwhile]:
    """Check-ins come at an even rate, well below what the server bears: by themselves, during the close, and again."""
    requests = world.check_in_requests(people, world.issue_tokens(url, people))
    spell = 3 if run.quick else USUAL_SECONDS
    os.sync()
    with (
        serving(PRODUCT, _variables(run, url), run.folder) as server,
        paced(server, requests, RATE, run.folder) as load,
    ):
        time.sleep(1 if run.quick else WARM_UP_SECONDS)
        before = _spell(spell)
        began = time.monotonic()
        close = close_day(url)
        during = began, time.monotonic()
        after = _spell(spell)
    if load.statuses.keys() != {"201"} or len(load.seen) == len(requests):
        raise RuntimeError(f"check-ins were answered {load.statuses}, of {len(requests)} that were to last to the end")
    world.require_recorded(url, business_day(now()), len(load.seen))
    usual = min(load.between(*before), load.between(*after), key=p99)
    return close, Meanwhile(usual, load.between(*during))


def _variables(run: Run, url: str) -> dict[str, str]:
    return {"DATABASE_URL": url, "STORAGE_DIR": str(run.folder / "files")}


def _spell(seconds: float) -> tuple[float, float]:
    began = time.monotonic()
    time.sleep(seconds)
    return began, time.monotonic()


def p99(milliseconds: Sequence[float]) -> float:
    return quantiles(milliseconds, n=100, method="inclusive")[98]


def sizes(url: str) -> dict[str, dict[str, float]]:
    """Bytes a row with its indexes, from pg_total_relation_size."""
    engine = create_engine(url)
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
