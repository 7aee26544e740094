"""The days that bear on a recall are the same whichever way they are read."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from app.attendance import histories
from app.attendance.histories import COUNTED, WINDOW, load_histories
from app.models import DayEntry, DayHead, Posting
from app.policy.attendance import Status
from app.policy.calendar import Calendar
from tests.support.world import COUNTY

BACK = (-1, 0, 1, 200, WINDOW.days - 1, WINDOW.days, WINDOW.days + 1)
"""Days before the one as of which the history is read: inside the window, at its ends, and beside them."""

BEGUN = BACK[3]
"""The service has been there since: the county has closed no day before."""

STATUSES = (*COUNTED, Status.ON_POST)


def status_of(number, place):
    return STATUSES[(number + place) % len(STATUSES)]


@pytest.fixture
def postings(world, clock):
    """Days of both kinds that are counted, and of one that is not, around the ends of the window."""
    with world.database.writing() as session:
        found = [session.get_one(Posting, world.postings[who]) for who in ("li", "wang")]
        rows = [
            {
                "county_code": posting.county_code,
                "date": clock().date() - timedelta(days=back),
                "posting_id": posting.id,
                "township_code": posting.township_code,
                "village_code": posting.village_code,
                "unit_id": posting.unit_id,
                "status": status_of(number, place),
                "confirmed": back % 2 == 0,
                "exceptions": [],
                "revision": 1,
                "judged_at": clock(),
            }
            for number, posting in enumerate(found)
            for place, back in enumerate(BACK)
        ]
        session.execute(insert(DayEntry), rows)
    return found


def close(world, first, last):
    """The county's first day and its last; that those between them are closed goes without saying."""
    with world.database.writing() as session:
        for day in (first, last):
            session.add(DayHead(county_code=COUNTY, date=day, version=1, closed_at=world.clock()))


def absent_or_resting(as_of, number, back_to):
    """What the history of the posting of this number has to hold."""
    return sorted(
        (as_of - timedelta(days=back), status_of(number, place), back % 2 == 0)
        for place, back in enumerate(BACK)
        if status_of(number, place) in COUNTED and 0 <= back <= back_to
    )


def read(world, postings, as_of):
    with world.database.reading() as session:
        found = load_histories(session, COUNTY, [p.id for p in postings], as_of, Calendar())
    return [[(day.date, day.status, day.confirmed) for day in found[posting.id]] for posting in postings]


@pytest.mark.parametrize("few", [0, 1, 20])
def test_a_history_holds_the_counted_days_of_the_window_oldest_first(world, clock, postings, monkeypatch, few):
    monkeypatch.setattr(histories, "FEW", few)
    as_of = clock().date()
    close(world, as_of - timedelta(days=max(BACK)), as_of + timedelta(days=1))
    assert read(world, postings, as_of) == [absent_or_resting(as_of, number, WINDOW.days) for number in (0, 1)]


@pytest.mark.parametrize("few", [0, 20])
def test_a_history_begins_with_the_first_day_that_the_county_has_closed(world, clock, postings, monkeypatch, few):
    monkeypatch.setattr(histories, "FEW", few)
    as_of = clock().date()
    assert read(world, postings, as_of) == [[], []], "nothing is closed yet"
    close(world, as_of - timedelta(days=BEGUN), as_of)
    found = read(world, postings, as_of)
    assert found == [absent_or_resting(as_of, number, BEGUN) for number in (0, 1)]
    assert found != [absent_or_resting(as_of, number, WINDOW.days) for number in (0, 1)]


@pytest.mark.parametrize("few", [0, 20])
def test_a_history_ends_with_the_last_day_that_the_county_has_closed(world, clock, postings, monkeypatch, few):
    monkeypatch.setattr(histories, "FEW", few)
    as_of = clock().date()
    close(world, as_of - timedelta(days=max(BACK)), as_of - timedelta(days=1))
    found = read(world, postings, as_of)
    whole = [absent_or_resting(as_of, number, WINDOW.days) for number in (0, 1)]
    assert found == [[day for day in days if day[0] < as_of] for days in whole]
    assert found != whole
