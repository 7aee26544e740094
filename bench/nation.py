"""A whole country's postings and days behind them, made by the database as sets: there is no time to make them one by
one. On PostgreSQL.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, create_engine, text

from app.attendance.partitions import ensure_partitions
from app.clock import business_day, now
from app.database import Database
from app.schema import upgrade
from app.settings import Settings

POSTINGS_A_COUNTY = 500
PRESENT_PERCENT = 85
ABSENT_PERCENT = 2
"""Of a working day of the past."""


@dataclass(frozen=True, slots=True)
class Nation:
    url: str
    postings: int
    due: date
    """The day that waits to be closed."""


def last_due_day() -> date:
    """The newest day that is over by the default closing hour."""
    return business_day(now() - timedelta(days=1, minutes=31))


def build(url: str, postings: int, *, history_days: int, with_check_ins: bool = True) -> Nation:
    """Counties of 500 postings; one day to close, on which 85 % checked in, and closed days before it."""
    upgrade(url)
    nation = Nation(url, postings, last_due_day())
    _make_partitions(url, [nation.due - timedelta(days=back) for back in range(history_days + 1)])
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text("SET session_replication_role = replica"))  # foreign keys hold by construction
            connection.execute(text("SET synchronous_commit = off"))
            for statement in _ROSTER:
                connection.execute(text(statement), {"postings": postings, "a_county": POSTINGS_A_COUNTY})
            for back in range(history_days, 0, -1):
                _past_day(connection, nation.due - timedelta(days=back))
            _counters(connection, nation.due, history_days)
            if with_check_ins:
                for statement in _PRESENT:
                    filled = statement.format(morning=_MORNING, chosen=_CHOSEN)
                    connection.execute(text(filled), {"day": nation.due, "percent": PRESENT_PERCENT})
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))
    finally:
        engine.dispose()
    return nation


def _make_partitions(url: str, days: Iterable[date]) -> None:
    database = Database(Settings(database_url=url))
    try:
        with database.writing() as session:
            ensure_partitions(session, days)
    finally:
        database.dispose()


_ROSTER = (
    """
    INSERT INTO dispatch_units (id, area_code, name, level, created_at)
    VALUES ('00000000-0000-7000-8000-000000000001', '990100000000', '虚构省水利厅', 'province', now())
    """,
    """
    INSERT INTO cadres (id, county_code, name, id_number, phone, created_at)
    SELECT gen_random_uuid(), '98' || lpad((n / :a_county)::text, 4, '0') || '000000', '干部' || n,
        lpad(n::text, 18, '0'), '8' || lpad(n::text, 10, '0'), now()
    FROM generate_series(0, :postings - 1) AS n
    """,
    """
    INSERT INTO postings (id, cadre_id, unit_id, county_code, township_code, village_code, duty, starts_on, created_at)
    SELECT gen_random_uuid(), c.id, '00000000-0000-7000-8000-000000000001', c.county_code,
        left(c.county_code, 6) || '001000',
        left(c.county_code, 6) || '001' || lpad((substr(c.name, 3)::int % :a_county / 3 % 1000)::text, 3, '0'),
        'member', DATE '2020-01-01', now() - interval '800 days'
    FROM cadres c WHERE c.county_code LIKE '98%'
    """,
    "ANALYZE postings",
)

# Who is absent on which day is settled by a hash, so that it is the same every time and knows no order.
_PAST = (
    """
    INSERT INTO day_entries (county_code, date, posting_id, township_code, village_code, unit_id, status, confirmed,
        exceptions, revision, judged_at)
    SELECT county_code, :day, id, township_code, village_code, unit_id,
        CASE WHEN :rest THEN 'rest'
             WHEN abs(hashtextextended(id::text, CAST(:seed AS bigint))) % 100 < :percent THEN 'absent'
             ELSE 'on_post' END,
        true, '[]', 1, now()
    FROM postings WHERE county_code LIKE '98%'
    """,
    """
    INSERT INTO day_heads (county_code, date, version, closed_at)
    SELECT DISTINCT county_code, CAST(:day AS date), 1, now() FROM postings WHERE county_code LIKE '98%'
    """,
)


def _past_day(connection: Connection, day: date) -> None:
    values = {"day": day, "rest": day.weekday() >= 5, "seed": day.toordinal(), "percent": ABSENT_PERCENT}
    connection.execute(text(_PAST[0]), values)
    connection.execute(text(_PAST[1]), {"day": day})


def _counters(connection: Connection, due: date, history_days: int) -> None:
    """What the closes of the past would have left, but for runs that a rest day joins."""
    connection.execute(
        text(
            """
            INSERT INTO absence_counters (county_code, posting_id, runs, unbroken_through)
            SELECT county_code, posting_id, string_agg((date - DATE '0001-01-01' + 1) || '\\:c', ' ' ORDER BY date),
                max(date)
            FROM day_entries WHERE status = 'absent' AND date >= :first GROUP BY county_code, posting_id
            """
        ),
        {"first": due - timedelta(days=history_days)},
    )


_MORNING = "CAST(:day AS date) + time '00:05'"
_CHOSEN = "p.county_code LIKE '98%' AND abs(hashtextextended(p.id::text, 7)) % 100 < :percent"
_PRESENT = (
    """
    INSERT INTO check_ins (county_code, date, id, township_code, village_code, posting_id, unit_id, account_id,
        captured_at, received_at, lng, lat, datum, accuracy_m, fixed_at, mock, wgs84_lng, wgs84_lat, device_id,
        note, body_hash, verdict, reason, distance_m, risk_flags, late, needs_acceptance)
    SELECT p.county_code, :day, gen_random_uuid(), p.township_code, p.village_code, p.id, p.unit_id, p.cadre_id,
        {morning}, {morning}, 108.1234567, 32.1234567, 'gcj02', 18.0, {morning}, false, 108.1234567, 32.1234567,
        'd' || p.id, '入户走访', md5(p.id::text) || md5(p.cadre_id::text), 'inside', 'inside', 12.0, '[]', false, false
    FROM postings p WHERE {chosen} ORDER BY random()
    """,
    """
    INSERT INTO day_entries (county_code, date, posting_id, township_code, village_code, unit_id, status, confirmed,
        exceptions, revision, judged_at)
    SELECT p.county_code, :day, p.id, p.township_code, p.village_code, p.unit_id, 'on_post', false, '[]', 1, {morning}
    FROM postings p WHERE {chosen} ORDER BY random()
    """,
    """
    INSERT INTO day_revisions (county_code, date, posting_id, revision, status, confirmed, exceptions, at, cause)
    SELECT p.county_code, :day, p.id, 1, 'on_post', false, '[]', {morning}, 'check_in'
    FROM postings p WHERE {chosen} ORDER BY random()
    """,
    """
    INSERT INTO day_heads (county_code, date, version)
    SELECT DISTINCT county_code, CAST(:day AS date), 1 FROM postings p WHERE {chosen}
    """,
)
