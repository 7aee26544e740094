"""An id that a phone sends again is found, whatever it says of when it was made."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.checkins.ids import ANY_DAY, days_of, days_of_all, is_stray
from app.clock import SHANGHAI, business_day
from app.models import CheckIn, StrayCheckIn
from tests.checkins.support import METRE_NORTH, body, generally, id_made_at, in_lane, recorder_of, submission
from tests.support.world import CENTER

NOW = datetime(2026, 11, 23, 8, 5, tzinfo=SHANGHAI)
TODAY = NOW.date()
LAST_OF_ALL = UUID("ffffffff-ffff-7fff-bfff-ffffffffffff")

IDS = {
    "random": uuid4(),
    "nil": UUID(int=0),
    "made now": id_made_at(NOW),
    "made when it was uploaded, a week later": id_made_at(NOW + timedelta(days=7)),
    "made a day too late for that": id_made_at(NOW + timedelta(days=8)),
    "made yesterday": id_made_at(NOW - timedelta(days=1)),
    "made the day before": id_made_at(NOW - timedelta(days=2)),
    "made in 1970": id_made_at(datetime.fromtimestamp(0, UTC)),
    "made in 2099": id_made_at(datetime(2099, 12, 31, tzinfo=UTC)),
    "made beyond all dates": LAST_OF_ALL,
}


@pytest.fixture(params=["lane", "general", "lane, then general", "general, then lane"])
def ways(request, world):
    """How the first and the second sending are recorded."""
    with recorder_of(world) as recorder:
        known = {
            "lane": lambda sent, now: in_lane(recorder, world, sent, now),
            "general": lambda sent, now: generally(world, sent, now),
        }
        first, _, second = request.param.partition(", then ")
        yield known[first], known[second or first]


@pytest.mark.parametrize("made", IDS)
def test_the_same_check_in_is_one_and_another_under_its_id_is_refused(world, clock, ways, made):
    first, second = ways
    sent = body() | {"id": str(IDS[made])}
    [(created, _)] = first([submission(world, "li", sent)], clock())
    [(again, _)] = second([submission(world, "li", sent)], clock())
    [(another, code)] = second([submission(world, "li", sent | {"note": "别的"})], clock())
    [(anothers, _)] = second([submission(world, "zhou", sent)], clock())
    assert (created, again, another, anothers, code) == (201, 200, 409, 409, "id_reused")
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CheckIn)) == 1


def test_what_is_sent_again_is_answered_alike_to_the_last_digit(world, clock, ways):
    first, second = ways
    for metres in (17, 1234, 2116, 98765):
        lng, lat = CENTER
        place = {"lng": lng, "lat": lat + metres * METRE_NORTH, "datum": "wgs84", "accuracy_m": 12.0}
        sent = body() | {"id": str(uuid4()), "position": place}
        [(_, answer)] = first([submission(world, "li", sent)], clock())
        [(_, again)] = second([submission(world, "li", sent)], clock())
        assert again == answer


def test_an_id_of_today_that_was_spent_on_an_old_check_in_is_refused_for_one_of_today(world, clock, ways):
    first, second = ways
    uploaded = body((NOW - timedelta(days=9)).isoformat()) | {"id": str(id_made_at(NOW))}
    [(created, _)] = first([submission(world, "li", uploaded)], clock())
    [(another, code)] = second([submission(world, "li", body() | {"id": uploaded["id"]})], clock())
    assert (created, another, code) == (201, 409, "id_reused")


@pytest.mark.parametrize("made", IDS)
def test_only_ids_that_tell_of_other_days_are_written_down(world, clock, made):
    generally(world, [submission(world, "li", body() | {"id": str(IDS[made])})], clock())
    with world.database.reading() as session:
        strays = [(row.id, row.date) for row in session.scalars(select(StrayCheckIn))]
    expected = made in ("made a day too late for that", "made the day before", "made in 1970", "made in 2099")
    assert strays == ([(IDS[made], TODAY)] if expected else [])


@given(
    made_at=st.integers(86_400, 253_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    off=st.integers(-30, 30),
)
def test_an_id_tells_of_the_week_before_it_was_made_and_the_day_after(made_at, off):
    day = business_day(made_at) + timedelta(days=off)
    assert is_stray(id_made_at(made_at), day) == (not -7 <= off <= 1)


def test_the_day_that_an_id_tells_changes_at_midnight_in_china():
    midnight = datetime(2026, 11, 23, tzinfo=SHANGHAI)
    before, after = (days_of(id_made_at(midnight + timedelta(milliseconds=ms))) for ms in (-1, 0))
    assert before == (date(2026, 11, 15), date(2026, 11, 23))
    assert after == (date(2026, 11, 16), date(2026, 11, 24))


def test_one_id_that_tells_nothing_has_all_days_looked_through():
    told = id_made_at(NOW)
    assert days_of_all([told, id_made_at(NOW + timedelta(days=3))]) == (date(2026, 11, 16), date(2026, 11, 27))
    assert days_of_all([told, uuid4()]) == ANY_DAY
    assert days_of_all([LAST_OF_ALL]) == ANY_DAY
