# ruff: noqa: S608 - every piece of these statements is written in this file or named by the models
"""The fast lane's statements. Each is one text for both databases, with a few words that differ between them.

All of them are about one business day and any number of check-ins of different accounts. What they compute of a day
are the facts of `attendance.facts`, for postings instead of spans; a test holds the two against each other.
"""

from dataclasses import dataclass

from sqlalchemy.dialects import postgresql

from app.models import CheckIn, DayEntry, DayRevision, DeviceUse

REGISTERED = 1 << 0
DEVICE_KNOWN = 1 << 1
DEVICE_OF_OTHERS = 1 << 2
MONTH_LOCKED = 1 << 3
LEAVE_APPROVED = 1 << 4
LEAVE_PENDING = 1 << 5
BOARD_TRIP = 1 << 6
BOARD_IN_VILLAGE = 1 << 7
BOARD_ON_LEAVE = 1 << 8
OUTAGE = 1 << 9
COUNTING = 1 << 10
ACCEPTED = 1 << 11
LATE = 1 << 12
WAITING = 1 << 13
OUTSIDE = 1 << 14
CLOSED = 1 << 15
"""What the column `bits` tells."""


@dataclass(frozen=True, slots=True)
class Words:
    """How one database says it."""

    sent: str
    array: str
    object: str
    collect: str
    id: str
    day: str
    month: str
    text: str


POSTGRESQL = Words(
    sent=(
        "SELECT * FROM json_to_recordset(%(sent)s::json)"
        " AS t(n int, account_id uuid, id uuid, device_id text, at timestamptz, lng float8, lat float8)"
    ),
    array="json_build_array",
    object="json_build_object",
    collect="json_agg",
    id="{}::text",
    day="%(day)s::date",
    month="%(month)s",
    text="text",
)
SQLITE = Words(
    sent=(
        "SELECT json_extract(value, '$.n') AS n, json_extract(value, '$.account_id') AS account_id,"
        " json_extract(value, '$.id') AS id, json_extract(value, '$.device_id') AS device_id,"
        " json_extract(value, '$.at') AS at, json_extract(value, '$.lng') AS lng, json_extract(value, '$.lat') AS lat"
        " FROM json_each(:sent)"
    ),
    array="json_array",
    object="json_object",
    collect="json_group_array",
    id="{}",
    day=":day",
    month=":month",
    text="text",
)

_POSTED = "p.cadre_id = a.cadre_id AND p.starts_on <= {day} AND (p.ends_on IS NULL OR p.ends_on >= {day})"

_TAKE_HEADS = (
    """
INSERT INTO day_heads (county_code, date, version, closed_at)
SELECT DISTINCT p.county_code, {day}, 1, {never}
FROM ({sent}) s JOIN accounts a ON a.id = s.account_id JOIN postings p ON """
    + _POSTED
    + """
WHERE a.active
ORDER BY 1
ON CONFLICT (county_code, date) DO UPDATE SET version = day_heads.version + 1
RETURNING county_code
"""
)
"""The day's heads of the counties concerned, in order, as `attendance.heads.take_heads` takes them."""

_OF_TODAY = "x.county_code = p.county_code AND x.posting_id = p.id AND x.date = {day}"
_COVERS_TODAY = "x.county_code = p.county_code AND x.posting_id = p.id AND x.{first} <= {day} AND {last}"
_RECENT = (
    "x.county_code = p.county_code AND x.posting_id = p.id AND x.date >= {recent} AND x.date <= {day_after}"
    " AND x.wgs84_lng IS NOT NULL"
)


def _largest(bit: int, condition: str) -> str:
    return f"coalesce(max(CASE WHEN {condition} THEN {bit} ELSE 0 END), 0)"


def _exists(bit: int, query: str) -> str:
    return f"CASE WHEN EXISTS (SELECT 1 FROM {query}) THEN {bit} ELSE 0 END"


