"""Whoever wants to write to an embedded database stands in a line."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.waiting_line import WaitingLine


def in_line(line: WaitingLine, pool: ThreadPoolExecutor, served: list[str], name: str, *, next_please: bool = False):
    """Somebody who stands in the line now."""

    def come() -> None:
        with line.turn(next_please=next_please):
            served.append(name)

    before = len(line)
    coming = pool.submit(come)
    pause = threading.Event()
    while len(line) == before:
        pause.wait(0.001)
    return coming


def test_the_turn_goes_to_who_came_first_and_a_group_is_next():
    line, served = WaitingLine(10), []
    with ThreadPoolExecutor(6) as pool, line.turn():
        for name in ("first", "second", "third"):
            in_line(line, pool, served, name)
        in_line(line, pool, served, "group", next_please=True)
    assert served == ["group", "first", "second", "third"]


def test_between_two_groups_somebody_else_has_a_turn():
    line, served = WaitingLine(10), []
    with ThreadPoolExecutor(6) as pool:
        line.take(next_please=True)
        in_line(line, pool, served, "first")
        line.give_back()
        with line.turn(next_please=True):
            assert served == ["first"]


def test_whoever_waits_too_long_leaves_the_line_and_the_next_is_served():
    line, served = WaitingLine(0.05), []
    with ThreadPoolExecutor(2) as pool:
        with line.turn():
            impatient = in_line(line, pool, served, "impatient")
            with pytest.raises(PoolTimeoutError):
                impatient.result()
        assert len(line) == 0
        with line.turn():
            served.append("next")
    assert served == ["next"]
