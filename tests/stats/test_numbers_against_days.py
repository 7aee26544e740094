"""Whatever happens to days, in whatever order: the roll-ups equal the entries, the stats the listed days."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.attendance.close import close_due_days
from app.attendance.rollups import NUMBERS
from app.clock import business_day
from app.models import CountyMonth, CountyRollup, DayEntry, DayHead, TeamRollup
from tests.checkins.test_checkins import body as check_in_body
from tests.support.counts import raw_counts
from tests.support.world import CITY, SIBLING_TOWNSHIP, TOWNSHIP, VILLAGE, World

LOOKED_BACK_DAYS = 4
WHATEVER = {
    "check_in",
    "accept",
    "register",
    "correct",
    "confirm",
    "declare",
    "leave",
    "grant",
    "return",
    "end",
    "close",
}
DECIDED = ("on_post", "official", "leave", "rest", "absent")
TOWNSHIPS = {
    "li": "township_officer",
    "wang": "township_officer",
    "zhao": "township_officer",
    "sun": "sibling_township_officer",
    "zhou": "foreign_township_officer",
}
COUNTIES = dict.fromkeys(TOWNSHIPS, "county_officer") | {"zhou": "foreign_county_officer"}

EACH = [
    ("check_in", "li", 0, 110.68, True),
    ("next_day",),
    ("close",),
    ("confirm", TOWNSHIP, 1),
    ("check_in", "wang", 1, 111.2, True),
    ("leave", "zhao", 1, 3, True),
    ("declare", "sun", "official", 2),
    ("register", "zhou", 1),
    ("correct", "li", 1, "absent"),
    ("next_day",),
    ("close",),
    ("end", "sun", -1),
    ("end", "sun", 60),
]
"""One after the other, so that none is left to chance."""

who = st.sampled_from(sorted(TOWNSHIPS))
ago = st.integers(0, LOOKED_BACK_DAYS)
acts = st.one_of(
    st.tuples(st.just("check_in"), who, ago, st.sampled_from([110.68, 110.68, 111.2]), st.booleans()),
    st.tuples(st.just("register"), who, ago),
    st.tuples(st.just("correct"), who, ago, st.sampled_from(DECIDED)),
    st.tuples(st.just("confirm"), st.sampled_from([TOWNSHIP, VILLAGE, SIBLING_TOWNSHIP]), ago),
    st.tuples(st.just("declare"), who, st.sampled_from(["official", "in_village"]), st.integers(1, 3)),
    st.tuples(st.just("leave"), who, ago, st.integers(1, 4), st.booleans()),
    st.tuples(st.just("end"), who, st.sampled_from([-3, 0, 40, 60, 80])),  # a later end sets a mistaken one right
    st.tuples(st.just("close")),
    st.tuples(st.just("next_day")),
    st.tuples(st.just("next_day")),
)


@dataclass
class Days:
    """A world in which one act follows the other; refusals are part of it, faults are not."""

    world: World
    done: Counter[str]

    @property
    def today(self) -> date:
        return business_day(self.world.clock())

    def day(self, days_ago: int) -> str:
        return (self.today - timedelta(days=days_ago)).isoformat()

    def send(self, name: str, signed_as: str, path: str, body: dict) -> dict | None:
        answer = self.world.as_(signed_as).post(path, body)
        assert answer.status_code in {200, 201, 403, 404, 409, 422}, answer.text
        if answer.status_code > 201:
            return None
        self.done[name] += 1
        return answer.json()

    def check_in(self, who, days_ago, lng, accepted):
        captured_at = self.world.clock() - timedelta(days=days_ago)
        sent = check_in_body(captured_at.isoformat(), lng=lng)
        answer = self.send("check_in", who, "/check-ins", sent)
        if answer and not answer["counts"]:
            decision = {"accept": accepted, "reason": "电话核实"}
            self.send("accept", TOWNSHIPS[who], f"/check-ins/{sent['id']}/acceptance", decision)

    def register(self, who, days_ago):
        entry = {"posting_id": str(self.world.postings[who]), "date": self.day(days_ago), "source": "visit"}
        self.send("register", TOWNSHIPS[who], "/registrations", entry)

    def correct(self, who, days_ago, status):
        posting_id = str(self.world.postings[who])
        entry = {"posting_id": posting_id, "date": self.day(days_ago), "status": status, "reason": "核实"}
        self.send("correct", COUNTIES[who], "/days/corrections", entry)

    def confirm(self, area_code, days_ago):
        officer = "sibling_township_officer" if area_code == SIBLING_TOWNSHIP else "township_officer"
        body = {"date": self.day(days_ago), "area_code": area_code}
        self.send("confirm", officer, "/days/confirmations", body)

    def declare(self, who, state, days):
        since = self.world.clock()
        declared = {"state": state, "since": since.isoformat(), "destination": "县里"}
        back = (since + timedelta(days=days)).isoformat()
        answer = self.world.as_(who).put(
            "/me/whereabouts", {"id": str(uuid4()), **declared, "expected_back_at": back, "note": None}
        )
        assert answer.status_code in {200, 201, 409, 422}, answer.text
        if answer.status_code == 201:
            self.done["declare"] += 1

    def leave(self, who, days_ago, days, returned):
        first = self.today - timedelta(days=days_ago)
        asked = {
            "id": str(uuid4()),
            "kind": "personal",
            "starts_on": first.isoformat(),
            "ends_on": (first + timedelta(days=days - 1)).isoformat(),
            "reason": "家中有事",
            "destination": "县城",
        }
        answer = self.send("leave", who, "/leaves", asked)
        if answer:
            decision = {"decision": "approve", "comment": None}
            for officer in (TOWNSHIPS[who], COUNTIES[who]):
                decided = self.send("grant", officer, f"/leaves/{answer['id']}/decisions", decision)
                if decided and decided["state"] == "approved":
                    break
            if returned:
                back = {"returned_on": max(first, self.today - timedelta(days=1)).isoformat()}
                self.send("return", who, f"/leaves/{answer['id']}/return", back)

    def end(self, who, days):
        path = f"/postings/{self.world.postings[who]}/end"
        ends_on = (self.today + timedelta(days=days)).isoformat()
        self.send("end", COUNTIES[who], path, {"ends_on": ends_on, "reason": "轮换"})

    def close(self):
        if close_due_days(self.world.database, self.world.clock()):
            self.done["close"] += 1

    def next_day(self):
        self.world.clock.forward(days=1)


def entries_and_rollups(session, model, *key):
    """What the closed days' entries count, and what the roll-ups say."""
    closed = (
        select(DayHead.date)
        .where(DayHead.county_code == DayEntry.county_code, DayHead.date == DayEntry.date)
        .where(DayHead.closed_at.is_not(None))
        .exists()
    )
    counted = session.execute(raw_counts(*(getattr(DayEntry, name) for name in key)).where(closed)).all()
    kept = session.execute(select(*(getattr(model, name) for name in (*key, *NUMBERS))).where(model.people > 0)).all()
    hollow = session.execute(select(model).where(model.people == 0)).scalars().all()
    assert not [row for row in hollow if any(getattr(row, name) for name in NUMBERS)]
    return sorted(map(tuple, counted), key=str), sorted(map(tuple, kept), key=str)


