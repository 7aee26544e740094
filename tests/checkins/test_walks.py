"""A check-in costs what its own posting has, whatever the planner knows of the day that has just begun."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.checkins.recording import record_check_ins
from tests.checkins.support import body, generally, id_made_at, submission

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
