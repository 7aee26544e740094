"""Whole months that every county has closed are read from the months' roll-ups, and say what their days say."""

from collections import Counter

import pytest

from app.attendance.close import close_due_days
from app.attendance.rollups import NUMBERS
from tests.checkins.test_checkins import body
from tests.stats.test_etags import changes, statements
from tests.support.world import CITY, COUNTY, World

DECEMBER = "from=2026-12-01&to=2026-12-31"
DAY_TABLES = ("day_heads", "day_entries", "county_rollups", "team_rollups")


@pytest.fixture
def closed(world: World, clock) -> World:
    """December with some presence and a correction, closed to its end."""
    for day in ("2026-12-01", "2026-12-02", "2026-12-30"):
        clock.set(f"{day} 08:05")
        assert world.as_("li").post("/check-ins", body(f"{day}T08:00:00+08:00")).status_code == 201
    clock.set("2027-01-01 09:00")
    close_due_days(world.database, clock())
    correct(world, "2026-12-03", "official")
    return world


def correct(world: World, day: str, status: str) -> None:
    entry = {"posting_id": str(world.postings["wang"]), "date": day, "status": status, "reason": "核实"}
    answer = world.as_("county_officer").post("/days/corrections", entry)
    assert answer.status_code < 300, answer.text


def rows(world: World, query: str, who: str = "city_officer") -> list[dict]:
    answer = world.as_(who).get(f"/stats/attendance?envelope=false&{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def summed(found: list[dict]) -> Counter:
    total: Counter[str] = Counter()
    for row in found:
        total.update({name: row[name] for name in NUMBERS})
    return total


@pytest.mark.parametrize("area", [CITY, COUNTY])
@pytest.mark.parametrize("by", ["month", "area"])
def test_a_month_says_what_its_days_say_also_after_a_correction(closed, area, by):
    for status in ("absent", "on_post"):
        correct(closed, "2026-12-04", status)
        days = rows(closed, f"area={area}&{DECEMBER}&by=day")
        assert len(days) == 31
        assert summed(rows(closed, f"area={area}&{DECEMBER}&by={by}")) == summed(days)


@pytest.mark.parametrize("by", ["month", "area"])
def test_no_day_is_looked_at_for_it(closed, by):
    path = f"/stats/attendance?area={CITY}&{DECEMBER}&by={by}"
    with statements(closed) as seen:
        assert closed.as_("city_officer").get(path).status_code == 200
    assert [statement for statement in seen if "county_months" in statement]
    assert not [statement for statement in seen if any(table in statement for table in DAY_TABLES)]


def test_a_month_with_an_open_day_is_counted_day_by_day(closed, clock):
    clock.set("2027-01-20 09:00")
    close_due_days(closed.database, clock())
    question = f"area={CITY}&from=2026-12-01&to=2027-01-31"
    assert summed(rows(closed, f"{question}&by=month")) == summed(rows(closed, f"{question}&by=day"))
    january = [row for row in rows(closed, f"{question}&by=month") if row["period"] == "2027-01"]
    assert january[0]["pending"] > 0


def test_a_correction_moves_the_tag_and_one_of_another_month_does_not(closed):
    path = f"/stats/attendance?area={CITY}&{DECEMBER}&by=month"
    assert changes(closed, path, lambda: correct(closed, "2026-12-07", "official"), "city_officer")
    assert not changes(closed, path, lambda: correct(closed, "2026-11-27", "official"), "city_officer")
