"""A close judges those whose flags may have changed; it must come out as if it judged everybody with a flag.

Two counties go through the same days. In one every flag is judged at every close; in the other those that are due.
"""

from datetime import date, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import delete, select, update

from app.attendance import absences, counters
from app.attendance.close import close_counties
from app.attendance.rejudge import rejudge
from app.clock import SHANGHAI
from app.models import Correction, Posting, RecallFlag, RecallFlagEvent, Registration
from app.policy.calendar import make_year
from app.provisions.calendar import load_year
from tests.recalls.conftest import candidate, ledger
from tests.recalls.support import MONDAY, detail, flags_of, states_of, step, walk
from tests.support.world import COUNTY, FOREIGN_COUNTY, FOREIGN_VILLAGE, VILLAGE

START = date(2026, 1, 5)
_ = candidate, ledger
NOW = datetime(2029, 1, 1, 1, tzinfo=SHANGHAI)
TWINS = 6
STRICT = {
    "absence.consecutive_days": 4,
    "absence.cumulative_days": 9,
    "absence.warning_consecutive_days": 2,
    "absence.warning_cumulative_days": 5,
}
"""So that few days turn much."""


class Twins:
    """Pairs of postings of two counties to which the same happens."""

    def __init__(self, world, database, seed: int) -> None:
        self.world, self.database, self.lot = world, database, Random(seed)
        self.day = START
        self.judged: list[int] = []
        with database.writing() as session:
            for posting in session.scalars(select(Posting)):
                posting.ends_on = START - timedelta(days=1)
                posting.starts_on = posting.ends_on
            self.pairs = [
                (
                    world.add_cadre(session, f"due{n}", VILLAGE, "county"),
                    world.add_cadre(session, f"all{n}", FOREIGN_VILLAGE, "foreign"),
                )
                for n in range(TWINS)
            ]
        self.provide(STRICT, date(2026, 1, 1))
        self.present: set[int] = set()

    def provide(self, values: dict, start: date) -> None:
        for county in (COUNTY, FOREIGN_COUNTY):
            for key, value in values.items():
                self.world.provide(key, value, start, county, entered_at=NOW)

    def close(self) -> None:
        """The next day. Who is present changes now and then, so that runs come about."""
        self.present ^= {n for n in range(TWINS) if self.lot.random() < 0.25}
        with self.database.writing() as session:
            for number in self.present:
                for posting in map(session.get_one, [Posting] * 2, self.pairs[number]):
                    session.add(
                        Registration(
                            **_of(posting),
                            date=self.day,
                            source="paper",
                            entered_by=self.world.accounts["township_officer"],
                            entered_at=NOW,
                        )
                    )
            session.flush()
            everybody = update(RecallFlag).where(RecallFlag.county_code == FOREIGN_COUNTY).values(judge_again_on=None)
            session.execute(everybody)
            for county in (COUNTY, FOREIGN_COUNTY):
                close_counties(session, [county], self.day, NOW)
        self.day += timedelta(days=1)

    def correct(self) -> None:
        pair, past = self.lot.choice(self.pairs), self.day - timedelta(days=self.lot.choice((1, 2, 3, 9, 250, 364)))
        status = self.lot.choice(("on_post", "absent", "absent", "official"))
        if past < START:
            return
        with self.database.writing() as session:
            for posting in map(session.get_one, [Posting] * 2, pair):
                same = (Correction.posting_id == posting.id, Correction.date == past)
                session.execute(delete(Correction).where(*same))
                session.add(
                    Correction(
                        **_of(posting),
                        date=past,
                        status=status,
                        reason="核实",
                        corrected_by=self.world.accounts["township_officer"],
                        corrected_at=NOW,
                    )
                )
                session.flush()
                rejudge(session, [posting], past, past, now=NOW, by=None, cause="correction")

    def sides(self) -> list[tuple]:
        with self.database.reading() as session:
            return [_flags(session, [pair[side] for pair in self.pairs]) for side in (0, 1)]


def _of(posting: Posting) -> dict:
    names = ("county_code", "township_code", "village_code", "unit_id")
    return {name: getattr(posting, name) for name in names} | {"posting_id": posting.id}


def _flags(session, posting_ids) -> list:
    """Everything about the flags of these postings, in their order, but for who they are."""
    seen = []
    for posting_id in posting_ids:
        flags = session.scalars(
            select(RecallFlag).where(RecallFlag.posting_id == posting_id).order_by(RecallFlag.id)
        ).all()
        for flag in flags:
            turns = session.execute(
                select(RecallFlagEvent.action, RecallFlagEvent.to_state, RecallFlagEvent.counts)
                .where(RecallFlagEvent.flag_id == flag.id)
                .order_by(RecallFlagEvent.id)
            ).all()
            basis = [(item["key"], item["value"], item["in_force_from"]) for item in flag.basis]
            seen.append((flag.ground, flag.state, flag.counts, flag.days, basis, [tuple(turn) for turn in turns]))
        seen.append(None)
    return seen