def _bits(words: Words) -> str:
    day = words.day
    of_today = _OF_TODAY.format(day=day)
    leave = _COVERS_TODAY.format(day=day, first="starts_on", last=f"x.ends_on >= {day}")
    board = _COVERS_TODAY.format(day=day, first="first_day", last=f"(x.last_day IS NULL OR x.last_day >= {day})")
    by_itself = "NOT x.needs_acceptance AND x.accepted IS NULL"
    check_ins = " + ".join(
        (
            _largest(COUNTING, by_itself),
            _largest(ACCEPTED, "x.accepted"),
            _largest(LATE, f"x.late AND (x.accepted OR ({by_itself}))"),
            _largest(WAITING, "x.needs_acceptance AND x.accepted IS NULL"),
            _largest(OUTSIDE, "x.verdict = 'outside'"),
        )
    )
    boards = " + ".join(
        (
            _largest(BOARD_TRIP, "x.state IN ('official', 'training')"),
            _largest(BOARD_IN_VILLAGE, "x.state = 'in_village'"),
            _largest(BOARD_ON_LEAVE, "x.state = 'leave'"),
        )
    )
    approved = f"x.state IN ('approved', 'ended') AND x.covered_until >= {day}"
    leaves = " + ".join((_largest(LEAVE_APPROVED, approved), _largest(LEAVE_PENDING, "x.state = 'pending'")))
    outage = (
        f"outages x WHERE x.county_code = p.county_code AND x.first_day <= {day} AND x.last_day >= {day}"
        " AND substr(p.village_code, 1, length(x.area_prefix)) = x.area_prefix"
    )
    filed = f"filings x WHERE x.kind = 'monthly' AND x.area_code = p.township_code AND x.period = {words.month}"
    closed = f"day_heads x WHERE x.county_code = p.county_code AND x.date = {day} AND x.closed_at IS NOT NULL"
    return " + ".join(
        (
            _exists(REGISTERED, f"registrations x WHERE {of_today}"),
            _exists(DEVICE_KNOWN, "device_uses x WHERE x.device_id = s.device_id AND x.account_id = s.account_id"),
            _exists(DEVICE_OF_OTHERS, "device_uses x WHERE x.device_id = s.device_id AND x.account_id <> s.account_id"),
            _exists(MONTH_LOCKED, filed),
            _exists(OUTAGE, outage),
            _exists(CLOSED, closed),
            f"(SELECT {leaves} FROM leaves x WHERE {leave})",
            f"(SELECT {boards} FROM whereabouts x WHERE {board})",
            f"(SELECT {check_ins} FROM check_ins x WHERE {of_today})",
        )
    )


def _load(words: Words, recent: str, day_after: str) -> str:
    of_today = _OF_TODAY.format(day=words.day)
    near = _RECENT.format(recent=recent, day_after=day_after)
    fix = f"{words.array}(x.date, coalesce(x.fixed_at, x.captured_at), x.lng, x.lat, x.wgs84_lng, x.wgs84_lat)"
    stored = ", ".join(
        f"'{name}', {words.id.format('x.' + name) if name.endswith('id') else 'x.' + name}"
        for name in (
            "posting_id",
            "account_id",
            "village_code",
            "date",
            "captured_at",
            "received_at",
            "body_hash",
            "verdict",
            "reason",
            "distance_m",
            "risk_flags",
            "needs_acceptance",
            "accepted",
        )
    )
    posted = _POSTED.format(day=words.day)
    return f"""
WITH s AS ({words.sent})
SELECT s.n, a.role, a.active,
    {words.id.format("p.id")}, p.county_code, p.township_code, p.village_code, {words.id.format("p.unit_id")},
    {_bits(words)},
    (SELECT x.status FROM corrections x WHERE {of_today} ORDER BY x.corrected_at DESC, x.id DESC LIMIT 1),
    e.status, e.confirmed, e.exceptions, e.revision,
    CASE WHEN e.status IS NULL THEN (SELECT max(x.revision) FROM day_revisions x WHERE {of_today}) END,
    (SELECT {words.collect}({words.id.format("x.id")}) FROM fences x WHERE x.area_code = p.village_code),
    (SELECT {fix} FROM check_ins x WHERE {near} AND coalesce(x.fixed_at, x.captured_at) < s.at
        ORDER BY coalesce(x.fixed_at, x.captured_at) DESC LIMIT 1),
    (SELECT {words.collect}({fix}) FROM check_ins x
        WHERE {near} AND abs(x.lng - s.lng) < 0.000001 AND abs(x.lat - s.lat) < 0.000001),
    (SELECT {words.object}({stored}) FROM check_ins x WHERE x.id = s.id LIMIT 1),
    (SELECT count(*) || '/' || coalesce(max(CAST(entered_at AS text)), '') FROM local_provisions) || '/' ||
        (SELECT count(*) || '/' || coalesce(max(CAST(loaded_at AS text)), '') FROM calendar_years)
FROM s
    LEFT JOIN accounts a ON a.id = s.account_id
    LEFT JOIN postings p ON {posted}
    LEFT JOIN day_entries e ON e.county_code = p.county_code AND e.date = {words.day} AND e.posting_id = p.id
"""


