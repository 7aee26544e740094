"""第九条（二）: who approves, by calendar days and by who sent the cadre."""

from datetime import date, timedelta

import pytest

from app.models import CalendarYear
from tests.leaves.support import MONDAY, ask, body, decide, grant, offices

FRIDAY = date(2026, 11, 27)
NEXT_MONDAY = date(2026, 11, 30)

SENT_BY = {"county": "li", "city": "qian", "province": "wu"}


def expected_offices(days: int, level: str) -> set[str]:
    if days <= 7:
        return {"township"}
    if days <= 15:
        return {"county"}
    return {"city", "unit"} if level == "city" else {"county", "unit"}


def load_year(database, clock, year: int, *, off=(), working=()) -> None:
    days = {"off": [day.isoformat() for day in off], "working": [day.isoformat() for day in working]}
    with database.writing() as session:
        session.add(CalendarYear(year=year, days=days, source="国办发明电", loaded_by=None, loaded_at=clock()))


@pytest.mark.parametrize("level", ["county", "city", "province"])
def test_every_number_of_days_goes_to_the_offices_of_the_table(offices_world, level):
    cadre = offices_world.as_(SENT_BY[level])
    routes = {days: set(offices(cadre.post("/leaves/preview", body(MONDAY, days)).json())) for days in range(1, 36)}
    assert routes == {days: expected_offices(days, level) for days in range(1, 36)}


@pytest.mark.parametrize(
    ("days", "level", "route"),
    [
        (7, "county", ["township"]),
        (8, "county", ["county"]),
        (15, "city", ["county"]),
        (16, "city", ["city", "unit"]),
        (16, "county", ["county", "unit"]),
        (16, "province", ["county", "unit"]),
    ],
)
def test_the_request_that_is_made_takes_the_route_of_the_table(offices_world, days, level, route):
    leave = ask(offices_world, SENT_BY[level], days=days)
    assert offices(leave) == route
    assert [step["state"] for step in leave["route"]] == ["open"] * len(route)
    assert (leave["days"], leave["counted_days"], leave["adjoining"]) == (days, days, [])


def test_the_route_names_its_article_and_quote(world):
    basis = ask(world, days=3)["basis"]
    quoted = [item for item in basis if item["quote"]]
    assert any("一周以内" in item["quote"] for item in quoted)
    assert all(item["article"].startswith("第九条") for item in quoted)


@pytest.mark.parametrize("level", ["county", "province"])
def test_where_the_text_is_silent_the_route_says_that_it_rests_on_a_reading(offices_world, level):
    silent = ask(offices_world, SENT_BY[level], days=16)["basis"]
    assert [item["quote"] for item in silent] == [None]
    assert any("reading: the text is silent" in (item["reading_en"] or "") for item in silent)
    spoken = ask(offices_world, SENT_BY["city"], days=16)["basis"]
    assert not any("reading: the text is silent" in (item["reading_en"] or "") for item in spoken)


def test_a_long_leave_cannot_be_split_below_a_threshold(world):
    first = ask(world, days=7)
    second = ask(world, starts_on=MONDAY + timedelta(days=7), days=1)
    assert offices(first) == ["township"]
    assert offices(second) == ["county"]
    assert (second["days"], second["counted_days"], second["adjoining"]) == (1, 8, [first["id"]])
    assert {item["key"] for item in second["basis"]} == {"leave.county_days", "leave.adjoining_adds_up"}


def test_a_request_that_joins_two_others_counts_all_three(world):
    first = ask(world, days=5)
    third = ask(world, starts_on=MONDAY + timedelta(days=10), days=5)
    assert offices(third) == ["township"]
    second = ask(world, starts_on=MONDAY + timedelta(days=5), days=5)
    assert second["counted_days"] == 15
    assert set(second["adjoining"]) == {first["id"], third["id"]}
    assert offices(second) == ["county"]


def test_a_chain_of_short_requests_reaches_the_highest_tier(world):
    starts = [MONDAY + timedelta(days=4 * number) for number in range(4)]
    leaves = [ask(world, starts_on=start, days=4) for start in starts]
    assert [leave["counted_days"] for leave in leaves] == [4, 8, 12, 16]
    assert [offices(leave) for leave in leaves] == [["township"], ["county"], ["county"], ["county", "unit"]]


def test_an_extension_goes_to_the_office_for_the_whole_absence(world):
    leave = ask(world, days=7)
    grant(world, leave, "township_officer")
    extension = ask(world, starts_on=MONDAY + timedelta(days=7), days=9)
    assert extension["counted_days"] == 16
    assert offices(extension) == ["county", "unit"]
    assert world.as_("li").get(f"/leaves/{leave['id']}").json()["state"] == "approved"


def test_requests_on_both_sides_of_a_weekend_adjoin(world):
    before = ask(world, starts_on=MONDAY, days=5)
    after = ask(world, starts_on=NEXT_MONDAY, days=3)
    assert after["adjoining"] == [before["id"]]
    assert after["counted_days"] == 8
    assert offices(after) == ["county"]


