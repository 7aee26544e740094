"""What the two databases say differently in the fast lanes' statements."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Facts = Sequence[tuple[int, str]]
"""Bits, each with the condition of a row that it tells."""


@dataclass(frozen=True, slots=True)
class Words:
    """How one database says it."""

    sent: str
    array: str
    object: str
    collect: str
    nested: str
    id: str
    day: str
    day_after: str
    recent: str
    month: str
    ids_from: str
    ids_to: str
    recent_check_ins: str
    of_posting: str
    """Which of them are of the posting `p`."""
    circle: str
    """The geometry of a fence `x`, null for a polygon."""
    bits_of: Callable[[Facts], str]
    """An aggregate: the bits that one row or another tells."""
    last: str
    """An aggregate: the latest of the fixes that meet a condition, as texts or numbers that `frame.fix_of` reads."""


def _ored(facts: Facts) -> str:
    """In one aggregate: each costs by the row."""
    return f"coalesce(bit_or({' | '.join(f'CASE WHEN {told} THEN {bit} ELSE 0 END' for bit, told in facts)}), 0)"


def _added(facts: Facts) -> str:
    """Without a max(), of which `last` may be the only one."""
    return " + ".join(f"(count(*) FILTER (WHERE {told}) > 0) * {bit}" for bit, told in facts)


POSTGRESQL = Words(
    sent=(
        "SELECT * FROM json_to_recordset($1::json)"
        " AS t(n int, account_id uuid, id uuid, device_id text, at timestamptz, lng float8, lat float8)"
    ),
    array="json_build_array",
    object="json_build_object",
    collect="json_agg",
    nested="{}",
    id="{}::text",
    day="$2::date",
    day_after="$2::date + 1",
    recent="$3::date",
    month="$4",
    ids_from="$5::date",
    ids_to="$6::date",
    recent_check_ins="check_ins x",
    of_posting="x.county_code = p.county_code AND x.posting_id = p.id",
    circle="CASE WHEN x.geometry ? 'circle' THEN x.geometry END",
    bits_of=_ored,
    last=(
        "max(ARRAY[date_part('epoch', {at}), x.date - date '0001-01-01' + 1,"
        " x.lng, x.lat, x.wgs84_lng, x.wgs84_lat]) FILTER (WHERE {when})"
    ),
)
_LATEST = "max(CASE WHEN {when} THEN {at} END)"

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
    nested="json({})",
    id="{}",
    day=":day",
    day_after="date(:day, '+1 day')",
    recent=":recent",
    month=":month",
    ids_from=":ids_from",
    ids_to=":ids_to",
    recent_check_ins="check_ins x INDEXED BY ix_check_ins_recent",
    of_posting="x.posting_id = p.id",  # what is not in the index is asked of the row
    circle="json(CASE WHEN json_type(x.geometry, '$.circle') IS NOT NULL THEN x.geometry END)",
    bits_of=_added,
    # SQLite has the other columns of a query with one max() from the row that it is of.
    last=(
        f"json(CASE WHEN {_LATEST} IS NOT NULL"
        f" THEN json_array(x.date, {_LATEST}, x.lng, x.lat, x.wgs84_lng, x.wgs84_lat) END)"
    ),
)
