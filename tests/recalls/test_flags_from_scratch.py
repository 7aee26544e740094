"""Closes, corrections, opinions and dismissals in any order: the flags are always what the ledger and the decisions on
record come to, judged from scratch.
"""

from datetime import date, timedelta
from random import Random

import pytest
from sqlalchemy import select

from app.attendance.close import close_due_days
from app.attendance.histories import load_histories
from app.attendance.law import load_calendar, load_provisions
from app.models import RecallFlag
from app.policy.recall import ABSENCE_GROUNDS, MOVED_BY_FACTS, judge_recall
from tests.recalls.support import step
from tests.support.world import COUNTY, TOWNSHIP, VILLAGE

FIRST = date(2026, 11, 23)
STRICT = {
    "absence.consecutive_days": 4,
    "absence.cumulative_days": 9,
    "absence.warning_consecutive_days": 2,
    "absence.warning_cumulative_days": 5,
}


class Life:
    """A county in which anything may happen to li's days and flags."""

    def __init__(self, world, clock, ledger, seed: int) -> None:
        self.world, self.clock, self.ledger, self.lot = world, clock, ledger, Random(seed)
        self.today = FIRST
        for key, value in STRICT.items():
            world.provide(key, value, date(2026, 1, 1))

    def close_a_day(self) -> None:
        if self.lot.random() < 0.2:
            self.ledger.correct("li", self.today, "on_post")
        self.today += timedelta(days=1)
        self.clock.set(f"{self.today} 09:00")
        close_due_days(self.world.database, self.clock())
        if self.lot.random() < 0.7:
            self.confirm(self.today - timedelta(days=1))

    def confirm(self, day: date) -> None:
        sent = {"date": str(day), "area_code": TOWNSHIP}
        assert self.world.as_("township_officer").post("/days/confirmations", sent).status_code == 200

    def correct(self) -> None:
        past = self.today - timedelta(days=self.lot.choice((0, 1, 1, 2, 3, 5, 8, 13)))
        if past >= FIRST:
            self.ledger.correct("li", past, self.lot.choice(("absent", "absent", "absent", "on_post", "rest")))

    def take_a_step(self) -> None:
        """Those that are not open are refused."""
        for flag in self.flags():
            for name in self.lot.choice(
                (("statement", "opinion"), ("statement", "opinion"), ("review",), ("dismiss",))
            ):
                step(self.world, str(flag.id), name)

    def flags(self) -> list[RecallFlag]:
        with self.world.database.reading() as session:
            wanted = RecallFlag.posting_id == self.world.postings["li"]
            found = session.scalars(select(RecallFlag).where(wanted).order_by(RecallFlag.id)).all()
            session.expunge_all()
        return list(found)

    def judged(self, as_of: date):
        flags, li = self.flags(), self.world.postings["li"]
        settled = {
            ground: {
                date.fromisoformat(day)
                for flag in flags
                if (flag.ground, flag.state) == (ground, "dismissed")
                for day in flag.days
            }
            for ground in ABSENCE_GROUNDS
        }
        with self.world.database.reading() as session:
            history = load_histories(session, COUNTY, [li], as_of, load_calendar(session))[li]
            return judge_recall(history, as_of, load_provisions(session), VILLAGE, settled)

    def require_flags_from_scratch(self) -> set[str]:
        if self.today == FIRST:
            return set()
        standing = {flag.ground: flag for flag in self.flags() if flag.state not in {"dismissed", "lifted"}}
        for ground in self.judged(self.today - timedelta(days=1)).grounds:
            flag = standing.get(ground.ground)
            if flag is not None and flag.state not in MOVED_BY_FACTS:
                continue  # people have it
            assert (flag and flag.state) == ground.state, (self.today, ground.ground)
            if flag is not None:
                assert flag.days == [day.isoformat() for day in ground.days]
                assert flag.counts == ground.counts
        return {flag.state for flag in self.flags()}


@pytest.mark.parametrize("seed", [0, 1, 3, 4])
def test_whatever_the_order_the_flags_are_those_of_a_judgment_from_scratch(world, ledger, clock, seed):
    life = Life(world, clock, ledger, seed)
    clock.set(f"{FIRST} 09:00")
    seen = set()
    for _ in range(60):
        life.lot.choice((life.close_a_day, life.close_a_day, life.correct, life.take_a_step))()
        seen |= life.require_flags_from_scratch()
    assert seen >= {"warning", "candidate", "opinion", "dismissed"}
