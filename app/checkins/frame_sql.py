# ruff: noqa: S608 - every piece of these statements is written here or in lane_sql
"""The one statement that reads what any number of check-ins, of whichever days, are judged by."""

from collections.abc import Mapping

from app.checkins.lane_sql import LAW_CHANGES, fences
from app.checkins.lane_words import POSTGRESQL, SQLITE, Words


def _statement(words: Words, given: str, listed: Mapping[str, str], ids: str) -> str:
    """`given` is how a parameter is written, `listed` a condition that something is among those given, `ids` the rows
    `i` of the ids.
    """
    first, ids_from, ids_to = (given.format(name) for name in ("first", "ids_from", "ids_to"))
    fix = f"{words.array}(x.date, coalesce(x.fixed_at, x.captured_at), x.lng, x.lat, x.wgs84_lng, x.wgs84_lat)"
    fixes = (
        f"(SELECT {words.collect}({fix}) FROM {words.recent_check_ins} WHERE {words.of_posting}"
        f" AND x.date >= {first} AND x.wgs84_lng IS NOT NULL)"
    )
    place = ", ".join(
        (
            *(words.id.format(name) for name in ("a.id", "p.id")),
            "p.county_code, p.township_code, p.village_code",
            words.id.format("p.unit_id"),
            "p.starts_on, p.ends_on",
            fences(words),
            words.nested.format(fixes),
        )
    )
    device = f"{words.array}(x.device_id, {words.id.format('x.account_id')})"
    sent_before = f"(SELECT 1 FROM check_ins x WHERE x.id = i.id AND x.date BETWEEN {ids_from} AND {ids_to} LIMIT 1)"
    stray = "(SELECT 1 FROM stray_check_ins x WHERE x.id = i.id LIMIT 1)"
    # Each id by itself: asked for all at once, a month without statistics would be walked through from end to end.
    return f"""
WITH a AS MATERIALIZED (
    SELECT id, cadre_id FROM accounts
    WHERE id {listed["accounts"]} AND active AND role = 'cadre' AND cadre_id IS NOT NULL
)
SELECT {LAW_CHANGES},
    (SELECT {words.collect}({words.id.format("a.id")}) FROM a),
    (SELECT {words.collect}({words.array}({place})) FROM a JOIN postings p ON p.cadre_id = a.cadre_id),
    (SELECT {words.collect}({device}) FROM device_uses x WHERE x.device_id {listed["devices"]}),
    (SELECT count(*) FROM {ids} WHERE {sent_before} IS NOT NULL OR {stray} IS NOT NULL)
"""


FRAME_POSTGRESQL = _statement(
    POSTGRESQL,
    "CAST(%({})s AS date)",
    {
        "accounts": "= ANY(CAST(%(accounts)s AS uuid[]))",
        "devices": "= ANY(CAST(%(devices)s AS text[]))",
    },
    "unnest(CAST(%(ids)s AS uuid[])) AS i(id)",
)
FRAME_SQLITE = _statement(
    SQLITE,
    ":{}",
    {name: f"IN (SELECT value FROM json_each(:{name}))" for name in ("accounts", "devices")},
    "(SELECT value AS id FROM json_each(:ids)) i",
)
