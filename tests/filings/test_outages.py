"""Declared outages: whose they are, which days they move, and how one is taken back."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.models import AuditEvent, Outage
from tests.checkins.test_checkins import body as check_in
from tests.support.world import (
    CITY,
    COUNTY,
    FOREIGN_TOWNSHIP,
    SECOND_VILLAGE,
    SIBLING_TOWNSHIP,
    TOWNSHIP,
    VILLAGE,
)


def declare(world, first="2026-11-23", last="2026-11-23", area=TOWNSHIP, who="county_officer"):
    body = {"area_code": area, "from": first, "to": last, "reason": "大雪断电"}
    return world.as_(who).post("/outages", body)


def end(world, outage, who="county_officer", **body):
    return world.as_(who).post(f"/outages/{outage['id']}/end", {"reason": "核实", **body})


def test_a_closed_day_without_evidence_turns_from_absent_to_pending_and_waits_for_the_township(office, world, clock):
    world.as_("li").post("/check-ins", check_in())
    office.close_until("2026-11-24 00:30")
    answer = declare(world)
    assert answer.status_code == 201, answer.text
    assert answer.json()["locked_months"] == []
    assert office.status("wang", "2026-11-23") == ("pending", False, ["outage"])
    assert office.status("li", "2026-11-23") == ("on_post", False, [])
    assert office.status("sun", "2026-11-23") == ("absent", False, ["calendar_assumed"]), "another township"
    waiting = office.confirm("2026-11-23").json()
    assert set(waiting["pending"]) == {str(world.postings[name]) for name in ("wang", "zhao")}
    item = {"posting_id": str(world.postings["wang"]), "status": "on_post", "remark": "村干部证明在村"}
    body = {"date": "2026-11-23", "area_code": TOWNSHIP, "items": [item]}
    assert world.as_("township_officer").post("/days/confirmations", body).status_code == 200
    assert office.status("wang", "2026-11-23") == ("on_post", True, [])


def test_the_close_leaves_a_day_in_an_outage_pending(office, world):
    assert declare(world, "2026-11-23", "2026-11-24", VILLAGE).status_code == 201
    office.close_until("2026-11-26 00:30")
    assert office.status("wang", "2026-11-23")[0] == "pending"
    assert office.status("wang", "2026-11-24") == ("pending", False, ["outage"])
    assert office.status("wang", "2026-11-25")[0] == "absent"
    assert office.status("zhao", "2026-11-24")[0] == "absent", "the neighbouring village had power"


def test_an_outage_over_many_days_lifts_the_flag_that_their_absences_raised(office, world):
    office.close_until("2026-12-09 00:30")
    flags = world.as_("county_officer").get("/recall-flags").json()["items"]
    assert {f["state"] for f in flags} == {"provisional"}
    assert declare(world, "2026-11-27", "2026-12-08", COUNTY).status_code == 201
    flags = world.as_("county_officer").get("/recall-flags").json()["items"]
    assert {f["state"] for f in flags} == {"lifted"}


def test_an_outage_that_is_taken_back_or_ends_earlier_makes_its_days_absences_again(office, world, database):
    office.close_until("2026-11-26 00:30")
    outage = declare(world, "2026-11-23", "2026-11-25").json()
    shorter = end(world, outage, to="2026-11-24")
    assert shorter.status_code == 200, shorter.text
    assert (shorter.json()["to"], shorter.json()["declared_to"]) == ("2026-11-24", "2026-11-25")
    assert [office.status("li", f"2026-11-{day}")[0] for day in (23, 24, 25)] == ["pending", "pending", "absent"]
    gone = end(world, outage)
    assert (gone.json()["withdrawn"], gone.json()["to"], gone.json()["end_reason"]) == (True, None, "核实")
    assert [office.status("li", f"2026-11-{day}")[0] for day in (23, 24, 25)] == ["absent"] * 3
    assert end(world, outage).json()["code"] == "wrong_state"
    with database.reading() as session:
        [row] = session.scalars(select(Outage))
        acts = session.scalars(select(AuditEvent).where(AuditEvent.target == outage["id"])).all()
    assert (row.declared_last_day.isoformat(), row.reason) == ("2026-11-25", "大雪断电")
    assert [act.action for act in acts] == ["outage.declared", "outage.ended", "outage.ended"]


NOT_EARLIER = ["2026-11-22", "2026-11-25", "2026-11-26"]


def test_an_outage_ends_only_earlier_and_not_before_it_began(world):
    outage = declare(world, "2026-11-23", "2026-11-25").json()
    for to in NOT_EARLIER:
        refused = end(world, outage, to=to)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/to")


def test_of_two_outages_over_a_day_the_other_one_still_covers_it(office, world):
    office.close_until("2026-11-24 00:30")
    first = declare(world).json()
    declare(world, area=VILLAGE)
    end(world, first)
    assert office.status("li", "2026-11-23")[0] == "pending"
    assert office.status("zhao", "2026-11-23")[0] == "absent"


NOT_MEANT = [
    ("2026-11-24", "2026-11-23", "/to", "dates_reversed"),
    ("2026-11-23", "2026-12-24", "/to", "range_too_long"),
    ("2026-09-23", "2026-09-23", "/from", "too_far_back"),
    ("2026-12-24", "2026-12-24", "/to", "too_far_ahead"),
    ("1999-01-01", "2026-11-23", "/from", "date_out_of_range"),
    ("gestern", "2026-11-23", "/from", "date_parsing"),
]


def test_dates_that_cannot_be_meant_are_refused_by_name(world):
    for first, last, pointer, code in NOT_MEANT:
        refused = declare(world, first, last)
        assert refused.status_code == 422
        [error] = refused.json()["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code)
        assert "gestern" not in refused.text


NOT_THE_COUNTY = [
    ("county_officer", CITY, 404),
    ("county_officer", FOREIGN_TOWNSHIP, 404),
    ("county_officer", "990101009000", 404),
    ("foreign_county_officer", TOWNSHIP, 404),
    ("township_officer", TOWNSHIP, 403),
    ("city_officer", TOWNSHIP, 403),
    ("unit_officer", TOWNSHIP, 403),
    ("admin", TOWNSHIP, 403),
    ("cadre", TOWNSHIP, 403),
]


def test_only_the_areas_own_county_declares(world, database):
    for who, area, status in NOT_THE_COUNTY:
        assert declare(world, area=area, who=who).status_code == status, (who, area)
    with database.reading() as session:
        assert session.scalars(select(Outage)).all() == []


def test_what_lies_outside_is_answered_like_what_does_not_exist(world):
    outage = declare(world).json()
    foreign = end(world, outage, "foreign_county_officer")
    missing = end(world, {"id": "01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b11"})
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert {**foreign.json(), "trace_id": ""} == {**missing.json(), "trace_id": ""}
    assert end(world, outage, "township_officer").status_code == 403


def test_a_list_shows_the_outages_that_touch_an_area_newest_first_page_by_page(world):
    ids = [declare(world, area=area).json()["id"] for area in (COUNTY, TOWNSHIP, VILLAGE, SIBLING_TOWNSHIP)]
    county, township, village, sibling = ids

    def listed(who, query=""):
        return [item["id"] for item in world.as_(who).get(f"/outages{query}").json()["items"]]

    assert listed("county_officer") == ids[::-1]
    assert listed("city_officer") == ids[::-1]
    assert listed("township_officer") == [village, township, county]
    assert listed("township_officer", f"?area={SECOND_VILLAGE}") == [township, county]
    assert listed("sibling_township_officer") == [sibling, county]
    assert listed("foreign_county_officer") == []
    assert listed("county_officer", "?on=2026-11-24") == []
    first = world.as_("county_officer").get("/outages?limit=3").json()
    second = world.as_("county_officer").get(f"/outages?limit=3&cursor={first['next_cursor']}").json()
    assert [i["id"] for i in first["items"] + second["items"]] == ids[::-1]
    assert world.as_("township_officer").get(f"/outages?area={SIBLING_TOWNSHIP}").status_code == 404
    assert world.as_("unit_officer").get("/outages").status_code == 403


DAYS = [f"2026-11-{day}" for day in range(23, 28)]
PLACES = {TOWNSHIP: ("li", "wang", "zhao"), VILLAGE: ("li", "wang"), SIBLING_TOWNSHIP: ("sun",)}


@st.composite
def stories(draw):
    """Outages as (area, first, last), each perhaps ended at another day, or taken back (the day before its first)."""
    told = []
    for _ in range(draw(st.integers(1, 4))):
        first = draw(st.integers(0, 4))
        last = draw(st.integers(first, 4))
        told.append((draw(st.sampled_from(sorted(PLACES))), first, last, draw(st.integers(first - 1, last))))
    return told


@given(told=stories())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_closed_day_is_pending_exactly_where_an_outage_is_in_force_and_absent_again_once_none_is(office, world, told):
    if office.clock().day == 23:
        office.close_until("2026-11-28 00:30")
    in_force = []
    for area, first, last, ended in told:
        outage = declare(world, DAYS[first], DAYS[last], area).json()
        if ended < last:
            end(world, outage, **({"to": DAYS[ended]} if ended >= first else {}))
        if ended >= first:
            in_force.append((outage, area, first, ended))
    statuses = {name: read_days(world, name) for name in ("li", "zhao", "sun")}
    for name, read in statuses.items():
        assert read == [
            "pending" if any(name in PLACES[a] and f <= day <= t for _, a, f, t in in_force) else "absent"
            for day in range(5)
        ], name
    for outage, *_ in in_force:
        end(world, outage)
    assert {status for name in statuses for status in read_days(world, name)} == {"absent"}


def read_days(world, name):
    query = f"/postings/{world.postings[name]}/days?from={DAYS[0]}&to={DAYS[-1]}"
    return [item["status"] for item in world.as_("county_officer").get(query).json()["items"]]
