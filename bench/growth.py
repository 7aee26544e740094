"""What a check-in costs in a nation of ten thousand, a hundred thousand and a million postings.

A year of a million postings is 365 million rows in each of three tables, which no bench has the time to write. What a
check-in reads is there in full: the people, their fences and phones, and every day that it looks back on. Of the months
before there is a partition each, thinly filled; how often a check-in touches those is counted.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Connection, create_engine, text

from app.access import tokens
from app.attendance.partitions import PARTITIONED, ensure_partitions
from app.clock import business_day, now
from app.database import Database
from app.policy.risks import RECENT
from app.settings import Settings
from bench import nation, world
from bench.check_in import CONNECTIONS
from bench.machine import Postgresql, memory_mb, postgresql
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, drive, request, require, serving

SIZES = (10_000, 100_000, 1_000_000)
MONTHS = 12
OLD_PERCENT = 5
"""Of the postings, on one day of each older month."""
SO_FAR_PERCENT = 40
"""Who has checked in today before anything is measured: the middle of a morning, not its first minute."""
REQUESTS = 1600
RATIO = 1.15

COLUMNS = ("postings", "p50 ms", "server CPU µs/req", "PostgreSQL CPU µs/req", "both µs", "GB")


@section("growth", "Check-ins as the nation grows (PostgreSQL; `python -m bench growth`)", by_default=False)
def growth(run: Run) -> Result:
    sizes = (2000, 6000) if run.quick else SIZES
    result = Result(COLUMNS)
    with postgresql(run.folder, {"shared_buffers": f"{memory_mb() // 4}MB", "max_wal_size": "8GB"}) as server:
        for postings in sizes:
            _build(server.create(f"nation_{postings}"), postings)
        rounds: dict[int, list[dict[str, Any]]] = {postings: [] for postings in sizes}
        for _ in range(1 if run.quick else run.rounds):
            for postings in sizes:
                rounds[postings].append(_round(run, server, postings))
        gigabytes = {postings: _gigabytes(server.url(f"nation_{postings}")) for postings in sizes}
        for postings in sizes:
            server.drop(f"nation_{postings}")
    for postings, seen in rounds.items():
        keys = ("p50_ms", "server_cpu_us", "postgresql_cpu_us", "both_us")
        result.rows.append((f"{postings:,}", *(median(one[key] for one in seen) for key in keys), gigabytes[postings]))
    result.at_most("CPU of both, largest / smallest", _ratio(rounds, "both_us"), RATIO)
    result.at_most("p50, largest / smallest", _ratio(rounds, "p50_ms"), RATIO)
    result.notes = [
        (
            f"in full: everybody's account, fence and phone, and the last {RECENT.days + 1} days;"
            f" of {MONTHS} months before, one day of {OLD_PERCENT} % of the postings each"
        ),
        f"{SO_FAR_PERCENT} % have checked in; then {REQUESTS} a round from all over, {CONNECTIONS} connections",
        *_told_of_old_months(rounds[max(sizes)]),
    ]
    result.data["rounds"] = {str(postings): seen for postings, seen in rounds.items()}
    return result


def _ratio(rounds: dict[int, list[dict[str, Any]]], key: str) -> float:
    """The median of the ratios of neighbours in time."""
    pairs = zip(rounds[max(rounds)], rounds[min(rounds)], strict=True)
    return median(float(large[key] / small[key]) for large, small in pairs)


def _warm_up(postings: int) -> int:
    """The same share of each nation. The larger it is, the longer until a backend has seen its pages, and until each of
    today's has been written to the log whole, which happens once after every checkpoint.
    """
    return postings * 3 // 100


def _round(run: Run, server: Postgresql, postings: int) -> dict[str, Any]:
    """Other cadres each time, on a server that has just started."""
    name = f"nation_{postings}"
    url = server.url(name)
    warm_up, measured = _warm_up(postings), 300 if run.quick else REQUESTS
    requests = _check_ins(url, warm_up + measured)
    recorded = _recorded(url)
    before = server.scans(name)
    with serving(PRODUCT, {"DATABASE_URL": url, "STORAGE_DIR": str(run.folder / "files")}, run.folder) as running:
        require(drive(running, requests[:warm_up], CONNECTIONS, run.folder), "201", warm_up)
        spent = server.cpu_seconds(name)
        seen = drive(running, requests[warm_up:], CONNECTIONS, run.folder)
        spent = server.cpu_seconds(name) - spent
    after = server.scans(name)
    require(seen, "201", measured)
    if _recorded(url) != [count + len(requests) for count in recorded]:
        raise RuntimeError("a check-in that was answered is not there, or has no entry or no revision")
    seen["postgresql_cpu_us"] = spent / measured * 1e6
    seen["both_us"] = seen["server_cpu_us"] + seen["postgresql_cpu_us"]
    seen["scans"] = {table: (after[table] - before[table]) / len(requests) for table in after}
    return seen


def _told_of_old_months(rounds: Sequence[dict[str, Any]]) -> list[str]:
    """How many months that are over for longer than a check-in looks back were touched after all."""
    oldest_needed = f"{business_day(now()) - RECENT:%Y_%m}"
    told = []
    for table in PARTITIONED:
        old = {
            name: median(seen["scans"][name] for seen in rounds)
            for name in rounds[0]["scans"]
            if name.startswith(f"{table}_2") and name[-7:] < oldest_needed
        }
        touched = [name for name, scans in old.items() if scans > 0]
        scans = sum(old.values())
        told.append(f"{table}: {len(touched)} of {len(old)} older months touched, {scans:.2f} index scans a check-in")
    return told


# ------------------------------------------------------------------ the nation


def _build(url: str, postings: int) -> None:
    """Postings and their last days; then all that a check-in asks for besides."""
    nation.build(url, postings, history_days=0, open_days=RECENT.days + 1, scattered=False)
    database = Database(Settings(database_url=url))
    try:
        with database.writing() as session:
            tokens.ensure_signing_key(session, now())
            ensure_partitions(session, [business_day(now()), *_old_days()])
        with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            _fill(connection)
    finally:
        database.dispose()


def _fill(connection: Connection) -> None:
    connection.execute(text("SET session_replication_role = replica"))
    connection.execute(text("SET synchronous_commit = off"))
    for statement in _EVERYBODY:
        connection.execute(text(statement))
    for day in _old_days():
        nation.add_check_ins(connection, day, OLD_PERCENT, scattered=False)
    connection.execute(text("UPDATE day_heads SET closed_at = now() WHERE closed_at IS NULL"))
    nation.add_check_ins(connection, business_day(now()), SO_FAR_PERCENT, scattered=False)
    connection.execute(text("VACUUM ANALYZE"))
    connection.execute(text("CHECKPOINT"))
    connection.execute(text("RESET session_replication_role"))


def _old_days() -> list[date]:
    """The fifth of each of the months before the last two."""
    days, first = [], (business_day(now()) - RECENT).replace(day=1)
    for _ in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        days.append(first.replace(day=5))
    return days


# Villages two kilometres from each other, each county a quarter of a degree from the next.
_EVERYBODY = (
    """
    INSERT INTO accounts (id, login, name, role, cadre_id, active, created_at)
    SELECT gen_random_uuid(), 'n' || c.phone, c.name, 'cadre', c.id, true, now()
    FROM cadres c WHERE c.county_code LIKE '98%'
    """,
    """
    INSERT INTO fences (id, area_code, geometry, drawn, created_at)
    SELECT gen_random_uuid(), code, circle, circle, now() FROM (
        SELECT code, jsonb_build_object('circle', jsonb_build_object(
            'lng', 80 + county % 160 * 0.25 + village % 12 * 0.02, 'lat', 22 + county / 160 * 0.3 + village / 12 * 0.02,
            'radius_m', 1500)) AS circle
        FROM (
            SELECT DISTINCT village_code AS code, substr(village_code, 3, 4)::int AS county,
                substr(village_code, 10, 3)::int AS village
            FROM postings WHERE county_code LIKE '98%'
        ) AS villages
    ) AS circles
    """,
    """
    INSERT INTO device_uses (device_id, account_id, first_seen_at)
    SELECT 'd' || p.id, a.id, now() FROM postings p JOIN accounts a ON a.cadre_id = p.cadre_id
    """,
)

# ------------------------------------------------------------------ questions to it


def _ask(url: str, query: str, **values: Any) -> list[Any]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return list(connection.execute(text(query), values).all())
    finally:
        engine.dispose()


def _check_ins(url: str, count: int) -> list[bytes]:
    """Of cadres from all over the nation who have not checked in today, each with the phone that is known as theirs."""
    chosen = _ask(
        url,
        """
        SELECT a.id, p.id, (f.geometry->'circle'->>'lng')::float8, (f.geometry->'circle'->>'lat')::float8, 'd' || p.id
        FROM (
            SELECT * FROM postings p WHERE county_code LIKE '98%' AND NOT EXISTS (
                SELECT 1 FROM day_entries e
                WHERE e.county_code = p.county_code AND e.date = :today AND e.posting_id = p.id
            ) ORDER BY random() LIMIT :count
        ) p JOIN accounts a ON a.cadre_id = p.cadre_id JOIN fences f ON f.area_code = p.village_code
        """,
        today=business_day(now()),
        count=count,
    )
    people = [world.Person(*row) for row in chosen]
    if len(people) != count:
        raise RuntimeError(f"{len(people)} cadres left of the {count} that are wanted")
    at = now()
    bodies = [world.body_of(person, at) for person in people]
    return [
        request("POST", "/api/v1/check-ins", token=token, body=world.as_json(body))
        for token, body in zip(world.issue_tokens(url, people), bodies, strict=True)
    ]


def _recorded(url: str) -> list[int]:
    """Today's check-ins, entries and revisions."""
    query = "SELECT count(*) FROM {} WHERE date = :today"
    return [_ask(url, query.format(table), today=business_day(now()))[0][0] for table in PARTITIONED]


def _gigabytes(url: str) -> float:
    return float(_ask(url, "SELECT pg_database_size(current_database())")[0][0]) / 1e9
