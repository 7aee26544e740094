"""Calendars over HTTP: loading a year, and the days that it judges again."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from app.attendance.close import close_due_days
from app.models import AuditEvent, CalendarYear, CountyRollup, DayEntry, DayRevision, Posting
from app.policy.calendar import make_year
from app.provisions.calendar import load_year
from tests.attendance.test_flags_from_days import flags
from tests.support.counts import raw_counts
from tests.support.world import FOREIGN_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP

HOLIDAY_CN = {
    "$schema": "https://example.invalid/schema.json",
    "$id": "https://example.invalid/2026.json",
    "year": 2026,
    "papers": ["https://example.invalid/notice.htm"],
    "days": [
        {"name": "元旦", "date": "2025-12-28", "isOffDay": False},
        {"name": "元旦", "date": "2026-01-01", "isOffDay": True},
        {"name": "虚构节", "date": "2026-11-24", "isOffDay": True},
        {"name": "虚构节", "date": "2026-11-28", "isOffDay": False},
    ],
}
OWN_SHAPE = {"off": ["2026-01-01", "2026-11-24"], "working": ["2025-12-28", "2026-11-28"], "source": "国办发明电"}


@pytest.fixture
def only_county(database):
    """Nobody is posted in the foreign county."""
    with database.writing() as session:
        for posting in session.scalars(select(Posting).where(Posting.county_code == FOREIGN_COUNTY)):
            session.delete(posting)


@pytest.fixture
def closed_week(world, database, clock, only_county):
    """Monday 23 to Sunday 29 November, closed; nobody has checked in."""
    clock.set("2026-11-30 00:30")
    close_due_days(database, clock())
    return world


def put(world, body, year=2026, who="county_officer"):
    return world.as_(who).put(f"/calendar/{year}", body)


def week_of(world, who="wang"):
    path = f"/postings/{world.postings[who]}/days?from=2026-11-23&to=2026-11-29"
    return world.as_("county_officer").get(path).json()["items"]


def statuses(world, who="wang"):
    return [item["status"] for item in week_of(world, who)]


def explained(world, day, who="wang"):
    return world.as_("county_officer").get(f"/postings/{world.postings[who]}/days/{day}").json()


def test_a_year_that_is_not_loaded_is_assumed_and_says_so_to_everybody(world):
    for who in ("cadre", "township_officer", "city_officer", "unit_officer", "dashboard", "admin"):
        answer = world.as_(who).get("/calendar/2027")
        assert (answer.status_code, answer.json()["assumed"], answer.json()["off"]) == (200, True, []), who
    assert world.as_("cadre").get("/calendar/1999").status_code == 422


@pytest.mark.parametrize(("sent", "source"), [(HOLIDAY_CN, HOLIDAY_CN["papers"][0]), (OWN_SHAPE, "国办发明电")])
def test_both_shapes_load_the_same_year_with_its_days_in_the_year_before(world, sent, source):
    loaded = put(world, sent)
    assert loaded.status_code == 200, loaded.text
    year = world.as_("cadre").get("/calendar/2026").json()
    assert (year["assumed"], year["source"]) == (False, source)
    assert (year["off"], year["working"]) == (["2026-01-01", "2026-11-24"], ["2025-12-28", "2026-11-28"])


def test_only_the_county_loads_a_year(world):
    for who in ("cadre", "township_officer", "city_officer", "unit_officer", "dashboard", "admin"):
        assert put(world, OWN_SHAPE, who=who).status_code == 403, who


FAULTS = (
    ({**OWN_SHAPE, "year": 2027}, "/year"),
    ({**OWN_SHAPE, "off": []}, "/off"),
    ({**OWN_SHAPE, "off": ["2027-02-01"]}, "/off"),
    ({**OWN_SHAPE, "off": ["2026-01-01", "2026-01-01"]}, "/off"),
    ({**OWN_SHAPE, "working": ["2026-01-01"]}, "/off"),
    ({**OWN_SHAPE, "off": ["someday"]}, "/off/0"),
    ({**OWN_SHAPE, "holidays": []}, "/holidays"),
    ({**OWN_SHAPE, "days": HOLIDAY_CN["days"]}, ""),
    ({}, ""),
    ({"year": 2026, "days": [{"date": "2026-01-01", "isOffDay": "false"}]}, "/days/0/isOffDay"),
    ({"year": 2026, "days": [{"date": "2026-01-01"}]}, "/days/0/isOffDay"),
    ({"year": 2026, "days": [{"name": "元旦", "date": "2026-01-01", "isOffDay": False}]}, "/days"),
)


def test_what_is_no_calendar_is_refused_with_its_place_and_changes_nothing(world, database):
    for sent, pointer in FAULTS:
        answer = put(world, sent)
        assert answer.status_code == 422, sent
        assert answer.json()["errors"][0]["pointer"] == pointer, sent
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CalendarYear)) == 0


def test_loading_a_year_judges_its_closed_days_again_with_a_revision_that_says_why(closed_week):
    assert statuses(closed_week) == ["absent"] * 5 + ["rest"] * 2
    assert explained(closed_week, "2026-11-24")["exceptions"] == ["calendar_assumed"]
    answer = put(closed_week, OWN_SHAPE).json()
    assert answer["days_changed"] == 7 * 4, "every day loses its assumption"
    assert statuses(closed_week) == ["absent", "rest", "absent", "absent", "absent", "absent", "rest"]
    tuesday = explained(closed_week, "2026-11-24")
    assert (tuesday["exceptions"], tuesday["calendar_assumed"]) == ([], False)
    last = tuesday["revisions"][-1]
    assert (last["cause"], last["reason"], last["by"]["role"]) == ("calendar", "国办发明电", "county_officer")
    assert [revision["status"] for revision in tuesday["revisions"]] == ["absent", "rest"]


def test_the_roll_ups_follow_the_days(closed_week, database):
    put(closed_week, OWN_SHAPE)
    with database.reading() as session:
        counted = session.execute(raw_counts(DayEntry.county_code, DayEntry.date)).all()
        names = [*CountyRollup.__table__.columns.keys()]
        stored = [tuple(getattr(row, name) for name in names) for row in session.scalars(select(CountyRollup))]
    order = [
        "county_code",
        "date",
        "people",
        "on_post",
        "official",
        "leave",
        "rest",
        "absent",
        "pending",
        "unconfirmed",
    ]
    assert names == order
    assert sorted(map(tuple, counted)) == sorted(stored)


def test_a_correction_of_the_year_touches_only_the_days_that_it_tells_otherwise(closed_week, database):
    put(closed_week, OWN_SHAPE)
    with database.reading() as session:
        before = session.scalar(select(func.count()).select_from(DayRevision))
    answer = put(closed_week, {**OWN_SHAPE, "off": ["2026-01-01", "2026-11-25"]}).json()
    assert answer["days_changed"] == 2 * 4
    assert statuses(closed_week) == ["absent", "absent", "rest", "absent", "absent", "absent", "rest"]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(DayRevision)) == before + 2 * 4


def test_the_same_year_again_changes_nothing(closed_week, database):
    put(closed_week, OWN_SHAPE)
    assert put(closed_week, HOLIDAY_CN).json()["days_changed"] == 0
    with database.reading() as session:
        loads = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "calendar.loaded")
        assert session.scalar(loads) == 1


def test_a_confirmed_absence_that_turns_out_a_holiday_is_no_longer_confirmed(closed_week):
    officer = closed_week.as_("township_officer")
    officer.post("/days/confirmations", {"date": "2026-11-24", "area_code": TOWNSHIP})
    officer.post("/days/confirmations", {"date": "2026-11-23", "area_code": TOWNSHIP})
    put(closed_week, OWN_SHAPE)
    assert [item["confirmed"] for item in week_of(closed_week)[:2]] == [True, False]


def test_presence_stays_presence_on_a_holiday(world, database, clock, only_county):
    clock.set("2026-11-24 09:00")
    entry = {"posting_id": str(world.postings["wang"]), "date": "2026-11-24", "source": "visit", "note": "走访"}
    world.as_("township_officer").post("/registrations", entry)
    clock.set("2026-11-30 00:30")
    close_due_days(database, clock())
    put(world, OWN_SHAPE)
    assert statuses(world)[1] == "on_post"


def test_the_days_of_a_filed_month_stay_and_are_named(closed_week):
    for township in (TOWNSHIP, SIBLING_TOWNSHIP):
        closed_week.file_month("2026-11", township)
    answer = put(closed_week, OWN_SHAPE).json()
    assert answer["days_changed"] == 0
    assert answer["locked_months"] == [
        {"area_code": TOWNSHIP, "period": "2026-11"},
        {"area_code": SIBLING_TOWNSHIP, "period": "2026-11"},
    ]
    assert statuses(closed_week)[1] == "absent"


def test_flags_follow_the_days_that_turned_out_rest_days(world, database, clock, only_county):
    clock.set("2026-12-09 00:30")
    close_due_days(database, clock())
    assert flags(world)["absence_consecutive"] == "provisional", "16 days in a row"
    off = [(date(2026, 12, 7) + timedelta(days=n)).isoformat() for n in range(2)]
    put(world, {"off": off, "working": [], "source": "国办发明电"})
    assert flags(world)["absence_consecutive"] == "warning", "rest days at the end of a run don't count"
    put(world, {"off": ["2026-12-31"], "working": [], "source": "更正"})
    assert flags(world)["absence_consecutive"] == "provisional"


def test_counts_follow_the_calendar_where_no_status_changes(world, database, clock, only_county):
    clock.set("2026-12-04 00:30")
    close_due_days(database, clock())
    correction = {"posting_id": str(world.postings["wang"]), "date": "2026-11-24", "status": "absent", "reason": "查实"}
    assert world.as_("township_officer").post("/days/corrections", correction).status_code == 201
    [flag] = [f for f in listed(world) if f["posting_id"] == str(world.postings["wang"])]
    assert flag["counts"]["consecutive"] == {"calendar_days": 11, "working_days": 9}
    put(world, OWN_SHAPE)
    [flag] = [f for f in listed(world) if f["posting_id"] == str(world.postings["wang"])]
    assert flag["counts"]["consecutive"] == {"calendar_days": 11, "working_days": 9}, "Saturday now counts, Tuesday not"
    put(world, {**OWN_SHAPE, "working": []})
    [flag] = [f for f in listed(world) if f["posting_id"] == str(world.postings["wang"])]
    assert flag["counts"]["consecutive"] == {"calendar_days": 11, "working_days": 8}


def listed(world):
    return world.as_("county_officer").get("/recall-flags?limit=200").json()["items"]


def test_a_county_does_not_touch_the_closed_days_of_another(world, database, clock):
    clock.set("2026-11-25 00:30")
    close_due_days(database, clock())
    answer = put(world, OWN_SHAPE)
    assert (answer.status_code, answer.json()["code"]) == (409, "calendar_in_use")
    assert statuses(world)[:2] == ["absent", "absent"]
    assert world.as_("county_officer").get("/calendar/2026").json()["assumed"] is True


def test_a_year_that_nobodys_closed_days_rest_on_is_loaded_by_any_county(world, database, clock):
    clock.set("2026-11-25 00:30")
    close_due_days(database, clock())
    assert put(world, {"off": ["2027-01-01"], "working": []}, 2027).status_code == 200
    assert put(world, {"off": ["2027-01-01", "2027-01-02"]}, 2027, "foreign_county_officer").status_code == 200
    assert world.as_("cadre").get("/calendar/2027").json()["off"] == ["2027-01-01", "2027-01-02"]


def test_days_that_the_county_never_closed_get_no_entry(closed_week, database):
    put(closed_week, OWN_SHAPE)
    with database.reading() as session:
        first = session.scalar(select(func.min(DayEntry.date)))
    assert first == date(2026, 11, 23)


def test_an_open_day_that_stands_in_the_ledger_follows_a_calendar_that_is_loaded(world, database, clock):
    clock.set("2026-11-28 09:00")  # a Saturday; the notice makes it a working day
    close_due_days(database, clock())
    confirmation = {"date": "2026-11-28", "area_code": TOWNSHIP}
    assert world.as_("township_officer").post("/days/confirmations", confirmation).status_code == 200
    before = explained(world, "2026-11-28")
    assert (before["status"], before["confirmed"]) == ("rest", True)
    with database.writing() as session:
        published = make_year(2026, [date(2026, 1, 1)], [date(2026, 11, 28)])
        load_year(session, 2026, published, "国办发明电", now=clock(), by=None)
    after = explained(world, "2026-11-28")
    assert (after["status"], after["confirmed"]) == ("pending", False)
    assert after["revisions"][-1]["cause"] == "calendar"
    with database.reading() as session:
        sun = [DayEntry.posting_id == world.postings["sun"], DayEntry.date == date(2026, 11, 28)]
        assert session.scalar(select(func.count()).select_from(DayEntry).where(*sun)) == 0, "nobody had looked at it"