def closed_months(session) -> dict:
    """By county and month the closed days and what their roll-ups add up to."""
    months: dict[tuple, Counter] = defaultdict(Counter)
    for head in session.scalars(select(DayHead).where(DayHead.closed_at.is_not(None))):
        months[head.county_code, head.date.replace(day=1)]["days"] += 1
    for row in session.scalars(select(CountyRollup)):
        months[row.county_code, row.date.replace(day=1)].update({name: getattr(row, name) for name in NUMBERS})
    return {key: +numbers for key, numbers in months.items()}


def kept_months(session) -> dict:
    return {
        (row.county_code, row.date): +Counter({name: getattr(row, name) for name in ("days", *NUMBERS)})
        for row in session.scalars(select(CountyMonth))
    }


def listed(world: World, day: str) -> Counter:
    """A day's postings one by one, counted here."""
    numbers: Counter[str] = Counter()
    for item in world.as_("city_officer").get(f"/days?area={CITY}&date={day}&limit=200").json()["items"]:
        numbers.update({"people": 1, item["status"]: 1, "unconfirmed": int(not item["confirmed"])})
    return +numbers


def told(world: World, first: str, last: str) -> dict[str, Counter]:
    path = f"/stats/attendance?area={CITY}&from={first}&to={last}&envelope=false"
    rows = world.as_("city_officer").get(path).json()
    return {row["period"]: +Counter({name: row[name] for name in NUMBERS}) for row in rows}


@pytest.fixture
def days(world: World) -> Days:
    """Shared by all examples, each of which begins where the one before it ended, some days later."""
    world.clock.set("2026-11-23 08:05")
    return Days(world, Counter())


def test_rollups_equal_the_entries_and_the_stats_equal_the_listed_days(days: Days):
    first_day = days.today

    @settings(
        max_examples=12,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],  # nothing to shrink: an example rests on those before it
        suppress_health_check=list(HealthCheck),
    )
    @example(EACH)
    @given(st.lists(acts, min_size=8, max_size=12))
    def whatever_happens(sequence):
        for name, *arguments in sequence:
            getattr(days, name)(*arguments)
        with days.world.database.reading() as session:
            for model, key in (
                (TeamRollup, ("county_code", "date", "village_code", "unit_id")),
                (CountyRollup, ("county_code", "date")),
            ):
                counted, kept = entries_and_rollups(session, model, *key)
                assert kept == counted
            assert kept_months(session) == closed_months(session)
        looked_at = [day for n in range(LOOKED_BACK_DAYS) if date.fromisoformat(day := days.day(n)) >= first_day]
        stats = told(days.world, looked_at[-1], looked_at[0])
        for day in looked_at:
            assert stats.get(day, Counter()) == listed(days.world, day), day

    whatever_happens()
    assert set(days.done) >= WHATEVER, f"the examples never did {WHATEVER - set(days.done)}"
