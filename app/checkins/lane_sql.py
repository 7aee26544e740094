# ruff: noqa: S608 - every piece of these statements is written in this file or named by the models
"""The fast lane's statements. Each is one text for both databases, with a few words that differ between them.

All of them are about one business day and any number of check-ins of different accounts. What they compute of a day
are the facts of `attendance.facts`, for postings instead of spans; a test holds the two against each other.

How a row is found is written so that no statistics can turn a group of thirty into a walk through a table: a question
of the kind "is there one" is a subquery with a limit (an EXISTS may become a hash of everything there is).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.dialects import postgresql

from app.attendance.entries import ENTRY_UPSERT
from app.checkins.lane_words import POSTGRESQL, SQLITE, Words
from app.models import CheckIn, DayEntry, DayRevision, DeviceUse
from app.policy.whereabouts import TRIP_STATES

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
STRAY = 1 << 15
"""What the column `bits` tells."""


_STORED = (
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
"""What a check-in that was sent before is answered from."""


def _exists(bit: int, query: str) -> str:
    return f"coalesce((SELECT {bit} FROM {query} LIMIT 1), 0)"


def _changes(table: str, at: str) -> str:
    return f"(SELECT count(*) || '/' || coalesce(max(CAST({at} AS text)), '') FROM {table})"


CALENDAR_CHANGES = _changes("calendar_years", "loaded_at")
"""Tells whether somebody has loaded a calendar since."""
LAW_CHANGES = f"{_changes('local_provisions', 'entered_at')} || '/' || {CALENDAR_CHANGES}"
"""Or entered a provision."""


def fences(words: Words) -> str:
    """Of the posting's village, each as a `kept.FoundFence`."""
    fence = f"{words.array}({words.id.format('x.id')}, {words.circle})"
    return words.nested.format(f"(SELECT {words.collect}({fence}) FROM fences x WHERE x.area_code = p.village_code)")


class Day:
    """How a statement asks what a posting's day rests on: the posting is `p`."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.of_posting = "x.county_code = p.county_code AND x.posting_id = p.id"
        self.of_today = f"{self.of_posting} AND x.date = {words.day}"

    def posted(self, posting: str) -> str:
        """The condition that a row of `postings` holds on the day, as `Posting.held_on` says it."""
        day = self.words.day
        return f"{posting}.starts_on <= {day} AND ({posting}.ends_on IS NULL OR {posting}.ends_on >= {day})"

    def ask(self, changes: str, columns: Sequence[str], whose: str) -> str:
        """The statement: one row, with what tells whether the law has changed and an array with the columns for each
        account; `whose` is the condition that `p` is its posting.
        """
        w = self.words
        listed = ",\n    ".join(("s.n", "a.role", "a.active", w.id.format("p.id"), *columns))
        return f"""
WITH s AS MATERIALIZED ({w.sent})
SELECT {changes},
    {w.collect}({w.array}({listed}))
FROM s
    LEFT JOIN accounts a ON a.id = s.account_id
    LEFT JOIN postings p ON {whose}