@pytest.mark.parametrize("seed", [1, 2])
def test_closes_corrections_and_amendments_leave_the_flags_that_judging_everybody_does(
    world, database, seed, monkeypatch
):
    judged = {COUNTY: 0, FOREIGN_COUNTY: 0}
    count = absences._judge_counted

    def counting(session, county_codes, posting_ids, *rest) -> None:
        judged[county_codes[0]] += len(posting_ids)
        count(session, county_codes, posting_ids, *rest)

    monkeypatch.setattr(absences, "_judge_counted", counting)
    twins = Twins(world, database, seed)
    if seed == 1:
        twins.provide({"absence.year": "calendar_year"}, date(2026, 1, 1))
    states = set()
    # Days in a row, with long times between them of which nothing is known, and the same days of the next year.
    for begins in (START, date(2026, 6, 29), date(2026, 12, 28), date(2027, 1, 25), date(2027, 6, 28)):
        twins.day = begins
        if begins.year == 2027 and begins.month == 1:
            twins.provide({"absence.warning_cumulative_days": 4, "absence.unit": "working_days"}, date(2027, 1, 29))
        for _ in range(10):
            twins.close()
            if twins.lot.random() < 0.4:
                twins.correct()
            due, everybody = twins.sides()
            assert due == everybody, twins.day
            states |= {flag[1] for flag in due if flag}
    assert {"warning", "provisional", "lifted"} <= states
    assert judged[COUNTY] < 0.8 * judged[FOREIGN_COUNTY]


def close(world, *days: date) -> None:
    with world.database.writing() as session:
        for day in days:
            close_counties(session, [COUNTY], day, NOW)


def register(world, who: str, *days: date) -> None:
    with world.database.writing() as session:
        posting = session.get_one(Posting, world.postings[who])
        for day in days:
            entered = {"entered_by": world.accounts["township_officer"], "entered_at": NOW}
            session.add(Registration(**_of(posting), date=day, source="paper", **entered))


def due_of(world, who: str = "li") -> list:
    with world.database.reading() as session:
        query = select(RecallFlag.judge_again_on).where(RecallFlag.posting_id == world.postings[who])
        return session.scalars(query.order_by(RecallFlag.id)).all()


def test_a_flag_is_lifted_by_the_very_close_in_which_its_days_leave_the_year(world, ledger, clock):
    clock.set("2028-01-01 08:00")
    ledger.absent("li", MONDAY, 10)
    assert states_of(world) == ["warning"]
    last = MONDAY + timedelta(days=9)
    days = [MONDAY + timedelta(days=n) for n in (60, 365, 373, 374)]
    register(world, "li", *days)
    close(world, *days[:3])
    assert (states_of(world), due_of(world)) == (["warning"], [last + timedelta(days=365)])
    close(world, days[3])
    assert states_of(world) == ["lifted"]


def test_a_calendar_that_is_loaded_late_tells_the_flags_of_filed_months_too(world, ledger, clock):
    clock.set("2026-12-01 08:00")
    ledger.absent("li", MONDAY, 16)
    world.file_month("2026-11")
    (flag,) = flags_of(world)
    assert flag["counts"]["cumulative"] == {"calendar_days": 16, "working_days": 12}
    with world.database.writing() as session:
        published = make_year(2026, [MONDAY, date(2026, 11, 10)], [date(2026, 11, 14)])
        load_year(session, 2026, published, "国办发明电", now=clock(), by=None)
    for day in (None, MONDAY + timedelta(days=20)):
        if day is not None:
            register(world, "li", day)
            close(world, day)
        (flag,) = flags_of(world)
        assert flag["counts"]["cumulative"] == {"calendar_days": 16, "working_days": 10}, day


@pytest.mark.parametrize("more", [1, 6])
def test_days_that_a_dismissed_flag_does_not_settle_are_raised_with_the_dismissal(world, ledger, clock, more):
    """The opinion rests on 16 days; what came after it was not looked at when it was dismissed."""
    clock.set("2026-12-08 08:00")
    ledger.absent("li", MONDAY, 16)
    (flag,) = flags_of(world)
    walk(world, flag["id"], "statement", "opinion")
    ledger.absent("li", MONDAY + timedelta(days=16), more)
    assert step(world, flag["id"], "dismiss").status_code == 200
    assert states_of(world) == ["candidate", "dismissed"]
    (newer, _) = flags_of(world)
    assert newer["counts"]["consecutive"]["calendar_days"] == 16 + more
    assert detail(world, newer["id"])["history"][0]["by"] is None, "the service raises it, not who dismissed the other"
    day = MONDAY + timedelta(days=30)
    register(world, "li", day)
    close(world, day)
    ledger.correct("li", day, "official")
    assert states_of(world) == ["candidate", "dismissed"]
    assert step(world, newer["id"], "dismiss").status_code == 200
    ledger.refresh("li")
    assert states_of(world) == ["dismissed", "dismissed"]


def test_days_after_those_that_a_recall_rests_on_carry_nothing_more(world, ledger, candidate):
    walk(world, candidate, "statement", "opinion", "notice")
    ledger.absent("li", MONDAY + timedelta(days=16), 3)
    walk(world, candidate, "recall")
    ledger.correct("li", date(2026, 11, 23), "official")
    ledger.refresh("li")
    assert states_of(world) == ["recalled"]


def test_a_close_whose_counters_nobody_else_has_changed_asks_after_none(world, database, monkeypatch):
    def ask():
        raise AssertionError("every counter was written")

    monkeypatch.setattr(counters, "_not_applied", ask)
    for day in (date(2026, 11, 23), date(2026, 11, 24)):
        close(world, day)


def test_the_close_of_the_day_on_which_another_rule_begins_judges_a_flag_that_nothing_else_has_touched(
    world, ledger, clock
):
    clock.set("2026-12-08 08:00")
    ledger.absent("li", MONDAY, 10)
    days = [MONDAY + timedelta(days=n) for n in (28, 29)]
    register(world, "li", *days)
    world.provide("absence.warning_consecutive_days", 11, days[1], entered_at=NOW)
    close(world, days[0])
    assert states_of(world) == ["warning"]
    close(world, days[1])
    assert states_of(world) == ["lifted"]
