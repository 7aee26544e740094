"""Who has filed, who still has time, who is late; and who may see it."""

from tests.support.world import (
    CITY,
    COUNTY,
    FOREIGN_COUNTY,
    FOREIGN_TOWNSHIP,
    SIBLING_TOWNSHIP,
    TOWNSHIP,
    VILLAGE,
)


def listed(world, who="county_officer", **query):
    answer = world.as_(who).get("/filings", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def states(world, who="county_officer", **query):
    return {item["area_code"]: item["state"] for item in listed(world, who, **query)}


def test_a_period_lists_every_township_with_those_that_have_not_filed(office, world, clock):
    assert set(states(world, period="2026-11-23").values()) == {"open"}
    office.close_until("2026-11-24 08:00")
    office.filed("2026-11-23")
    assert states(world, period="2026-11-23") == {TOWNSHIP: "filed", SIBLING_TOWNSHIP: "due"}
    clock.set("2026-11-24 12:31")
    assert states(world, period="2026-11-23") == {TOWNSHIP: "filed", SIBLING_TOWNSHIP: "late"}
    office.filed("2026-11-23", "sibling_township_officer", SIBLING_TOWNSHIP)
    items = listed(world, period="2026-11-23", area=SIBLING_TOWNSHIP)
    assert [(i["state"], i["state_label"]) for i in items] == [("filed_late", "逾期报送")]
    assert items[0]["filing"]["filed_at"] == "2026-11-24T12:31:00+08:00"
    assert [basis["key"] for basis in items[0]["basis"]] == ["filing.daily", "filing.daily_due_hours"]


def test_the_state_is_judged_at_the_close_and_at_the_time_allowed(world, clock):
    for instant, state in (
        ("2026-12-01 00:29", "open"),
        ("2026-12-01 00:30", "due"),
        ("2026-12-06 00:00", "due"),
        ("2026-12-06 00:01", "late"),
    ):
        clock.set(instant)
        assert set(states(world, period="2026-11").values()) == {state}, instant


def test_a_countys_own_time_allowed_is_what_its_townships_are_measured_by(office, world, clock):
    body = {"key": "filing.daily_due_hours", "value": 4, "in_force_from": "2026-11-23", "reading": "本县规定"}
    answer = world.as_("county_officer").post("/provisions", {**body, "area_code": COUNTY})
    assert answer.status_code == 201, answer.text
    clock.set("2026-11-24 05:00")
    assert states(world, "city_officer", period="2026-11-23") == {
        TOWNSHIP: "late",
        SIBLING_TOWNSHIP: "late",
        FOREIGN_TOWNSHIP: "due",
    }


def test_nobody_is_late_for_days_before_the_service_knew_of_anyone(world, clock):
    clock.set("2026-12-10 08:00")
    for period in ("2026-11-22", "2026-10", "2026-W47"):
        assert listed(world, period=period) == []
    assert set(states(world, period="2026-W48")) == {COUNTY}


def test_a_week_lists_counties(november, world, clock):
    november.filed("2026-W48", "county_officer", COUNTY)
    assert states(world, "city_officer", period="2026-W48") == {COUNTY: "filed", FOREIGN_COUNTY: "due"}
    clock.set("2026-12-02 00:01")
    assert states(world, "city_officer", period="2026-W48") == {COUNTY: "filed", FOREIGN_COUNTY: "late"}
    assert states(world, "county_officer", period="2026-W48") == {COUNTY: "filed"}
    assert states(world, "township_officer", period="2026-W48") == {}


SEEN = [
    ("township_officer", None, {TOWNSHIP}),
    ("township_officer", TOWNSHIP, {TOWNSHIP}),
    ("township_officer", VILLAGE, set()),
    ("county_officer", None, {TOWNSHIP, SIBLING_TOWNSHIP}),
    ("county_officer", SIBLING_TOWNSHIP, {SIBLING_TOWNSHIP}),
    ("city_officer", CITY, {TOWNSHIP, SIBLING_TOWNSHIP, FOREIGN_TOWNSHIP}),
    ("foreign_county_officer", None, {FOREIGN_TOWNSHIP}),
]


def test_an_office_sees_the_filings_of_its_own_area(world):
    for who, area, seen in SEEN:
        query = {"period": "2026-11-23"} | ({"area": area} if area else {})
        assert set(states(world, who, **query)) == seen, (who, area)


UNSEEN = [
    ("township_officer", COUNTY, 404),
    ("township_officer", SIBLING_TOWNSHIP, 404),
    ("county_officer", FOREIGN_COUNTY, 404),
    ("county_officer", "990101009000", 404),
    ("cadre", TOWNSHIP, 403),
    ("unit_officer", TOWNSHIP, 403),
    ("dashboard", COUNTY, 403),
    ("admin", COUNTY, 403),
]


def test_whoever_is_no_office_of_the_area_sees_none(world):
    for who, area, status in UNSEEN:
        for query in (f"?area={area}", f"?area={area}&period=2026-11"):
            assert world.as_(who).get(f"/filings{query}").status_code == status, (who, query)


def test_one_filing_is_read_by_the_offices_above_it_and_by_nobody_else(november, world):
    township, county = november.filed("2026-11"), november.filed("2026-W48", "county_officer", COUNTY)
    missing = world.as_("county_officer").get("/filings/01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b11")
    assert missing.status_code == 404
    allowed = {
        township["id"]: {"township_officer", "county_officer", "city_officer"},
        county["id"]: {"county_officer", "city_officer"},
    }
    offices = (
        "township_officer",
        "sibling_township_officer",
        "county_officer",
        "foreign_county_officer",
        "city_officer",
    )
    for filing_id, readers in allowed.items():
        for who in offices:
            answer = world.as_(who).get(f"/filings/{filing_id}")
            assert answer.status_code == (200 if who in readers else 404), (who, filing_id)
            if who not in readers:
                assert {**answer.json(), "trace_id": ""} == {**missing.json(), "trace_id": ""}
    for who in ("cadre", "unit_officer", "dashboard", "admin"):
        assert world.as_(who).get(f"/filings/{township['id']}").status_code == 403


def test_without_a_period_everything_filed_is_listed_newest_first_page_by_page(november, world):
    ids = [november.filed(period)["id"] for period in ("2026-11-23", "2026-11-24", "2026-11")]
    ids.append(november.filed("2026-W48", "county_officer", COUNTY)["id"])
    november.filed("2026-11", "foreign_township_officer", FOREIGN_TOWNSHIP)
    seen, query = [], "/filings?limit=3"
    while query:
        page = world.as_("county_officer").get(query).json()
        seen += [item["filing"]["id"] for item in page["items"]]
        query = f"/filings?limit=3&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert seen == ids[::-1]
    assert [item["filing"]["id"] for item in listed(world, "township_officer")] == ids[2::-1]


def test_a_period_of_many_townships_is_read_page_by_page(world):
    first = world.as_("city_officer").get("/filings?period=2026-11-23&limit=2").json()
    cursor = first["next_cursor"]
    second = world.as_("city_officer").get(f"/filings?period=2026-11-23&limit=2&cursor={cursor}").json()
    pages = [[item["area_code"] for item in page["items"]] for page in (first, second)]
    assert pages == [[TOWNSHIP, SIBLING_TOWNSHIP], [FOREIGN_TOWNSHIP]]
