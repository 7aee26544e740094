"""Who sees which areas and fences, and what the county may add."""

from tests.support.world import (
    CENTER,
    CITY,
    COUNTY,
    FOREIGN_COUNTY,
    FOREIGN_TOWNSHIP,
    FOREIGN_VILLAGE,
    PROVINCE,
    SECOND_VILLAGE,
    SIBLING_TOWNSHIP,
    SIBLING_VILLAGE,
    TOWNSHIP,
    VILLAGE,
)

OWN_COUNTY = {COUNTY, TOWNSHIP, SIBLING_TOWNSHIP, VILLAGE, SECOND_VILLAGE, SIBLING_VILLAGE}
ABOVE = {PROVINCE, CITY}
FOREIGN = {FOREIGN_COUNTY, FOREIGN_TOWNSHIP, FOREIGN_VILLAGE}


AREAS_OF = {
    "township_officer": ABOVE | {COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE},
    "county_officer": ABOVE | OWN_COUNTY,
    "dashboard": ABOVE | OWN_COUNTY,
    "city_officer": ABOVE | OWN_COUNTY | FOREIGN,
    "unit_officer": ABOVE | {COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE},
    "cadre": ABOVE | {COUNTY, TOWNSHIP, VILLAGE},
    "admin": ABOVE | OWN_COUNTY | FOREIGN,
}


def test_each_role_sees_its_areas_and_the_path_above_them_and_the_rest_as_missing(world):
    for who, seen in AREAS_OF.items():
        viewer = world.as_(who)
        listed = viewer.get("/areas?limit=200").json()["items"]
        assert [area["code"] for area in listed] == sorted(seen), who
        never_was = viewer.get("/areas/990199000000")
        assert never_was.status_code == 404
        for code in ABOVE | OWN_COUNTY | FOREIGN:
            answer = viewer.get(f"/areas/{code}")
            if code in seen:
                assert answer.status_code == 200, (who, code)
            else:
                assert answer.status_code == 404, (who, code)
                assert answer.json() | {"trace_id": ""} == never_was.json() | {"trace_id": ""}


def test_a_parent_names_its_children_page_by_page(world):
    officer = world.as_("county_officer")
    first = officer.get(f"/areas?parent={TOWNSHIP}&limit=1")
    assert [area["code"] for area in first.json()["items"]] == [VILLAGE]
    assert 'rel="next"' in first.headers["Link"]
    second = officer.get(f"/areas?parent={TOWNSHIP}&limit=1&cursor={first.json()['next_cursor']}").json()
    assert [area["code"] for area in second["items"]] == [SECOND_VILLAGE]
    assert second["next_cursor"] is None
    assert officer.get(f"/areas?parent={FOREIGN_TOWNSHIP}").status_code == 404
    towns = officer.get("/areas?level=township").json()["items"]
    assert [area["code"] for area in towns] == [TOWNSHIP, SIBLING_TOWNSHIP]


def test_an_area_names_the_path_above_it(world):
    area = world.as_("cadre").get(f"/areas/{VILLAGE}").json()
    assert [above["name"] for above in area["path"]] == ["虚构省", "青川市", "云岭县", "石桥乡"]


def test_fences_are_for_officers_and_those_who_serve_there(world):
    for who, code in (
        ("township_officer", VILLAGE),
        ("county_officer", SIBLING_VILLAGE),
        ("city_officer", FOREIGN_VILLAGE),
        ("unit_officer", VILLAGE),
        ("cadre", VILLAGE),
    ):
        [fence] = world.as_(who).get(f"/areas/{code}").json()["fences"]
        assert fence["geometry"] == {"circle": {"lng": CENTER[0], "lat": CENTER[1], "radius_m": 1500}}
    for who in ("dashboard", "admin"):
        assert world.as_(who).get(f"/areas/{VILLAGE}").json()["fences"] is None


def test_fences_are_no_longer_shown_the_day_after_a_posting_ends(world, clock):
    officer = world.as_("county_officer")
    end = {"ends_on": "2026-11-23", "reason": "期满轮换"}
    assert officer.post(f"/postings/{world.postings['li']}/end", end).status_code == 200
    assert world.as_("cadre").get(f"/areas/{VILLAGE}").json()["fences"] is not None
    clock.set("2026-11-24 00:00")
    assert world.as_("cadre").get(f"/areas/{VILLAGE}").json()["fences"] is None


NEW_VILLAGE = {"code": "990101001003", "name": "新庄村", "level": "village", "parent_code": TOWNSHIP}


def test_the_county_adds_a_village(world):
    officer = world.as_("county_officer")
    created = officer.post("/areas", NEW_VILLAGE)
    assert created.status_code == 201
    assert created.json() == NEW_VILLAGE
    assert officer.get(f"/areas/{NEW_VILLAGE['code']}").json()["name"] == "新庄村"
    again = officer.post("/areas", NEW_VILLAGE)
    assert (again.status_code, again.json()["code"]) == (409, "area_exists")


def test_code_level_and_parent_must_agree(world):
    for changes, pointer, code in (
        ({"level": "township"}, "/level", "area_level"),
        ({"parent_code": SIBLING_TOWNSHIP}, "/parent_code", "area_parent"),
        ({"parent_code": COUNTY}, "/parent_code", "area_parent"),
        ({"code": "990101003001", "parent_code": "990101003000"}, "/parent_code", "area_parent_unknown"),
        ({"level": "county"}, "/level", "literal_error"),
        ({"code": "99010100100"}, "/code", "string_pattern_mismatch"),
    ):
        refused = world.as_("county_officer").post("/areas", {**NEW_VILLAGE, **changes})
        assert refused.status_code == 422
        assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [(pointer, code)]


def test_nobody_adds_an_area_outside_the_own_county(world):
    foreign = {"code": "990102001003", "name": "新庄村", "level": "village", "parent_code": FOREIGN_TOWNSHIP}
    assert world.as_("county_officer").post("/areas", foreign).status_code == 404
    for who in ("township_officer", "city_officer", "unit_officer", "cadre", "dashboard", "admin"):
        assert world.as_(who).post("/areas", NEW_VILLAGE).status_code == 403
