"""Closing a day as a set must come out as judging its postings one by one."""

from datetime import date, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import delete, select

from app.attendance import counters
from app.attendance.close import close_counties, close_county_day
from app.attendance.entries import last_revisions
from app.attendance.facts import Span, load_facts
from app.attendance.histories import load_histories
from app.attendance.law import load_calendar, load_provisions
from app.attendance.rejudge import rejudge
from app.attendance.rollups import NUMBERS
from app.attendance.signatures import CONFIRMED, facts_on, with_confirmed
from app.clock import SHANGHAI
from app.ids import new_id
from app.models import (
    AbsenceCounter,
    CalendarYear,
    CheckIn,
    Correction,
    CountyRollup,
    DayEntry,
    DayHead,
    DayRevision,
    Leave,
    Outage,
    Posting,
    Registration,
    TeamRollup,
    Whereabouts,
)
from app.policy.attendance import Status, judge_day
from app.policy.recall import judge_recall
from tests.support.counts import raw_counts
from tests.support.world import COUNTY, FOREIGN_COUNTY, TOWNSHIP, VILLAGE

MONDAY = date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 24, 0, 30, tzinfo=SHANGHAI)


class Chance:
    """A county's day on which anything may have happened to each posting."""

    def __init__(self, world, session, seed: int) -> None:
        self.world, self.session, self.lot = world, session, Random(seed)
        self.at = datetime(2026, 11, 23, 9, tzinfo=SHANGHAI)

    def fill(self, postings: list[Posting]) -> None:
        for posting in postings[:5]:
            self.settled(posting)
        postings[4].ends_on = MONDAY - timedelta(days=1)
        for posting in postings[5:]:
            for happen, likelihood in (
                (self.check_in, 0.5),
                (self.check_in, 0.2),
                (self.registration, 0.15),
                (self.correction, 0.15),
                (self.correction, 0.1),
                (self.leave, 0.25),
                (self.board, 0.4),
                (self.entry, 0.5),
                (self.left_behind, 0.15),
                (self.move_dates, 0.15),
            ):
                if self.lot.random() < likelihood:
                    happen(posting)
                    self.session.flush()

    def of(self, posting: Posting) -> dict:
        names = ("county_code", "township_code", "village_code", "unit_id")
        return {name: getattr(posting, name) for name in names} | {"posting_id": posting.id}

    def settled(self, posting: Posting) -> None:
        """A plain day: registered, and judged when that was entered."""
        self.registration(posting)
        values = {"status": "on_post", "confirmed": False, "exceptions": [], "revision": 1, "judged_at": self.at}
        self.session.add(DayEntry(**self.of(posting), date=MONDAY, **values))
        self.revisions(posting, 1)

    def check_in(self, posting: Posting) -> None:
        needs = self.lot.random() < 0.4
        self.session.add(
            CheckIn(
                **self.of(posting),
                date=MONDAY,
                id=new_id(),
                account_id=self.world.accounts["li"],
                captured_at=self.at,
                received_at=self.at,
                body_hash="a",
                verdict=self.lot.choice(("inside", "uncertain", "outside")) if needs else "inside",
                reason="inside",
                risk_flags=[],
                late=self.lot.random() < 0.3,
                needs_acceptance=needs,
                accepted=self.lot.choice((None, None, True, False)),
            )
        )

    def registration(self, posting: Posting) -> None:
        self.session.add(
            Registration(
                **self.of(posting),
                date=MONDAY,
                source="paper",
                entered_by=self.world.accounts["township_officer"],
                entered_at=self.at,
            )
        )

    def correction(self, posting: Posting) -> None:
        self.session.add(
            Correction(
                **self.of(posting),
                date=MONDAY,
                status=self.lot.choice([s.value for s in Status if s is not Status.PENDING]),
                reason="核实",
                corrected_by=self.world.accounts["township_officer"],
                corrected_at=self.at + timedelta(minutes=self.lot.randint(0, 2)),
            )
        )

    def leave(self, posting: Posting) -> None:
        state = self.lot.choice(("pending", "approved", "ended", "rejected"))
        self.session.add(
            Leave(
                **self.of(posting),
                id=new_id(),
                cadre_id=posting.cadre_id,
                kind="sick",
                starts_on=MONDAY - timedelta(days=1),
                ends_on=MONDAY + timedelta(days=1),
                reason="就医",
                state=state,
                days=3,
                counted_days=3,
                basis=[],
                covered_until=MONDAY + timedelta(days=self.lot.choice((-1, 1))),
                created_at=self.at,
                body_hash="a",
            )
        )

    def board(self, posting: Posting) -> None:
        self.session.add(
            Whereabouts(
                **self.of(posting),
                id=new_id(),
                state=self.lot.choice(("in_village", "official", "training", "leave", "rest")),
                since=self.at,
                received_at=self.at,
                first_day=MONDAY - timedelta(days=self.lot.randint(0, 2)),
                last_day=self.lot.choice((None, MONDAY, MONDAY - timedelta(days=1))),
                body_hash="a",
            )
        )

    def entry(self, posting: Posting) -> None:
        exceptions = self.lot.choice(([], ["evidence_waiting"], ["late_upload"], ["present_on_leave", "late_upload"]))
        revision = self.lot.randint(1, 3)
        self.session.add(
            DayEntry(
                **self.of(posting),
                date=MONDAY,
                status=self.lot.choice([s.value for s in Status]),
                confirmed=self.lot.random() < 0.5,
                exceptions=exceptions,
                revision=revision,
                judged_at=self.at,
            )
        )
        self.revisions(posting, revision)

    def left_behind(self, posting: Posting) -> None:
        """The entry was taken out, and its revisions stayed."""
        if self.session.get(DayEntry, (posting.county_code, MONDAY, posting.id)) is None:
            self.revisions(posting, 2)

    def revisions(self, posting: Posting, count: int) -> None:
        self.session.add_all(
            DayRevision(
                county_code=posting.county_code,
                date=MONDAY,
                posting_id=posting.id,
                revision=number,
                status="pending",
                confirmed=False,
                exceptions=[],
                at=self.at,
                cause="check_in",
            )
            for number in range(1, count + 1)
        )

    def move_dates(self, posting: Posting) -> None:
        """The day may fall out of the posting, with an entry or without."""
        posting.starts_on, posting.ends_on = self.lot.choice(
            ((MONDAY + timedelta(days=1), None), (date(2026, 1, 1), MONDAY), (date(2026, 1, 1), date(2026, 11, 22)))
        )


