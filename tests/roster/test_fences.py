"""Fences: brought to WGS-84, checked, kept as drawn."""

import pytest
from sqlalchemy import select

from app.models import AuditEvent, Fence, RosterVersion
from app.policy.datum import Datum, from_wgs84
from tests.support.world import CENTER, COUNTY, FOREIGN_VILLAGE, TOWNSHIP, VILLAGE

SQUARE = [[110.67, 36.09], [110.69, 36.09], [110.69, 36.11], [110.67, 36.11], [110.67, 36.09]]
PATH = f"/areas/{VILLAGE}/fence"


def polygon(*rings):
    return {"polygon": {"type": "Polygon", "coordinates": list(rings)}}


def circle(lng=CENTER[0], lat=CENTER[1], datum="wgs84", **more):
    return {"circle": {"center": {"lng": lng, "lat": lat, "datum": datum}, **more}}


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_a_centre_is_brought_to_wgs84_and_kept_as_drawn(world, datum):
    lng, lat = from_wgs84(*CENTER, Datum(datum))
    sent = circle(lng, lat, datum, radius_m=800)
    answer = world.as_("county_officer").put(PATH, sent)
    assert answer.status_code == 200
    [fence] = answer.json()["fences"]
    assert fence["drawn"] == sent
    assert fence["geometry"]["circle"]["radius_m"] == 800
    assert fence["geometry"]["circle"]["lng"] == pytest.approx(CENTER[0], abs=1e-6)
    assert fence["geometry"]["circle"]["lat"] == pytest.approx(CENTER[1], abs=1e-6)


def test_the_radius_is_the_one_in_force_unless_given(world):
    answer = world.as_("county_officer").put(PATH, circle())
    assert answer.json()["fences"][0]["geometry"]["circle"]["radius_m"] == 1500


def test_several_fences_take_the_place_of_the_earlier_ones(world, database):
    officer = world.as_("county_officer")
    two = {"fences": [circle(radius_m=10), polygon(SQUARE)]}
    assert len(officer.put(PATH, two).json()["fences"]) == 2
    hole = [[110.675, 36.095], [110.68, 36.095], [110.68, 36.10], [110.675, 36.095]]
    answer = officer.put(PATH, polygon(SQUARE, hole))
    assert [fence["geometry"] for fence in answer.json()["fences"]] == [polygon(SQUARE, hole)]
    with database.reading() as session:
        assert len(session.scalars(select(Fence).where(Fence.area_code == VILLAGE)).all()) == 1
        assert session.get(RosterVersion, COUNTY).version == 2
        drawn = [event.details["drawn"] for event in session.scalars(select(AuditEvent).order_by(AuditEvent.number))]
    assert drawn == [two["fences"], [polygon(SQUARE, hole)]]


def test_a_multipolygon_is_kept_and_altitudes_are_left_out(world):
    far = [[x + 0.1, y, 12.5] for x, y in SQUARE]
    sent = {"polygon": {"type": "MultiPolygon", "coordinates": [[SQUARE], [far]]}}
    answer = world.as_("county_officer").put(PATH, sent)
    assert answer.status_code == 200
    [fence] = answer.json()["fences"]
    assert fence["drawn"] == sent
    assert fence["geometry"]["polygon"]["coordinates"][1][0] == [position[:2] for position in far]


BOW_TIE = [[110.67, 36.09], [110.69, 36.11], [110.69, 36.09], [110.67, 36.11], [110.67, 36.09]]
OUTSIDE = [[110.70, 36.095], [110.71, 36.095], [110.71, 36.10], [110.70, 36.095]]
AT = "/polygon/coordinates"


