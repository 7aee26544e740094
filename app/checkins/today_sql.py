# ruff: noqa: S608 - every piece of this statement is written here or in `lane_sql`
"""The statement that answers everybody who opens the app at the same moment: one text for both databases, as the
check-ins' own, and written with the same care.
"""

from dataclasses import replace

from app.checkins.lane_sql import CALENDAR_CHANGES, Day
from app.checkins.lane_words import POSTGRESQL, SQLITE, Words


class _Today(Day):
    """What `today.load_today` reads, of any number of accounts."""

    def __init__(self, words: Words, sent: str, now: str) -> None:
        super().__init__(replace(words, sent=sent))
        self.now = now

    def statement(self) -> str:
        """For each account the columns of `Found`."""
        first = f"x.cadre_id = a.cadre_id AND {self.posted('x')} ORDER BY x.starts_on, x.id LIMIT 1"
        whose = f"p.id = (SELECT x.id FROM postings x WHERE {first})"
        return self.ask(CALENDAR_CHANGES, self._columns(), whose)

    def _columns(self) -> tuple[str, ...]:
        return (
            "p.village_code",
            "p.duty",
            "p.starts_on",
            "p.ends_on",
            "(SELECT x.name FROM dispatch_units x WHERE x.id = p.unit_id)",
            "(SELECT x.name FROM areas x WHERE x.code = p.village_code)",
            self._fences(),
            self.head(),
            self.declared(),
            self.correction(),
            self.entry(),
            self._check_ins(),
            self._whereabouts(),
            self._leave(),
        )

    def _fences(self) -> str:
        w = self.words
        ordered = "SELECT x.geometry FROM fences x WHERE x.area_code = p.village_code ORDER BY x.id"
        return w.nested.format(f"(SELECT {w.collect}({w.nested.format('o.geometry')}) FROM ({ordered}) o)")

    def _check_ins(self) -> str:
        """Bits, and the check-ins themselves, in whatever order: one walk through the day's."""
        w = self.words
        one = f"{w.array}({w.id.format('x.id')}, x.captured_at, x.verdict, x.needs_acceptance, x.accepted)"
        found = f"{w.array}({self.checked_in()}, {w.collect}({one}))"
        return w.nested.format(f"(SELECT {found} FROM {w.recent_check_ins} WHERE {self.of_today})")

    def _whereabouts(self) -> str:
        w = self.words
        one = f"{w.array}({w.id.format('x.id')}, x.state, x.destination, x.since, x.expected_back_at)"
        newest = f"x.posting_id = p.id AND x.since <= {self.now} ORDER BY x.since DESC, x.received_at DESC, x.id DESC"
        return w.nested.format(f"(SELECT {one} FROM whereabouts x WHERE {newest} LIMIT 1)")

    def _leave(self) -> str:
        w = self.words
        one = f"{w.array}({w.id.format('x.id')}, x.kind, x.state, x.starts_on, x.ends_on)"
        covers = f"x.cadre_id = p.cadre_id AND x.starts_on <= {w.day} AND x.ends_on >= {w.day}"
        stands = f"(x.state = 'pending' OR (x.state IN ('approved', 'ended') AND x.covered_until >= {w.day}))"
        newest = f"{covers} AND {stands} ORDER BY x.created_at DESC, x.id DESC LIMIT 1"
        return w.nested.format(f"(SELECT {one} FROM leaves x WHERE {newest})")


TODAY_POSTGRESQL = _Today(
    POSTGRESQL,
    sent="SELECT n - 1 AS n, account_id FROM unnest($1::uuid[]) WITH ORDINALITY AS t(account_id, n)",
    now="$3::timestamptz",
).statement()
TODAY_SQLITE = _Today(
    SQLITE,
    sent="SELECT key AS n, value AS account_id FROM json_each(:sent)",
    now=":now",
).statement()
