"""What is kept between two batches is what the database still says."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.attendance.heads import take_heads
from app.checkins import kept, recording
from app.checkins.lane_group import ODD
from app.errors import Unavailable
from app.models import CalendarYear, CheckIn
from tests.checkins.support import body, generally, recorder_of, replace_fence, square, submission
from tests.support.world import CENTER, FOREIGN_VILLAGE, VILLAGE

CIRCLE = {"circle": {"lng": CENTER[0] + 1, "lat": CENTER[1], "radius_m": 1500}}
POLYGON = square(CENTER[0] + 1, CENTER[1])


def sent_by(world, clock, who="li", **changes):
    [(_, answer)] = generally(world, [submission(world, who, body() | changes)], clock())
    return answer


def draw(world, geometry, village=VILLAGE):
    with world.database.writing() as session:
        replace_fence(session, village, geometry, world.clock())


@pytest.mark.parametrize("before", [CIRCLE, POLYGON])
@pytest.mark.parametrize("after", [CIRCLE, POLYGON])
def test_a_fence_that_is_drawn_between_two_batches_holds_for_the_second(world, clock, before, after):
    assert sent_by(world, clock)["verdict"] == "inside"
    for drawn in (before, after):
        draw(world, drawn)
        assert sent_by(world, clock)["verdict"] == "outside"


@pytest.mark.parametrize("after", [CIRCLE, POLYGON])
def test_a_fence_that_is_drawn_while_a_batch_reads_is_what_it_is_judged_by(world, clock, monkeypatch, after):
    draw(world, square(*CENTER))
    load, read = kept.load_fences_by_id, []

    def drawn_before(session, ids):
        if not read:
            replace_fence(session, VILLAGE, after, clock())
            session.flush()
        read.append(ids := list(ids))
        return load(session, ids)

    monkeypatch.setattr(kept, "load_fences_by_id", drawn_before)
    assert sent_by(world, clock)["verdict"] == "outside"
    assert len(read) == (1 if after is CIRCLE else 2)


def test_a_batch_is_turned_away_where_fences_change_faster_than_they_can_be_read(world, clock, monkeypatch):
    draw(world, POLYGON)
    monkeypatch.setattr(kept, "load_fences_by_id", lambda _session, _ids: {})
    with pytest.raises(Unavailable):
        generally(world, [submission(world, "li", body())], clock())


def test_the_lane_hands_on_who_is_judged_by_a_fence_that_is_gone_when_it_is_read(world, clock, monkeypatch):
    draw(world, POLYGON)
    monkeypatch.setattr(kept, "load_fences_by_id", lambda _session, _ids: {})
    with recorder_of(world) as recorder:
        [outcome] = recorder.record([submission(world, "li", body())], clock())
    assert outcome is ODD


def test_more_polygons_than_are_kept_are_read_again(world, clock, monkeypatch):
    monkeypatch.setattr(kept, "POLYGONS_KEPT", 1)
    for village in (VILLAGE, FOREIGN_VILLAGE):
        draw(world, square(*CENTER), village)
    for who in ("li", "zhou", "li", "zhou"):
        assert sent_by(world, clock, who)["verdict"] == "inside"


def test_a_provision_that_is_entered_between_two_batches_holds_for_the_second(world, clock):
    first = sent_by(world, clock)
    world.provide("presence.max_accuracy_m", 10, clock().date())
    second = sent_by(world, clock)
    assert [first["reason"], second["reason"]] == ["inside", "accuracy_out_of_range"]


def test_a_calendar_that_is_loaded_between_two_batches_holds_for_the_second(world, clock):
    def day_status(who):
        return sent_by(world, clock, who, position=None)["day_status"]

    assert day_status("li") == "pending"
    days = {"off": [clock().date().isoformat()], "working": []}
    with world.database.writing() as session:
        session.add(CalendarYear(year=2026, days=days, loaded_at=clock(), source="放假通知"))
    assert day_status("zhou") == "rest"


@pytest.mark.parametrize("filed", [False, True])
def test_what_happens_to_a_month_that_is_over_until_its_days_are_taken_is_seen(world, clock, monkeypatch, filed):
    """Another's check-in of the same id, and the filing, come between the first look and the days."""
    clock.set("2026-12-01 08:00")
    made = body("2026-11-30T08:05:00+08:00")

    def taken_late(session, keys):
        if not happened:
            happened.append(True)
            generally_there(session)
        return take_heads(session, keys)

    def generally_there(session):
        monkeypatch.setattr(recording, "take_heads", take_heads)
        if filed:
            session.add(world.filing("2026-11", filed_at=clock() - timedelta(minutes=1)))
            session.flush()
        else:
            recording.record_check_ins(session, [submission(world, "li", made)], clock())

    happened = []
    monkeypatch.setattr(recording, "take_heads", taken_late)
    [(status, answer)] = generally(world, [submission(world, "li", made)], clock())
    assert (status, answer["counts"]) == ((201, False) if filed else (200, True))
    with world.database.reading() as session:
        assert len(session.scalars(select(CheckIn.id)).all()) == 1