def one_by_one(session, county: str) -> dict:
    """What the entries and the newest revisions must be: every posting judged by itself, in plain Python."""
    calendar = load_calendar(session)
    span = Span((county,), MONDAY, MONDAY)
    numbers = last_revisions(session, span)
    expected = {}
    for row in load_facts(session, span).all():
        # The head is still open while the expectation is worked out.
        signature = row.signature | (1 << 14)
        before = None if row.status is None else (row.status, row.confirmed, tuple(row.exceptions), row.revision)
        judgment = judge_day(facts_on(signature, MONDAY, calendar))
        confirmed = bool(row.confirmed) and judgment.status == row.status
        if confirmed != bool(signature & CONFIRMED):
            judgment = judge_day(facts_on(with_confirmed(signature, confirmed), MONDAY, calendar))
        number = before[3] if before else numbers.get((row.posting_id, MONDAY), 0)
        if before and before[0] == judgment.status and before[2] == judgment.exceptions:
            expected[row.posting_id] = (before, None)
        elif judgment.status is None:
            expected[row.posting_id] = (None, (row.status, False, ("outside_posting",), number + 1))
        else:
            after = (judgment.status.value, confirmed, judgment.exceptions, number + 1)
            expected[row.posting_id] = (after, after)
    return expected


def stored(session, county: str, judged_since: datetime) -> dict:
    entries = {
        e.posting_id: (e.status, e.confirmed, tuple(e.exceptions), e.revision)
        for e in session.scalars(select(DayEntry).where(DayEntry.county_code == county, DayEntry.date == MONDAY))
    }
    revisions = {
        r.posting_id: (r.status, r.confirmed, tuple(r.exceptions), r.revision)
        for r in session.scalars(
            select(DayRevision).where(
                DayRevision.county_code == county, DayRevision.date == MONDAY, DayRevision.at == judged_since
            )
        )
    }
    return {posting_id: (entries.get(posting_id), revisions.get(posting_id)) for posting_id in {*entries, *revisions}}


def people(world, session, count: int) -> list[Posting]:
    villages = (VILLAGE, "990101001002", "990101002001")
    ids = [world.add_cadre(session, f"more{n}", villages[n % 3], ("county", "city")[n % 2]) for n in range(count)]
    return [session.get_one(Posting, posting_id) for posting_id in ids]


