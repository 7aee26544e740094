"""Whoever wants to write to an embedded database stands in a line."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.models import CheckIn
from app.waiting_line import WaitingLine
from tests.checkins.support import body, recorder_of, submission


def come(line: WaitingLine, served: list[str], name: str, *, next_please: bool = False) -> None:
    with line.turn(next_please=next_please):
        served.append(name)


def standing(line: WaitingLine, pool: ThreadPoolExecutor, act: Callable[..., object], *given, **more) -> Future:
    """Somebody who comes, and stands in the line now."""
    before = len(line)
    coming = pool.submit(act, *given, **more)
    pause = threading.Event()
    while len(line) == before and not coming.done():
        pause.wait(0.001)
    return coming


def test_the_turn_goes_to_who_came_first_and_a_group_is_next():
    line, served = WaitingLine(10), []
    with ThreadPoolExecutor(6) as pool, line.turn():
        for name in ("first", "second", "third"):
            standing(line, pool, come, line, served, name)
        standing(line, pool, come, line, served, "group", next_please=True)
    assert served == ["group", "first", "second", "third"]


def test_between_two_groups_somebody_else_has_a_turn():
    line, served = WaitingLine(10), []
    with ThreadPoolExecutor(6) as pool:
        line.take(next_please=True)
        standing(line, pool, come, line, served, "first")
        line.give_back()
        with line.turn(next_please=True):
            assert served == ["first"]


def test_whoever_waits_too_long_leaves_the_line_and_the_next_is_served():
    line, served = WaitingLine(0.05), []
    with ThreadPoolExecutor(2) as pool:
        with line.turn():
            impatient = standing(line, pool, come, line, served, "impatient")
            with pytest.raises(PoolTimeoutError):
                impatient.result()
        assert len(line) == 0
        with line.turn():
            served.append("next")
    assert served == ["next"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_group_of_check_ins_is_recorded_before_whoever_else_waits_to_write(world, clock):
    line, recorded_by_then = world.database.line, []

    def officer() -> None:
        with world.database.writing() as session:
            recorded_by_then.append(session.scalar(select(func.count()).select_from(CheckIn)))

    with recorder_of(world) as recorder, ThreadPoolExecutor(3) as pool:
        with world.database.writing():
            for _ in range(2):
                standing(line, pool, officer)
            group = standing(line, pool, recorder.record, [submission(world, "li", body())], clock())
        assert [answer.status for answer in group.result()] == [201]
    assert recorded_by_then == [1, 1]