def test_a_working_day_between_two_requests_keeps_them_apart(world):
    ask(world, starts_on=MONDAY, days=4)
    after = ask(world, starts_on=NEXT_MONDAY, days=4)
    assert (after["counted_days"], after["adjoining"], offices(after)) == (4, [], ["township"])


def test_requests_on_both_sides_of_a_published_holiday_adjoin(world, database, clock):
    holiday = [NEXT_MONDAY + timedelta(days=number) for number in range(3)]
    load_year(database, clock, 2026, off=holiday)
    before = ask(world, starts_on=MONDAY, days=5)
    after = ask(world, starts_on=NEXT_MONDAY + timedelta(days=3), days=3)
    assert after["adjoining"] == [before["id"]]
    assert after["calendar_assumed"] is False
    assert offices(after) == ["county"]


def test_a_weekend_that_is_worked_keeps_two_requests_apart(world, database, clock):
    load_year(database, clock, 2026, working=[FRIDAY + timedelta(days=1)])
    ask(world, starts_on=MONDAY, days=5)
    after = ask(world, starts_on=NEXT_MONDAY, days=5)
    assert (after["counted_days"], after["adjoining"]) == (5, [])


def test_a_gap_in_a_year_without_a_calendar_is_marked_as_assumed(world):
    ask(world, starts_on=MONDAY, days=5)
    assert ask(world, starts_on=NEXT_MONDAY, days=3)["calendar_assumed"] is True


def test_a_gap_that_an_unpublished_calendar_could_close_is_marked_as_assumed(world, database, clock):
    """Thursday and Friday might yet turn out a holiday; once the year is published they are known to be worked."""
    ask(world, starts_on=MONDAY, days=3)
    after = body(NEXT_MONDAY, 3)
    assert world.as_("li").post("/leaves/preview", after).json()["calendar_assumed"] is True
    load_year(database, clock, 2026)
    assert world.as_("li").post("/leaves/preview", after).json()["calendar_assumed"] is False


def test_a_county_that_does_not_add_up_takes_each_request_by_itself(world):
    text = {"reading": "各次请假分别计算", "approval_document": "青扶组〔2026〕1号"}
    world.provide("leave.adjoining_adds_up", False, MONDAY, **text)
    ask(world, days=7)
    apart = ask(world, starts_on=MONDAY + timedelta(days=7), days=7)
    assert (apart["counted_days"], apart["adjoining"], offices(apart)) == (7, [], ["township"])


def test_a_county_that_leaves_less_to_its_townships_is_followed(world):
    world.provide("leave.township_days", 3, MONDAY, article="云驻村办〔2026〕3号", quote="三天以内由乡镇批准")
    assert offices(world.as_("li").post("/leaves/preview", body(MONDAY, 3)).json()) == ["township"]
    leave = ask(world, days=4)
    assert offices(leave) == ["county"]


def test_without_a_neighbour_nothing_rests_on_the_calendar(world):
    assert ask(world, days=3)["calendar_assumed"] is False


def test_adjoining_works_across_the_years_end(world):
    before = ask(world, starts_on=date(2026, 12, 25), days=7)
    after = ask(world, starts_on=date(2027, 1, 1), days=1)
    assert after["adjoining"] == [before["id"]]
    assert offices(after) == ["county"]


@pytest.mark.parametrize("end", ["withdraw", "reject"])
def test_a_request_that_came_to_nothing_is_not_added_up(world, end):
    first = ask(world, days=7)
    if end == "withdraw":
        assert world.as_("li").post(f"/leaves/{first['id']}/withdraw").status_code == 200
    else:
        assert decide(world, "township_officer", first, "reject").status_code == 200
    second = ask(world, starts_on=MONDAY + timedelta(days=7), days=7)
    assert (second["counted_days"], offices(second)) == (7, ["township"])


def test_after_an_early_return_only_the_days_that_were_taken_are_added_up(world, clock):
    first = ask(world, days=7)
    grant(world, first, "township_officer")
    clock.set("2026-11-25 18:00")
    world.as_("li").post(f"/leaves/{first['id']}/return", {"returned_on": "2026-11-25"})
    apart = ask(world, starts_on=NEXT_MONDAY, days=7)
    assert (apart["counted_days"], apart["adjoining"]) == (7, [])


def test_the_leave_of_another_cadre_is_not_added_up(world):
    ask(world, "wang", days=7)
    leave = ask(world, starts_on=MONDAY + timedelta(days=7), days=7)
    assert (leave["counted_days"], leave["adjoining"]) == (7, [])


def test_a_route_stays_as_it_was_frozen_when_a_neighbour_is_withdrawn(world):
    first = ask(world, days=7)
    second = ask(world, starts_on=MONDAY + timedelta(days=7), days=7)
    world.as_("li").post(f"/leaves/{first['id']}/withdraw")
    again = world.as_("li").get(f"/leaves/{second['id']}").json()
    assert (again["route"], again["counted_days"]) == (second["route"], 14)
