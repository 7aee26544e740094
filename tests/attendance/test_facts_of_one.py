"""One posting's facts are the same whichever statement reads them."""

from datetime import date, timedelta
from itertools import product

import pytest
from sqlalchemy import update

from app.attendance.close import close_due_days
from app.attendance.facts import Span, load_facts
from app.attendance.facts_of_one import load_facts_of
from app.attendance.signatures import facts_on
from app.models import CheckIn, Posting
from app.policy.calendar import Calendar
from app.policy.presence import evidence_of
from tests.checkins.support import body
from tests.checkins.test_lane_equals_general import declared, happen
from tests.support.world import COUNTY

DAY = date(2026, 11, 23)


@pytest.mark.parametrize("days", [1, 8])
@pytest.mark.parametrize("who", ["li", "wang"])
@pytest.mark.parametrize(
    "events",
    [[], ["register"], ["correct", "confirm"], ["leave"], ["moved"], ["trip"], ["board", "outage"], ["accept"]],
)
def test_one_postings_facts_are_those_of_its_county(world, clock, events, who, days):
    world.as_("li").post("/check-ins", body())
    world.as_("li").post("/check-ins", body("2026-11-23T08:06:00+08:00", lat=37.0))
    for event in events:
        happen(world, event, DAY)
    clock.set("2026-11-24 00:31")
    close_due_days(world.database, clock())
    with world.database.writing() as session:
        session.add(declared(session, world, "leave", DAY - timedelta(days=2)))
        posting = session.get(Posting, world.postings[who])
        posting.ends_on = DAY
        first, last = DAY - timedelta(days=days - 1), DAY + timedelta(days=1)
        spans = [Span((COUNTY,), first, last, each) for each in whose(world, who)]
        of_one = [tuple(row) for row in load_facts_of(session, spans[0])]
        of_both = [tuple(row) for row in load_facts(session, spans[1]) if row.posting_id == posting.id]
    assert sorted(of_one, key=str) == sorted(of_both, key=str)
    assert of_one


def whose(world, who):
    others = tuple(posting_id for name, posting_id in world.postings.items() if name != who)
    return (world.postings[who],), (world.postings[who], *others)


@pytest.mark.parametrize(("waits", "accepted"), list(product((False, True), (None, False, True))))
def test_the_database_says_what_the_law_says_of_a_check_in(world, waits, accepted):
    assert world.as_("li").post("/check-ins", body()).status_code == 201
    with world.database.writing() as session:
        session.execute(update(CheckIn).values(needs_acceptance=waits, accepted=accepted))
        [row] = load_facts(session, Span((COUNTY,), DAY, DAY, (world.postings["li"],)))
    facts = facts_on(row.signature, DAY, Calendar())
    assert facts.presence is evidence_of(needs_acceptance=waits, accepted=accepted)
    assert facts.waiting_evidence is (waits and accepted is None)
