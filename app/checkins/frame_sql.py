# ruff: noqa: S608 - every piece of these statements is written here or in lane_sql
"""The one statement that reads what any number of check-ins, of whichever days, are judged by."""

from collections.abc import Mapping

from app.checkins.lane_sql import LAW_CHANGES, fences
from app.checkins.lane_words import POSTGRESQL, SQLITE, Words


def _statement(words: Words, given: str, listed: Mapping[str, str]) -> str:
    """`given` is how a parameter is written, `listed` a condition that something is among those given."""
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
    # The last are counted: were they merely looked for, statistics could have the whole table walked through for it.
    return f"""
WITH a AS MATERIALIZED (
    SELECT id, cadre_id FROM accounts
    WHERE id {listed["accounts"]} AND active AND role = 'cadre' AND cadre_id IS NOT NULL
)
SELECT {LAW_CHANGES},
    (SELECT {words.collect}({words.id.format("a.id")}) FROM a),
    (SELECT {words.collect}({words.array}({place})) FROM a JOIN postings p ON p.cadre_id = a.cadre_id),
    (SELECT {words.collect}({device}) FROM device_uses x WHERE x.device_id {listed["devices"]}),
    (SELECT count(*) FROM check_ins x WHERE x.id {listed["ids"]} AND x.date BETWEEN {ids_from} AND {ids_to})
        + (SELECT count(*) FROM stray_check_ins x WHERE x.id {listed["ids"]})
"""


FRAME_POSTGRESQL = _statement(
    POSTGRESQL,
    "CAST(%({})s AS date)",
    {
        "accounts": "= ANY(CAST(%(accounts)s AS uuid[]))",
        "devices": "= ANY(CAST(%(devices)s AS text[]))",
        "ids": "= ANY(CAST(%(ids)s AS uuid[]))",
    },
)
FRAME_SQLITE = _statement(
    SQLITE, ":{}", {name: f"IN (SELECT value FROM json_each(:{name}))" for name in ("accounts", "devices", "ids")}
)
