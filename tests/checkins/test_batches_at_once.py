"""A phone's batch among others who write to the same days, and beside itself."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import insert, select, text

from app.attendance.close import close_due_days
from app.attendance.heads import take_heads
from app.models import CheckIn, CountyMonth, DeviceUse
from tests.checkins.support import body
from tests.support.waiting import wait_until_blocked
from tests.support.world import COUNTY

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
"""An embedded database has one writer."""
TUESDAY = date(2026, 11, 24)


@pytest.fixture
def wednesday(world, clock, database):
    """Monday and Tuesday are closed, and nobody was there."""
    clock.set("2026-11-25 09:00")
    close_due_days(database, clock())
    return world


@pytest.fixture
def held(wednesday):
    """Somebody holds the county's Tuesday."""
    with wednesday.database.writing() as session:
        take_heads(session, [(COUNTY, TUESDAY)])
        yield session


def upload(world, items):
    return world.as_("li").post("/check-ins/batch", {"items": items})


def statuses(answer) -> Counter[int]:
    assert answer.status_code == 200, answer.text
    return Counter(item["status"] for item in answer.json()["results"])


@pytest.mark.parametrize("earlier", ["2026-11-23", "2026-10-10"], ids=["within a month", "over more than a month"])
def test_a_batch_that_waits_for_a_day_has_nothing_that_whoever_holds_it_may_need(wednesday, held, earlier):
    items = [body(f"{day}T09:00:00+08:00") | {"device_id": "new"} for day in (earlier, "2026-11-23", "2026-11-24")]
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(upload, wednesday, items)
        wait_until_blocked(wednesday.database, 1)
        held.execute(text("SET LOCAL lock_timeout = 1000"))
        use = {"device_id": "new", "account_id": wednesday.accounts["li"], "first_seen_at": wednesday.clock()}
        held.execute(insert(DeviceUse), use)
        month = select(CountyMonth).where(CountyMonth.county_code == COUNTY, CountyMonth.date == date(2026, 11, 1))
        held.execute(month.with_for_update()).one()
        held.commit()
        assert statuses(answer.result()) == {201: 3}


def test_a_batch_that_is_sent_again_while_it_is_recorded_is_recorded_once_and_both_are_told(wednesday, held):
    items = [body(f"2026-11-{day}T09:00:00+08:00") for day in (23, 24, 25)]
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(upload, wednesday, items) for _ in range(2)]
        wait_until_blocked(wednesday.database, 2)
        held.commit()
        told = [statuses(answer.result()) for answer in answers]
    assert sorted(told, key=str) == [{200: 3}, {201: 3}]
    with wednesday.database.reading() as session:
        assert len(session.scalars(select(CheckIn.id)).all()) == 3