@pytest.mark.parametrize("seed", range(3))
def test_a_county_closed_as_a_set_is_what_its_postings_judged_one_by_one_are(world, database, seed):
    with database.writing() as session:
        if seed % 2:
            session.add(CalendarYear(year=2026, days={"off": [], "working": []}, source="县", loaded_at=MIDNIGHT))
        if seed == 2:
            session.add(
                Outage(
                    county_code=COUNTY,
                    area_code=TOWNSHIP,
                    area_prefix=TOWNSHIP[:9],
                    first_day=MONDAY,
                    last_day=MONDAY,
                    declared_last_day=MONDAY,
                    reason="断电",
                    declared_by=world.accounts["county_officer"],
                    declared_at=MIDNIGHT,
                )
            )
        Chance(world, session, seed).fill(people(world, session, 50))
    with database.writing() as session:
        expected = one_by_one(session, COUNTY)
        close_county_day(session, COUNTY, MONDAY, MIDNIGHT)
        session.expire_all()
        found = stored(session, COUNTY, MIDNIGHT)
        assert found == {posting: both for posting, both in expected.items() if both != (None, None)}
        kinds = {(before is None, after is None) for before, after in found.values()}
        assert kinds == {(False, False), (False, True), (True, False)}, "written, left alone, taken out"
        for model, key in (
            (TeamRollup, (DayEntry.village_code, DayEntry.unit_id)),
            (CountyRollup, (DayEntry.county_code,)),
        ):
            names = [column.key for column in key] + list(NUMBERS)
            raw = raw_counts(*key).where(DayEntry.county_code == COUNTY, DayEntry.date == MONDAY)
            kept = select(*[getattr(model, name) for name in names]).where(model.county_code == COUNTY)
            assert set(session.execute(kept)) == set(session.execute(raw))


def test_counties_that_are_closed_together_come_out_as_each_by_itself_and_one_that_was_closed_is_left_alone(
    world, database
):
    with database.writing() as session:
        assert close_county_day(session, FOREIGN_COUNTY, MONDAY, MIDNIGHT) == 1
    with database.writing() as session:
        later = MIDNIGHT + timedelta(hours=1)
        assert close_counties(session, [COUNTY, FOREIGN_COUNTY], MONDAY, later) == {COUNTY: 4}
        heads = {head.county_code: head.closed_at for head in session.scalars(select(DayHead))}
        assert heads == {COUNTY: later, FOREIGN_COUNTY: MIDNIGHT}


@pytest.mark.parametrize("seed", range(2))
def test_counters_kept_by_closes_and_late_changes_are_what_the_whole_ledger_says(world, database, seed, monkeypatch):
    monkeypatch.setattr(counters, "ABSENTEES_AT_ONCE", 2)  # several pages of absentees
    lot = Random(seed)
    first = date(2026, 9, 21)
    with database.writing() as session:
        calendar = {"off": [f"2026-10-0{day}" for day in range(1, 8)], "working": ["2026-10-10"]}
        session.add(CalendarYear(year=2026, days=calendar, source="国办", loaded_at=MIDNIGHT))
        postings = [posting.id for posting in people(world, session, 5)]
    for ago in range(34):
        day = first + timedelta(days=ago)
        with database.writing() as session:
            close_counties(session, [COUNTY, FOREIGN_COUNTY], day, datetime(2026, 11, 1, tzinfo=SHANGHAI))
            if ago > 2 and lot.random() < 0.5:
                change_the_past(world, session, lot, lot.choice(postings), day - timedelta(days=lot.randint(0, 6)))
        if ago % 5 == 4:
            with database.reading() as session:
                require_same(session, day)
    with database.reading() as session:
        require_same(session, first + timedelta(days=33))


def change_the_past(world, session, lot, posting_id, day) -> None:
    posting = session.get_one(Posting, posting_id)
    if lot.random() < 0.5:
        session.execute(delete(Correction).where(Correction.posting_id == posting_id, Correction.date == day))
    session.add(
        Correction(
            county_code=posting.county_code,
            township_code=posting.township_code,
            village_code=posting.village_code,
            unit_id=posting.unit_id,
            posting_id=posting_id,
            date=day,
            status=lot.choice(("on_post", "absent", "rest", "official")),
            reason="核实",
            corrected_by=world.accounts["township_officer"],
            corrected_at=MIDNIGHT,
        )
    )
    session.flush()
    rejudge(session, [posting], day, day, now=MIDNIGHT, by=None, cause="correction")


def require_same(session, as_of: date) -> None:
    calendar, provisions = load_calendar(session), load_provisions(session)
    ids = session.scalars(select(Posting.id).where(Posting.county_code == COUNTY)).all()
    histories = load_histories(session, COUNTY, ids, as_of, calendar)
    states = counters.load_states(session, [COUNTY], ids)
    for posting_id in ids:
        kept = states[posting_id].judge(as_of, provisions, VILLAGE, calendar.is_rest)
        assert kept == judge_recall(histories[posting_id], as_of, provisions, VILLAGE)
    absent = {posting_id for posting_id, history in histories.items() if any(d.status == "absent" for d in history)}
    assert set(session.scalars(select(AbsenceCounter.posting_id))) & set(ids) == absent
