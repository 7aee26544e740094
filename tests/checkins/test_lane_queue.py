"""Who is served together: those at the door at the same moment, and nobody waits for a timer."""

import asyncio
import sys
import time
from uuid import uuid4

import pytest

from app.checkins.lane_queue import LaneQueue


def served(settings, callers, enough, size=64, one_by_one=False):
    """The groups in which these accounts are served, each as often as it stands there. They call at the same moment, or
    each one turn of the loop after the one before.
    """
    groups: list[list] = []

    async def drive():
        def serve(group):
            groups.append([waiting.account_id for waiting in group])
            queue.post([(waiting, waiting.asked) for waiting in group])

        queue = LaneQueue("test", settings.model_copy(update={"lane_group_size": size}), serve, enough)

        async def call(number, account):
            for _ in range(number if one_by_one else 0):
                await asyncio.sleep(0)
            for _ in range(50 if one_by_one else 0):
                time.sleep(0)  # noqa: ASYNC251 - lets the queue's thread run, if anything has woken it
            return await queue.ask(account, number)

        # The last to call is made first, so that in each turn one calls before the queue looks who has come.
        waiting = [asyncio.ensure_future(call(*one)) for one in reversed(list(enumerate(callers)))]
        answers = (await asyncio.gather(*waiting))[::-1]
        await queue.close()
        return answers

    assert asyncio.run(asyncio.wait_for(drive(), 30)) == list(range(len(callers))), "each has its own answer"
    return groups


def everybody(groups):
    return [account for group in groups for account in group]


def test_a_lone_caller_is_served_alone(settings):
    somebody = uuid4()
    assert served(settings, [somebody], enough=sys.maxsize) == [[somebody]]


def test_all_who_are_at_the_door_are_served_together_where_no_number_is_enough_to_begin(settings):
    callers = [uuid4() for _ in range(30)]
    [group] = served(settings, callers, enough=sys.maxsize)
    assert sorted(group) == sorted(callers)


def test_who_is_still_coming_in_is_waited_for(settings):
    callers = [uuid4() for _ in range(20)]
    assert served(settings, callers, enough=sys.maxsize, one_by_one=True) == [callers]


def test_a_group_begins_when_enough_have_come_and_the_others_are_the_next(settings):
    callers = [uuid4() for _ in range(30)]
    groups = served(settings, callers, enough=10)
    assert sorted(everybody(groups)) == sorted(callers)
    assert len(groups[0]) >= 10


@pytest.mark.parametrize("enough", [1, 16, sys.maxsize])
def test_no_group_is_larger_than_the_setting_says(settings, enough):
    callers = [uuid4() for _ in range(30)]
    groups = served(settings, callers, enough, size=7)
    assert sorted(everybody(groups)) == sorted(callers)
    assert max(map(len, groups)) <= 7


@pytest.mark.parametrize("enough", [1, 2, sys.maxsize])
def test_a_second_call_of_an_account_is_in_a_later_group(settings, enough):
    ann, bob = uuid4(), uuid4()
    groups = served(settings, [ann, ann, bob, ann], enough)
    assert sorted(everybody(groups)) == sorted([ann, ann, bob, ann])
    assert all(group.count(ann) <= 1 for group in groups)


def test_who_comes_while_others_are_served_is_not_forgotten(settings):
    """Hundreds, one after the other's answer, so that the thread goes to rest and is woken at every possible moment."""

    async def drive():
        def serve(group):
            queue.post([(waiting, waiting.asked) for waiting in group])

        queue = LaneQueue("test", settings, serve, 16)

        async def caller(account):
            for number in range(300):
                assert await queue.ask(account, number) == number

        await asyncio.gather(*(caller(uuid4()) for _ in range(5)))
        await queue.close()

    asyncio.run(asyncio.wait_for(drive(), 60))