"""

    def head(self) -> str:
        """Version, and whether the day is closed."""
        w = self.words
        head = f"{w.array}(x.version, x.closed_at IS NOT NULL)"
        return w.nested.format(
            f"(SELECT {head} FROM day_heads x WHERE x.county_code = p.county_code AND x.date = {w.day})"
        )

    def entry(self) -> str:
        exceptions = self.words.nested.format("x.exceptions")
        columns = f"x.status, x.confirmed, {exceptions}, x.revision, x.confirmed_at IS NOT NULL"
        entry = f"{self.words.array}({columns})"
        return self.words.nested.format(f"(SELECT {entry} FROM day_entries x WHERE {self.of_today})")

    def correction(self) -> str:
        newest = f"{self.of_today} ORDER BY x.corrected_at DESC, x.id DESC LIMIT 1"
        return f"(SELECT x.status FROM corrections x WHERE {newest})"

    def declared(self) -> str:
        """Bits: what others have declared of the day; what check-ins tell of it comes from `checked_in`."""
        w = self.words
        leave = f"x.cadre_id = p.cadre_id AND x.starts_on <= {w.day} AND x.ends_on >= {w.day}"
        leaves = (
            (LEAVE_APPROVED, f"x.state IN ('approved', 'ended') AND x.covered_until >= {w.day}"),
            (LEAVE_PENDING, "x.state = 'pending'"),
        )
        board = f"{self.of_posting} AND x.first_day <= {w.day} AND (x.last_day IS NULL OR x.last_day >= {w.day})"
        boards = (
            (BOARD_TRIP, f"x.state IN ({', '.join(map(repr, TRIP_STATES))})"),
            (BOARD_IN_VILLAGE, "x.state = 'in_village'"),
            (BOARD_ON_LEAVE, "x.state = 'leave'"),
        )
        outage = (
            f"outages x WHERE x.county_code = p.county_code AND x.first_day <= {w.day} AND x.last_day >= {w.day}"
            " AND substr(p.village_code, 1, length(x.area_prefix)) = x.area_prefix"
        )
        return " + ".join(
            (
                _exists(REGISTERED, f"registrations x WHERE {self.of_today}"),
                _exists(OUTAGE, outage),
                f"(SELECT {w.bits_of(leaves)} FROM leaves x WHERE {leave})",
                f"(SELECT {w.bits_of(boards)} FROM whereabouts x WHERE {board})",
            )
        )

    def checked_in(self) -> str:
        """Bits, of the check-ins that a subquery walks through, as `policy.presence.evidence_of` says it of each."""
        today = f"x.date = {self.words.day}"
        by_itself = "NOT x.needs_acceptance AND x.accepted IS NULL"
        return self.words.bits_of(
            (
                (COUNTING, f"{today} AND {by_itself}"),
                (ACCEPTED, f"{today} AND x.accepted"),
                (LATE, f"{today} AND x.late AND (x.accepted OR ({by_itself}))"),
                (WAITING, f"{today} AND x.needs_acceptance AND x.accepted IS NULL"),
                (OUTSIDE, f"{today} AND x.verdict = 'outside'"),
            )
        )


class _Load(Day):
    """The parts of the statement that reads what a group needs."""

    def __init__(self, words: Words) -> None:
        super().__init__(words)
        self.recent = f"{words.of_posting} AND x.date >= {words.recent} AND x.date <= {words.day_after}"
        self.at = "coalesce(x.fixed_at, x.captured_at)"
        self.fix = f"{words.array}(x.date, {self.at}, x.lng, x.lat, x.wgs84_lng, x.wgs84_lat)"

    def statement(self) -> str:
        """For each account the columns of `Loaded`, once for each posting on the day."""
        return self.ask(LAW_CHANGES, self._columns(), f"p.cadre_id = a.cadre_id AND {self.posted('p')}")

    def _columns(self) -> tuple[str, ...]:
        w = self.words
        return (
            "p.county_code",
            "p.township_code",
            "p.village_code",
            w.id.format("p.unit_id"),
            self.head(),
            f"{self.declared()} + {self._known()}",
            self.correction(),
            self.entry(),
            f"(SELECT max(x.revision) FROM day_revisions x WHERE {self.of_today})",
            fences(w),
            self._checked_in(),
            self._stored(),
        )

    def _known(self) -> str:
        """Bits: what is known of the phone, of the month, and of the id."""
        filed = (
            f"filings x WHERE x.kind = 'monthly' AND x.area_code = p.township_code AND x.period = {self.words.month}"
        )
        used = "device_uses x WHERE x.device_id = s.device_id AND x.account_id"
        return " + ".join(
            (
                _exists(DEVICE_KNOWN, f"{used} = s.account_id"),
                _exists(DEVICE_OF_OTHERS, f"{used} <> s.account_id"),
                _exists(MONTH_LOCKED, filed),
                _exists(STRAY, "stray_check_ins x WHERE x.id = s.id"),
            )
        )

    def _checked_in(self) -> str:
        """Today's check-ins as bits, the recent fixes at the same place, and the last one before this: one walk through
        the recent check-ins.
        """
        w = self.words
        same_place = "abs(x.lng - s.lng) < 0.000001 AND abs(x.lat - s.lat) < 0.000001"
        fixes = f"{w.collect}({self.fix}) FILTER (WHERE {same_place})"
        last = w.last.format(at=self.at, when=f"x.lng IS NOT NULL AND {self.at} < s.at")
        found = f"{w.array}({self.checked_in()}, {fixes}, {last})"
        return w.nested.format(f"(SELECT {found} FROM {w.recent_check_ins} WHERE {self.recent})")

    def _stored(self) -> str:
        w = self.words
        pairs = ", ".join(
            f"'{name}', {w.id.format('x.' + name) if name.endswith('_id') else 'x.' + name}" for name in _STORED
        )
        sent_before = f"x.id = s.id AND x.date BETWEEN {w.ids_from} AND {w.ids_to}"
        return w.nested.format(f"(SELECT {w.object}({pairs}) FROM check_ins x WHERE {sent_before} LIMIT 1)")


LOAD_POSTGRESQL = _Load(POSTGRESQL).statement()
LOAD_SQLITE = _Load(SQLITE).statement()

HOLD_POSTGRESQL = """
INSERT INTO day_heads (county_code, date, version)
SELECT county_code, $2::date, 1 FROM unnest($1::text[]) AS t(county_code) ORDER BY 1
ON CONFLICT (county_code, date) DO UPDATE SET version = day_heads.version + 1
"""
"""The day's heads of some counties, in order, as `attendance.heads.take_heads` takes them."""

