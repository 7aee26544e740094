"""Many requests at the same moment wait for one another, and none waits for ever."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.access import turns
from app.access.turns import Turns
from app.attendance.heads import take_heads
from app.errors import Unavailable
from tests.checkins.support import body
from tests.support.world import COUNTY

PHONES = 100
"""More than there are threads, and than twice the connections."""


def at_the_same_moment(ask):
    with ThreadPoolExecutor(PHONES) as phones:
        return list(phones.map(ask, range(PHONES)))


@pytest.mark.parametrize("who", ["li", "township_officer"])
def test_a_hundred_requests_at_the_same_moment_are_all_answered(world, who):
    signed_in = world.as_(who)
    answers = at_the_same_moment(lambda _: signed_in.get("/me"))
    assert {answer.status_code for answer in answers} == {200}


def test_a_hundred_phones_whose_signal_returns_at_the_same_moment_are_all_recorded(world):
    phone = world.as_("li")
    answers = at_the_same_moment(lambda _: phone.post("/check-ins/batch", {"items": [body()]}))
    assert [answer.json()["results"][0]["status"] for answer in answers] == [201] * PHONES


def test_who_only_reads_is_answered_while_a_hundred_wait_to_write(world):
    phone, officer = world.as_("li"), world.as_("township_officer")
    with ThreadPoolExecutor(PHONES) as phones:
        with world.database.writing() as session:
            take_heads(session, [(COUNTY, world.clock().date())])
            uploads = [phones.submit(phone.post, "/check-ins/batch", {"items": [body()]}) for _ in range(PHONES)]
            answers = [officer.get("/me").status_code for _ in range(PHONES)]
            assert not any(upload.done() for upload in uploads)
        assert [upload.result().json()["results"][0]["status"] for upload in uploads] == [201] * PHONES
    assert answers == [200] * PHONES


def test_turns_are_given_in_the_order_of_asking_and_no_more_at_once_than_there_are():
    at_work, order = [], []

    async def work(offered, number):
        async with offered.taken():
            at_work.append(number)
            order.append((number, len(at_work)))
            await asyncio.sleep(0)
            at_work.remove(number)

    async def all_of_them():
        offered = Turns(2)
        await asyncio.gather(*(work(offered, number) for number in range(7)))

    asyncio.run(all_of_them())
    assert [number for number, _ in order] == list(range(7))
    assert max(together for _, together in order) == 2


def test_a_turn_that_ends_with_an_error_is_given_to_the_next():
    async def drive():
        offered = Turns(1)
        with pytest.raises(OSError, match="gone"):
            async with offered.taken():
                raise OSError("gone")
        async with asyncio.timeout(5), offered.taken():
            return True

    assert asyncio.run(drive())


def test_whoever_would_wait_too_long_is_told_to_come_back(monkeypatch):
    monkeypatch.setattr(turns, "LONGEST_WAIT_SECONDS", 0.01)

    async def drive():
        offered = Turns(1)
        async with offered.taken():
            with pytest.raises(Unavailable) as refused:
                async with offered.taken():
                    pass
        async with offered.taken():
            return refused.value

    refusal = asyncio.run(drive())
    assert (refusal.code, refusal.headers["Retry-After"]) == ("busy", str(turns.RETRY_AFTER_SECONDS))
