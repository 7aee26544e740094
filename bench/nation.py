"""A whole country's postings and days behind them, made by the database as sets: there is no time to make them one by
one. On PostgreSQL.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, create_engine, func, select, text

from app.attendance.absences import refresh_absences
from app.attendance.law import load_calendar
from app.attendance.partitions import ensure_partitions
from app.clock import business_day, now
from app.database import Database
from app.models import DayEntry, Posting
from app.schema import upgrade
from app.settings import Settings

POSTINGS_A_COUNTY = 500
PRESENT_PERCENT = 85
ABSENT_PERCENT = 2
"""Of a working day of the past."""
WARNED_FROM = 10
"""Days of absence."""


@dataclass(frozen=True, slots=True)
class Nation:
    url: str
    postings: int
    open_days: list[date]
    """The days that wait to be closed, oldest first."""


def last_due_day() -> date:
    """The newest day that is over by the default closing hour."""
    return business_day(now() - timedelta(days=1, minutes=31))


def build(url: str, postings: int, *, history_days: int, open_days: int = 1, scattered: bool = True) -> Nation:
    """Counties of 500 postings; days to close, on which 85 % checked in, and closed days before them."""
    upgrade(url)
    last = last_due_day()
    days = [last - timedelta(days=back) for back in range(open_days + history_days - 1, -1, -1)]
    past, waiting = days[:history_days], days[history_days:]
    _make_partitions(url, days)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text("SET session_replication_role = replica"))  # foreign keys hold by construction
            connection.execute(text("SET synchronous_commit = off"))
            for statement in _ROSTER:
                connection.execute(text(statement), {"postings": postings, "a_county": POSTINGS_A_COUNTY})
            for day in past:
                _past_day(connection, day)
            _counters(connection, days[0])
            _raise_flags(url)
            for day in waiting:
                add_check_ins(connection, day, PRESENT_PERCENT, scattered=scattered)
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))
    finally:
        engine.dispose()
    return Nation(url, postings, waiting)


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


def _counters(connection: Connection, first: date) -> None:
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
        {"first": first},
    )


def _raise_flags(url: str) -> None:
    """Those that the closes of the past would have raised: nobody is warned of fewer absences."""
    often = select(DayEntry.posting_id).where(DayEntry.status == "absent").group_by(DayEntry.posting_id)
    database = Database(Settings(database_url=url))
    try:
        with database.writing() as session:
            postings = session.scalars(select(Posting).where(Posting.id.in_(often.having(func.count() >= WARNED_FROM))))
            refresh_absences(session, postings.all(), now=now(), by=None, calendar=load_calendar(session))
    finally:
        database.dispose()


def add_check_ins(connection: Connection, day: date, percent: int, *, scattered: bool = True) -> None:
    """So many of the postings have checked in, with entries and revisions; scattered over the tables as they arrive
    in a morning, which takes longer to fill than one county after the other.
    """
    order = "ORDER BY random()" if scattered else ""
    for statement in _PRESENT:
        filled = statement.format(morning=_MORNING, chosen=_CHOSEN, order=order)
        connection.execute(text(filled), {"day": day, "percent": percent})


_MORNING = "CAST(:day AS date) + time '00:05'"
_CHOSEN = (
    "p.county_code LIKE '98%'"
    " AND abs(hashtextextended(p.id::text, CAST(:day AS date) - DATE '2000-01-01')) % 100 < :percent"
)
_PRESENT = (
    """
    INSERT INTO check_ins (county_code, date, id, township_code, village_code, posting_id, unit_id, account_id,
        captured_at, received_at, lng, lat, datum, accuracy_m, fixed_at, mock, wgs84_lng, wgs84_lat, device_id,
        note, body_hash, verdict, reason, distance_m, risk_flags, late, needs_acceptance)
    SELECT p.county_code, :day, gen_random_uuid(), p.township_code, p.village_code, p.id, p.unit_id, p.cadre_id,
        {morning}, {morning}, 108.1234567, 32.1234567, 'gcj02', 18.0, {morning}, false, 108.1234567, 32.1234567,
        'd' || p.id, '入户走访', md5(p.id::text) || md5(p.cadre_id::text), 'inside', 'inside', 12.0, '[]', false, false
    FROM postings p WHERE {chosen} {order}
    """,
    """
    INSERT INTO day_entries (county_code, date, posting_id, township_code, village_code, unit_id, status, confirmed,
        exceptions, revision, judged_at)
    SELECT p.county_code, :day, p.id, p.township_code, p.village_code, p.unit_id, 'on_post', false, '[]', 1, {morning}
    FROM postings p WHERE {chosen} {order}
    """,
    """
    INSERT INTO day_revisions (county_code, date, posting_id, revision, status, confirmed, exceptions, at, cause)
    SELECT p.county_code, :day, p.id, 1, 'on_post', false, '[]', {morning}, 'check_in'
    FROM postings p WHERE {chosen} {order}
    """,
    """
    INSERT INTO day_heads (county_code, date, version)
    SELECT DISTINCT county_code, CAST(:day AS date), 1 FROM postings p WHERE {chosen}
    """,
)