_UNDECIDED = ("accepted", "accepted_by", "accepted_at", "acceptance_reason")
"""Nobody has looked at a new check-in."""

ROW = (
    *(column.name for column in CheckIn.__table__.columns if column.name not in _UNDECIDED),
    "status",
    "confirmed",
    "exceptions",
    "revision",
    "device_is_new",
)
"""One row of a group: the check-in, the entry that its day comes to (`revision` null where it stays as it was), and
whether its account uses this phone for the first time.
"""

_ELSEWHERE = {
    "judged_at": "received_at",
    "at": "received_at",
    "by": "account_id",
    "first_seen_at": "received_at",
}
"""Columns of the other tables that go by another name in a row."""


@dataclass(frozen=True, slots=True)
class Target:
    """A table that a row of a group is written to, and the column of the row that tells whether it is."""

    model: type
    when: str | None
    ending: str = ""
    constants: Mapping[str, str] = field(default_factory=dict)
    """What some of its columns always hold here."""

    def columns(self) -> Mapping[str, str]:
        """The row's columns, by those of the table that they are written to."""
        columns = {c.name: _ELSEWHERE.get(c.name, c.name) for c in self.model.__table__.columns}  # type: ignore[attr-defined]
        return {name: column for name, column in columns.items() if column in ROW and name not in self.constants}

    def insert(self, place: str, source: str) -> str:
        """The statement; `place` is how a column of the row is written, `source` what comes after them."""
        values = {name: place.format(column) for name, column in self.columns().items()} | dict(self.constants)
        names = ", ".join(f'"{name}"' for name in values)
        return (
            f"INSERT INTO {self.model.__table__.name} ({names}) "  # type: ignore[attr-defined]
            f"{source.format(', '.join(values.values()))} {self.ending}"
        )


TARGETS = (
    Target(CheckIn, None),
    Target(DayEntry, "revision", ENTRY_UPSERT),
    Target(DayRevision, "revision", constants={"cause": "'check_in'", "reason": "NULL"}),
    Target(DeviceUse, "device_is_new", "ON CONFLICT DO NOTHING"),
)


def _write_postgresql() -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    types = {"device_is_new": "bool"} | {
        column.name: column.type.compile(dialect)
        for model in (DeviceUse, DayRevision, DayEntry, CheckIn)
        for column in model.__table__.columns
    }
    typed = ", ".join(f"{name} {types[name]}" for name in ROW)
    first, *others = [
        target.insert("r.{}", f"SELECT {{}} FROM r{f' WHERE {target.when} IS NOT NULL' if target.when else ''}")
        for target in TARGETS
    ]
    writes = ", ".join(f"w{number} AS ({statement})" for number, statement in enumerate((first, *others)))
    return f"""
WITH h AS (
    INSERT INTO day_heads (county_code, date, version)
    SELECT key, $2::date, value::int + 1 FROM json_each_text($1::json) ORDER BY 1
    ON CONFLICT (county_code, date) DO UPDATE SET version = excluded.version
        WHERE day_heads.version = excluded.version - 1
    RETURNING county_code
), r AS MATERIALIZED (
    SELECT t.* FROM json_to_recordset($3::json) AS t({typed}) JOIN h ON h.county_code = t.county_code
), {writes}
SELECT county_code FROM h
"""


WRITE_POSTGRESQL = _write_postgresql()
"""Moves on the heads that still have the version at which they were read, and writes what belongs to them: all of it in
one statement, which is one transaction. Answers with the counties whose heads it moved.
"""

HEADS_SQLITE = """
INSERT INTO day_heads (county_code, date, version) SELECT key, :day, value + 1 FROM json_each(:heads) WHERE true
ON CONFLICT (county_code, date) DO UPDATE SET version = excluded.version
"""
WRITES_SQLITE = tuple((target, target.insert("?", "VALUES ({})")) for target in TARGETS)