WRONG_SHAPES = [
    (circle(radius_m=9.99), "/circle/radius_m", "greater_than_equal"),
    (circle(radius_m=50_000.01), "/circle/radius_m", "less_than_equal"),
    (circle(lng=180.1), "/circle/center/lng", "less_than_equal"),
    (circle(lat=95), "/circle/center/lat", "less_than_equal"),
    (circle(datum="cgcs2000"), "/circle/center/datum", "enum"),
    ({"circle": {"center": {"lng": 110, "lat": 36}}}, "/circle/center/datum", "missing"),
    ({}, "", "exactly_one_shape"),
    ({**circle(), **polygon(SQUARE)}, "", "exactly_one_shape"),
    ({"fences": []}, "/fences", "too_short"),
    ({"fences": [circle()] * 21}, "/fences", "too_long"),
    (polygon(SQUARE[:-1]), f"{AT}/0", "ring_open"),
    (polygon(SQUARE[:2] + SQUARE[:1]), f"{AT}/0", "ring_too_short"),
    (polygon([SQUARE[0]] * 4), AT, "too_few_points"),
    (polygon(BOW_TIE), AT, "self_intersection"),
    (polygon(SQUARE, OUTSIDE), AT, "hole_outside"),
    (polygon([[y, x] for x, y in SQUARE]), f"{AT}/0/0", "position_out_of_range"),
    (polygon([[110, 36], [111.1, 36], [111.1, 36.1], [110, 36]]), AT, "polygon_too_large"),
    (polygon([["110", "36"]] * 4), f"{AT}/0/0", "not_a_position"),
    (polygon([[True, 36]] * 4), f"{AT}/0/0", "not_a_position"),
    (polygon([[10**400, 36]] * 4), f"{AT}/0/0", "not_a_position"),
    (polygon([[110.67, 36.09, 1, 2]] * 4), f"{AT}/0/0", "not_a_position"),
    (polygon([]), f"{AT}/0", "not_geojson"),
    (polygon(), AT, "not_geojson"),
    (polygon(*[SQUARE] * 401), f"{AT}/400", "too_many_vertices"),
    ({"fences": [circle(), polygon(SQUARE[:-1])]}, "/fences/1/polygon/coordinates/0", "ring_open"),
    ({"polygon": {"type": "Point", "coordinates": [110, 36]}}, "/polygon/type", "literal_error"),
    ({"polygon": {"type": "Polygon", "coordinates": [SQUARE], "crs": {}}}, "/polygon/crs", "extra_forbidden"),
]


def test_what_is_wrong_with_a_shape_is_said_where_it_is_and_nothing_changes(world):
    officer = world.as_("county_officer")
    before = officer.get(f"/areas/{VILLAGE}").json()
    for body, pointer, code in WRONG_SHAPES:
        refused = officer.put(PATH, body)
        assert refused.status_code == 422, body
        found = [(error["pointer"], error["code"]) for error in refused.json()["errors"]]
        assert found == [(pointer, code)], body
    assert officer.get(f"/areas/{VILLAGE}").json() == before


def test_the_bound_on_vertices_is_for_all_shapes_together_and_includes_the_number(world):
    import math

    def many(count, dx=0.0):
        ring = [
            [
                110.68 + dx + 0.01 * math.cos(2 * math.pi * n / (count - 1)),
                36.1 + 0.01 * math.sin(2 * math.pi * n / (count - 1)),
            ]
            for n in range(count - 1)
        ]
        return polygon([*ring, ring[0]])

    officer = world.as_("county_officer")
    assert officer.put(PATH, {"fences": [many(1000), many(1000, 0.1)]}).status_code == 200
    refused = officer.put(PATH, {"fences": [many(1000), many(1001, 0.1)]})
    assert refused.json()["errors"][0]["code"] == "too_many_vertices"


def test_only_villages_of_the_own_county_get_fences(world):
    officer = world.as_("county_officer")
    assert officer.put(f"/areas/{FOREIGN_VILLAGE}/fence", circle()).status_code == 404
    assert officer.put("/areas/990101009009/fence", circle()).status_code == 404
    refused = officer.put(f"/areas/{TOWNSHIP}/fence", circle())
    assert refused.json()["errors"][0]["code"] == "not_a_village"
    for who in ("township_officer", "city_officer", "unit_officer", "cadre", "dashboard", "admin"):
        assert world.as_(who).put(PATH, circle()).status_code == 403