TAKE_HEADS_POSTGRESQL = _TAKE_HEADS.format(day=POSTGRESQL.day, sent=POSTGRESQL.sent, never="NULL::timestamptz")
TAKE_HEADS_SQLITE = _TAKE_HEADS.format(day=SQLITE.day, sent=SQLITE.sent, never="NULL")

LOAD_POSTGRESQL = _load(POSTGRESQL, "%(recent)s::date", "%(day)s::date + 1")
LOAD_SQLITE = _load(SQLITE, ":recent", "date(:day, '+1 day')")

_ENTRY_KEY = ("county_code", "date", "posting_id")
_MOVED = ("status", "confirmed", "exceptions", "revision", "judged_at")
_ENTRY_UPSERT = "ON CONFLICT (county_code, date, posting_id) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _MOVED
)


def columns_of(model: type) -> tuple[str, ...]:
    return tuple(column.name for column in model.__table__.columns)  # type: ignore[attr-defined]


def _quoted(model: type) -> str:
    return ", ".join(f'"{name}"' for name in columns_of(model))


def _insert_postgresql(model: type, parameter: str, ending: str = "") -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    table = model.__table__  # type: ignore[attr-defined]
    typed = ", ".join(f'"{column.name}" {column.type.compile(dialect)}' for column in table.columns)
    names = _quoted(model)
    return (
        f"INSERT INTO {table.name} ({names})"
        f" SELECT {names} FROM json_to_recordset(%({parameter})s::json) AS t({typed}) {ending}"
    )


WRITE_POSTGRESQL = (
    f"WITH a AS ({_insert_postgresql(CheckIn, 'check_ins')}), "
    f"b AS ({_insert_postgresql(DayEntry, 'entries', _ENTRY_UPSERT)}), "
    f"c AS ({_insert_postgresql(DayRevision, 'revisions')}) "
    f"{_insert_postgresql(DeviceUse, 'devices', 'ON CONFLICT DO NOTHING')}"
)


def _insert_sqlite(model: type, ending: str = "") -> str:
    names = columns_of(model)
    places = ", ".join("?" * len(names))
    return f"INSERT INTO {model.__table__.name} ({_quoted(model)}) VALUES ({places}) {ending}"  # type: ignore[attr-defined]


INSERTS_SQLITE = {
    "check_ins": (CheckIn, _insert_sqlite(CheckIn)),
    "entries": (DayEntry, _insert_sqlite(DayEntry, _ENTRY_UPSERT)),
    "revisions": (DayRevision, _insert_sqlite(DayRevision)),
    "devices": (DeviceUse, _insert_sqlite(DeviceUse, "ON CONFLICT DO NOTHING")),
}

FENCES_POSTGRESQL = "SELECT id::text, geometry FROM fences WHERE id = ANY(%(ids)s::uuid[])"
FENCES_SQLITE = "SELECT id, geometry FROM fences WHERE id IN (SELECT value FROM json_each(:ids))"
