"""On which days a posting holds: both of its dates included, and open while it has no end."""

from datetime import date

import pytest
from sqlalchemy import select, update

from app.models import Posting


@pytest.mark.parametrize(
    ("day", "ends_on", "holds"),
    [
        (date(2026, 11, 1), None, False),
        (date(2026, 11, 2), None, True),
        (date(2036, 11, 2), None, True),
        (date(2026, 11, 1), date(2026, 11, 3), False),
        (date(2026, 11, 2), date(2026, 11, 3), True),
        (date(2026, 11, 3), date(2026, 11, 3), True),
        (date(2026, 11, 4), date(2026, 11, 3), False),
    ],
)
def test_the_database_and_the_row_agree_on_whether_a_posting_holds(world, day, ends_on, holds):
    mine = Posting.id == world.postings["li"]
    with world.database.writing() as session:
        session.execute(update(Posting).where(mine).values(starts_on=date(2026, 11, 2), ends_on=ends_on))
        posting = session.scalars(select(Posting).where(mine)).one()
        found = session.scalars(select(Posting.id).where(mine, Posting.held_on(day))).all()
    assert posting.holds_on(day) is holds
    assert bool(found) is holds


@pytest.mark.parametrize(
    ("first", "last", "touches"),
    [(1, 1, False), (1, 2, True), (2, 3, True), (3, 9, True), (4, 9, False), (1, 9, True)],
)
def test_a_posting_is_held_between_two_days_when_it_holds_on_one_of_them(world, first, last, touches):
    mine = Posting.id == world.postings["li"]
    with world.database.writing() as session:
        session.execute(update(Posting).where(mine).values(starts_on=date(2026, 11, 2), ends_on=date(2026, 11, 3)))
        between = Posting.held_between(date(2026, 11, first), date(2026, 11, last))
        found = session.scalars(select(Posting.id).where(mine, between)).all()
    assert bool(found) is touches
