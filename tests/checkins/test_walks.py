"""A check-in costs what its own posting has, whatever the planner knows of the day that has just begun."""

from datetime import timedelta

import pytest
from fastapi import Request, Response
from sqlalchemy import select, text

from app.checkins.recording import record_check_ins
from app.models import CheckIn
from app.web.paging import PageRequest, cursor_of
from tests.checkins.support import body, generally, id_made_at, submission
from tests.support.world import COUNTY

OTHERS = 400
"""Check-ins a day of the same county, each of another posting."""

ONE_EACH = text(f"""
    INSERT INTO check_ins
    SELECT (json_populate_record(x, json_build_object(
        'id', gen_random_uuid(), 'posting_id', gen_random_uuid(), 'date', CAST(:day AS date)))).*
    FROM check_ins x, generate_series(1, {OTHERS}) WHERE x.id = :model
""")  # noqa: S608 - a number

READ = text("SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables WHERE relname LIKE 'check_ins%'")


@pytest.fixture(
    params=[(20, 1), (20, 10), (20, None), (6, 1), (6, None)],
    ids=["yesterday's", "of ten days ago", "none", "yesterday's, in a young month", "none, in a young month"],
)
def busy(world, clock, databases, request):
    """A county of many for so many days, and the statistics that the planner has."""
    if databases.name != "postgresql":
        pytest.skip("an embedded database is told which index it takes")
    days, looked_at = request.param
    model = submission(world, "li", body())
    generally(world, [model], clock())
    for back in range(days, -1, -1):
        with world.database.writing() as session:
            day = clock().date() - timedelta(days=back)
            session.execute(ONE_EACH, {"day": day, "model": model.body.id})
            if back == looked_at:
                session.execute(text("ANALYZE"))
    return world


def sent(world, number):
    """A check-in of one of the last seven days."""
    captured_at = world.clock() - timedelta(days=number % 7)
    return submission(world, "li", body(captured_at.isoformat()) | {"id": str(id_made_at(world.clock(), number))})


def test_a_batch_reads_no_check_ins_of_others(busy, clock):
    with busy.database.writing() as session:
        outcomes = record_check_ins(session, [sent(busy, number) for number in range(28)], clock())
        read = session.scalar(READ)
    assert all(outcome.created for outcome in outcomes)
    assert read < OTHERS / 2


def test_the_last_page_of_a_county_s_check_ins_reads_one_day_and_not_all_that_came_before_it(busy):
    of_the_county = select(CheckIn).where(CheckIn.county_code == COUNTY)
    with busy.database.reading() as session:
        *last_four, before = session.scalars(of_the_county.order_by(CheckIn.date, CheckIn.id).limit(5)).all()
        already_read = session.scalar(READ)
        page = PageRequest(Request({"type": "http"}), Response(), 10, cursor_of([before.date, before.id]))
        rows, following = page.fetch(session, of_the_county, CheckIn.date, CheckIn.id, descending=True)
        read = session.scalar(READ) - already_read
    assert (list(rows), following) == (last_four[::-1], None)
    assert read < 2 * OTHERS
