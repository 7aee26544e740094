import math
import random
from datetime import date
from functools import partial
from itertools import pairwise

import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.checkins.geodesic import geodesic_m
from app.policy import geofence
from app.policy.datum import Datum, from_wgs84, to_wgs84
from app.policy.geofence import (
    MAX_DATUM_SHIFT_M,
    Circle,
    InvalidPolygon,
    Polygon,
    Position,
    Reason,
    Verdict,
    in_range,
)
from app.policy.provisions import load_text

IN_FORCE = {
    name: load_text().value(key, date(2026, 11, 23), None)
    for name, key in (("max_accuracy_m", "presence.max_accuracy_m"), ("radius_68_to_95", "presence.verdict"))
}
judge_position = partial(geofence.judge_position, **IN_FORCE)
allowed_error_m = partial(geofence.allowed_error_m, radius_68_to_95=IN_FORCE["radius_68_to_95"])

LNG, LAT = 110.68, 36.1
EAST_M = geodesic_m(LNG, LAT, LNG + 0.01, LAT) * 100  # a degree
NORTH_M = geodesic_m(LNG, LAT, LNG, LAT + 0.01) * 100
VILLAGE = Circle(LNG, LAT, 1500.0)
INSIDE, UNCERTAIN, OUTSIDE = Verdict.INSIDE, Verdict.UNCERTAIN, Verdict.OUTSIDE


def away(east_m, north_m=0.0):
    return LNG + east_m / EAST_M, LAT + north_m / NORTH_M


def at(east_m, north_m=0.0, accuracy_m=10.0):
    return Position(*away(east_m, north_m), Datum.WGS84, accuracy_m)


def square(half_m, east_m=0.0, north_m=0.0):
    corners = [(-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m), (-half_m, -half_m)]
    return tuple(away(east_m + x, north_m + y) for x, y in corners)


def measured_as(distance_m):
    """A geodesic that says the same everywhere."""
    return lambda *_: distance_m


# --- the verdict at a circle's edge ---------------------------------------------------------------------------------


def judged_at(distance_m, radius_m, accuracy_m=10.0):
    """The verdict at exactly this distance: the plane only has to come close enough to ask for the exact one."""
    position = at(distance_m, accuracy_m=accuracy_m)
    return judge_position(position, [Circle(LNG, LAT, radius_m)], geodesic=measured_as(distance_m)).verdict


def test_inside_reaches_to_exactly_where_distance_and_error_make_the_radius():
    radius_m = 1400.0 + allowed_error_m(10.0, Datum.WGS84)
    assert judged_at(1400.0, radius_m) is INSIDE
    assert judged_at(1400.0, math.nextafter(radius_m, 0.0)) is UNCERTAIN


def test_uncertain_reaches_to_exactly_where_distance_less_error_makes_the_radius():
    radius_m = 1600.0 - allowed_error_m(10.0, Datum.WGS84)
    assert judged_at(1600.0, radius_m) is UNCERTAIN
    assert judged_at(1600.0, math.nextafter(radius_m, 0.0)) is OUTSIDE


@settings(max_examples=200)
@given(st.floats(1.0, 3000.0), st.floats(0.0, 2 * math.pi), st.floats(0.1, 500.0), st.sampled_from(Datum))
def test_the_edges_hold_to_the_last_digit_of_the_plane_too(distance_m, bearing, accuracy_m, datum):
    wgs84 = away(distance_m * math.cos(bearing), distance_m * math.sin(bearing))
    position = Position(*from_wgs84(*wgs84, datum), datum, accuracy_m)
    error_m = allowed_error_m(accuracy_m, datum)

    def verdict(radius_m):
        return judge_position(position, [Circle(LNG, LAT, radius_m)]).verdict

    d = judge_position(position, [VILLAGE]).distance_m
    assert verdict(d + error_m) is INSIDE
    assert verdict(math.nextafter(d + error_m, 0.0)) is UNCERTAIN
    if d - error_m > 0:
        assert verdict(d - error_m) is UNCERTAIN
        assert verdict(math.nextafter(d - error_m, 0.0)) is OUTSIDE


def test_the_error_is_the_95_percent_radius_and_ten_metres_more_for_a_transformed_datum():
    assert allowed_error_m(100.0, Datum.WGS84) == pytest.approx(162.0)
    assert allowed_error_m(100.0, Datum.GCJ02) == allowed_error_m(100.0, Datum.BD09) == pytest.approx(172.0)
    assert math.sqrt(math.log(0.05) / math.log(0.32)) == pytest.approx(1.62, abs=0.005)


def test_a_judgment_says_what_it_rests_on():
    judgment = judge_position(Position(*from_wgs84(*away(600.0), Datum.GCJ02), Datum.GCJ02, 20.0), [VILLAGE])
    assert (judgment.verdict, judgment.reason, judgment.datum_suspect) == (INSIDE, Reason.INSIDE, False)
    assert judgment.distance_m == pytest.approx(600.0, abs=1.0)
    assert judgment.signed_margin_m == pytest.approx(-900.0, abs=1.0)
    assert judgment.error_m == pytest.approx(42.4)
    assert judgment.wgs84 == pytest.approx(away(600.0), abs=1e-7)
    assert judge_position(at(1490.0), [VILLAGE]).reason is Reason.NEAR_EDGE
    assert judge_position(at(2000.0), [VILLAGE]).reason is Reason.OUTSIDE


# --- what leaves it open --------------------------------------------------------------------------------------------


def test_no_position_is_uncertain_and_has_no_distance():
    judgment = judge_position(None, [VILLAGE])
    assert (judgment.verdict, judgment.reason) == (UNCERTAIN, Reason.NO_POSITION)
    assert judgment.distance_m is judgment.signed_margin_m is judgment.error_m is judgment.wgs84 is None


def test_no_fence_is_uncertain():
    judgment = judge_position(at(0.0), [])
    assert (judgment.verdict, judgment.reason) == (UNCERTAIN, Reason.NO_FENCE)
    assert judgment.distance_m is None
    assert judgment.wgs84 == (LNG, LAT)


@pytest.mark.parametrize(
    ("accuracy_m", "reason"),
    [
        (None, Reason.NO_ACCURACY),
        (0.0, Reason.ACCURACY_OUT_OF_RANGE),
        (-5.0, Reason.ACCURACY_OUT_OF_RANGE),
        (math.nan, Reason.ACCURACY_OUT_OF_RANGE),
        (math.nextafter(500.0, 501.0), Reason.ACCURACY_OUT_OF_RANGE),
        (math.inf, Reason.ACCURACY_OUT_OF_RANGE),
    ],
)
@pytest.mark.parametrize("east_m", [0.0, 9000.0])
def test_without_a_usable_accuracy_it_is_uncertain_wherever_it_is_but_the_distance_is_told(accuracy_m, reason, east_m):
    fences = [Circle(*away(0.0, 20_000.0), 1500.0), VILLAGE]
    judgment = judge_position(at(east_m, accuracy_m=accuracy_m), fences)
    assert (judgment.verdict, judgment.reason, judgment.datum_suspect) == (UNCERTAIN, reason, False)
    assert judgment.distance_m == pytest.approx(east_m, abs=10.0)
    assert judgment.error_m is None


def test_an_accuracy_of_exactly_the_limit_is_still_judged():
    assert judge_position(at(0.0, accuracy_m=500.0), [VILLAGE]).verdict is INSIDE
    assert judge_position(at(0.0, accuracy_m=200.0), [VILLAGE], max_accuracy_m=200.0).verdict is INSIDE
    assert judge_position(at(0.0, accuracy_m=200.1), [VILLAGE], max_accuracy_m=200.0).verdict is UNCERTAIN


@pytest.mark.parametrize(
    "pair", [(180.1, 0.0), (0.0, 90.1), (0.0, -90.1), (math.nan, 0.0), (0.0, math.nan), (math.inf, 0.0)]
)
def test_a_place_not_on_earth_is_refused(pair):
    assert not in_range(*pair)
    with pytest.raises(ValueError, match="position_out_of_range"):
        judge_position(Position(*pair, Datum.WGS84, 10.0), [VILLAGE])


def test_the_bounds_of_the_earth_are_on_it():
    assert all(in_range(lng, lat) for lng in (-180.0, 180.0) for lat in (-90.0, 90.0))


@settings(max_examples=300)
@given(st.floats(-180, 180), st.floats(-90, 90), st.sampled_from(Datum), st.floats(1.0, 500.0))
def test_every_place_on_earth_gets_a_verdict_and_far_ones_are_outside(lng, lat, datum, accuracy_m):
    judgment = judge_position(Position(lng, lat, datum, accuracy_m), [VILLAGE, Polygon(((square(800.0),),))])
    assert math.isfinite(judgment.distance_m)
    if geodesic_m(lng, lat, LNG, LAT) > 10_000:
        assert judgment.verdict is OUTSIDE
        assert not judgment.datum_suspect


# --- several fences -------------------------------------------------------------------------------------------------


def test_the_best_verdict_of_several_fences_counts_in_any_order():
    near, far = Circle(*away(1400.0), 500.0), Circle(*away(-5000.0), 100.0)
    for fences in ([far, VILLAGE, near], [near, VILLAGE, far]):
        judgment = judge_position(at(1400.0), fences)
        assert judgment.verdict is INSIDE
        assert judgment.distance_m == pytest.approx(0.0, abs=0.01)


def test_a_smaller_fence_that_is_sure_beats_a_larger_one_that_is_nearer_to_doubt():
    # 30 m inside a large fence is in doubt at an error of 81 m; 10 m past another's edge is too.
    doubtful, surer = Circle(*away(-1470.0), 1500.0), Circle(*away(400.0), 390.0)
    judgment = judge_position(at(0.0, accuracy_m=50.0), [surer, doubtful])
    assert judgment.verdict is UNCERTAIN
    assert judgment.signed_margin_m == pytest.approx(-30.0, abs=1.0)


def test_outside_of_all_the_nearest_fence_is_reported():
    judgment = judge_position(at(10_000.0), [Circle(*away(0.0), 1500.0), Circle(*away(7000.0), 100.0)])
    assert judgment.verdict is OUTSIDE
    assert judgment.distance_m == pytest.approx(3000.0, abs=5.0)


# --- another datum --------------------------------------------------------------------------------------------------


def test_numbers_that_were_wgs84_but_say_bd09_are_suspect():
    small = Circle(LNG, LAT, 400.0)
    said_wrongly = Position(LNG, LAT, Datum.BD09, 15.0)
    judgment = judge_position(said_wrongly, [small])
    assert (judgment.verdict, judgment.datum_suspect) == (OUTSIDE, True)
    assert not judge_position(Position(LNG, LAT, Datum.WGS84, 15.0), [small]).datum_suspect


@pytest.mark.parametrize("truth", Datum)
@pytest.mark.parametrize("said", Datum)
def test_every_mix_up_of_two_datums_is_noticed(truth, said):
    judgment = judge_position(Position(*from_wgs84(LNG, LAT, truth), said, 15.0), [Circle(LNG, LAT, 300.0)])
    assert judgment.verdict is (INSIDE if truth is said else OUTSIDE)
    assert judgment.datum_suspect is (truth is not said)


def test_a_position_outside_in_every_datum_is_not_suspect():
    assert not judge_position(at(4000.0), [VILLAGE]).datum_suspect


@settings(max_examples=300, deadline=None)
@given(st.floats(72.0, 137.9), st.floats(0.8, 55.9))
def test_no_two_datums_put_the_same_numbers_further_apart_than_the_bound_that_skips_the_question(lng, lat):
    places = [to_wgs84(lng, lat, datum) for datum in Datum]
    assert max(geodesic_m(*one, *other) for one in places for other in places) < MAX_DATUM_SHIFT_M


# --- the geodesic is asked only near an edge ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("east_m", "asked"),
    [(0.0, False), (1400.0, False), (1480.0, False), (1483.8, True), (1516.2, True), (9000.0, False)],
)
def test_the_exact_distance_is_asked_only_where_it_could_turn_the_verdict(east_m, asked):
    calls = []

    def geodesic(*pair):
        calls.append(pair)
        return geodesic_m(*pair)

    for fence in (VILLAGE, Polygon(((square(1500.0),),))):
        calls.clear()
        judge_position(at(east_m), [fence], geodesic=geodesic)
        assert bool(calls) is asked


def test_near_a_polygons_edge_the_exact_distance_decides():
    error_m = allowed_error_m(10.0, Datum.WGS84)
    polygon = Polygon(((square(1500.0),),))
    position = at(1500.0 + error_m)
    assert judge_position(position, [polygon], geodesic=measured_as(error_m)).verdict is UNCERTAIN
    assert judge_position(position, [polygon], geodesic=measured_as(math.nextafter(error_m, 99.0))).verdict is OUTSIDE
    within = at(1500.0 - error_m)
    assert judge_position(within, [polygon], geodesic=measured_as(error_m)).verdict is INSIDE
    assert judge_position(within, [polygon], geodesic=measured_as(math.nextafter(error_m, 0.0))).verdict is UNCERTAIN


# --- distances ------------------------------------------------------------------------------------------------------


def distance_between(lng1, lat1, lng2, lat2):
    return judge_position(Position(lng1, lat1, Datum.WGS84, 10.0), [Circle(lng2, lat2, 1.0)]).distance_m


@settings(max_examples=300, deadline=None)
@given(st.floats(0.0, 56.0), st.floats(0.0, 2 * math.pi), st.floats(0.0, 50_000.0))
def test_within_fifty_kilometres_the_plane_is_good_to_a_ten_thousandth(lat, bearing, reach_m):
    lng2 = 110.0 + reach_m * math.cos(bearing) / (111_320 * math.cos(math.radians(lat)))
    lat2 = lat + reach_m * math.sin(bearing) / 111_320
    exact_m = geodesic_m(110.0, lat, lng2, lat2)
    assert distance_between(110.0, lat, lng2, lat2) == pytest.approx(exact_m, rel=1e-4, abs=1e-6)


@settings(max_examples=200, deadline=None)
@given(st.floats(0.0, 56.0), st.floats(0.0, 2 * math.pi))
def test_at_a_villages_distance_the_plane_is_good_to_a_millimetre(lat, bearing):
    lng2 = 110.0 + 1500 * math.cos(bearing) / (111_320 * math.cos(math.radians(lat)))
    lat2 = lat + 1500 * math.sin(bearing) / 111_320
    assert distance_between(110.0, lat, lng2, lat2) == pytest.approx(geodesic_m(110.0, lat, lng2, lat2), abs=1e-3)


@settings(max_examples=300, deadline=None)
@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90))
def test_anywhere_on_earth_the_distance_is_good_to_a_hundredth(lng1, lat1, lng2, lat2):
    exact_m = geodesic_m(lng1, lat1, lng2, lat2)
    assert distance_between(lng1, lat1, lng2, lat2) == pytest.approx(exact_m, rel=1e-2, abs=1e-6)


# --- polygons -------------------------------------------------------------------------------------------------------


def margin(position, polygon):
    return judge_position(position, [polygon]).signed_margin_m


def test_a_hole_is_outside_and_its_edge_counts():
    polygon = Polygon(((square(3000.0), square(1000.0)),))
    assert judge_position(at(0.0), [polygon]).verdict is OUTSIDE
    assert margin(at(0.0), polygon) == pytest.approx(1000.0, rel=1e-3)
    assert judge_position(at(2000.0), [polygon]).verdict is INSIDE
    assert margin(at(1200.0), polygon) == pytest.approx(-200.0, rel=1e-3)
    assert margin(at(2900.0), polygon) == pytest.approx(-100.0, rel=1e-3)
    assert judge_position(at(4000.0), [polygon]).distance_m == pytest.approx(1000.0, rel=1e-3)


def test_inside_a_polygon_the_distance_is_zero():
    assert judge_position(at(100.0), [Polygon(((square(3000.0),),))]).distance_m == 0.0


def test_one_of_several_polygons_is_enough():
    polygon = Polygon(((square(500.0),), (square(500.0, 5000.0),)))
    assert judge_position(at(5000.0), [polygon]).verdict is INSIDE
    assert judge_position(at(0.0), [polygon]).verdict is INSIDE
    assert judge_position(at(2500.0), [polygon]).verdict is OUTSIDE
    assert margin(at(3000.0), polygon) == pytest.approx(1500.0, rel=1e-3)


def test_an_island_in_the_hole_of_another_polygon_is_inside():
    polygon = Polygon(((square(3000.0), square(1000.0)), (square(400.0),)))
    assert judge_position(at(0.0), [polygon]).verdict is INSIDE
    assert judge_position(at(700.0), [polygon]).verdict is OUTSIDE


@pytest.mark.parametrize("corner", [(500.0, 500.0), (500.0, 0.0), (0.0, -500.0)])
def test_on_the_boundary_itself_it_is_uncertain(corner):
    judgment = judge_position(at(*corner), [Polygon(((square(500.0),),))])
    assert judgment.verdict is UNCERTAIN
    assert judgment.signed_margin_m == pytest.approx(0.0, abs=1e-6)


@settings(max_examples=100)
@given(st.floats(-3000.0, 3000.0), st.floats(-3000.0, 3000.0), st.floats(0.1, 500.0), st.sampled_from(Datum))
def test_a_polygons_verdict_is_the_one_of_its_signed_margin(east_m, north_m, accuracy_m, datum):
    position = Position(*from_wgs84(*away(east_m, north_m), datum), datum, accuracy_m)
    judgment = judge_position(position, [Polygon(((square(1500.0), square(600.0)),))])
    s, e = judgment.signed_margin_m, allowed_error_m(accuracy_m, datum)
    assert judgment.verdict is (INSIDE if s + e <= 0 else OUTSIDE if s - e > 0 else UNCERTAIN)


@st.composite
def stars(draw, reach_m):
    """A ring around the village, corner after corner, and sometimes a hole of the same shape, two fifths its size."""
    corners = draw(st.integers(3, 9))
    turns = [(i + draw(st.floats(0.05, 0.95))) / corners * 2 * math.pi for i in range(corners)]
    radii = [draw(st.floats(0.3, 1.0)) * reach_m for _ in turns]
    offset = draw(st.floats(0.0, 0.2)) * reach_m
    outer = [(r * math.cos(t), r * math.sin(t)) for r, t in zip(radii, turns, strict=True)]
    rings = [outer, [(0.4 * x, 0.4 * y) for x, y in outer]]
    rings[1] = rings[1] if draw(st.booleans()) else []
    placed = [tuple(away(x + offset, y) for x, y in [*ring, ring[0]]) for ring in rings if ring]
    return Polygon((tuple(placed),))


def as_shapely(polygon):
    return shapely.MultiPolygon([(rings[0], rings[1:]) for rings in polygon.rings])


@settings(max_examples=300, deadline=None)
@given(stars(4000.0), st.floats(-5000.0, 5000.0), st.floats(-5000.0, 5000.0))
def test_the_signed_distance_is_the_one_that_shapely_finds(polygon, east_m, north_m):
    position = at(east_m, north_m)
    oracle = as_shapely(polygon)
    assume(oracle.is_valid)
    # The oracle works in plain degrees; scaling longitude makes them equally long, the geodesic makes them metres.
    shrink = EAST_M / NORTH_M
    flat = shapely.transform(oracle, lambda xy: xy * [shrink, 1.0])
    point = shapely.Point(position.lng * shrink, position.lat)
    x, y = shapely.shortest_line(flat.boundary, point).coords[0]
    exact_m = geodesic_m(position.lng, position.lat, x / shrink, y)
    sign = -1 if oracle.contains(shapely.Point(position.lng, position.lat)) else 1
    assert margin(position, polygon) == pytest.approx(sign * exact_m, rel=1e-3, abs=0.01)


def geodesic_to_edge(lng, lat, edge):
    """The least geodesic to any point of an edge that is straight in degrees, by narrowing down."""
    (lng1, lat1), (lng2, lat2) = edge

    def at_share(share):
        return geodesic_m(lng, lat, lng1 + share * (lng2 - lng1), lat1 + share * (lat2 - lat1))

    low, high = 0.0, 1.0
    for _ in range(25):
        third = (high - low) / 3
        if at_share(low + third) < at_share(high - third):
            high -= third
        else:
            low += third
    return at_share((low + high) / 2)


@settings(max_examples=25, deadline=None)
@given(stars(30_000.0), st.floats(-35_000.0, 35_000.0), st.floats(-35_000.0, 35_000.0))
def test_tens_of_kilometres_away_the_nearest_edge_is_found_to_a_thousandth(polygon, east_m, north_m):
    position = at(east_m, north_m)
    edges = [edge for ring in polygon.rings[0] for edge in pairwise(ring)]
    exact_m = min(geodesic_to_edge(position.lng, position.lat, edge) for edge in edges)
    assert abs(margin(position, polygon)) == pytest.approx(exact_m, rel=1e-3, abs=0.01)


def test_of_two_far_corners_the_one_towards_the_pole_is_nearer_though_as_many_degrees_away():
    # On the map of degrees the corner in the south-east is nearer by 0.05 %; on the ground the other one is, by 0.1 %.
    north, south = away(30_015.0, 30_015.0), away(30_000.0, -30_000.0)
    ring = (north, away(90_000.0, 60_000.0), away(90_000.0, -60_000.0), south, away(70_000.0), north)
    assert geodesic_m(LNG, LAT, *north) < 0.9995 * geodesic_m(LNG, LAT, *south)
    assert margin(at(0.0), Polygon(((ring,),))) == pytest.approx(geodesic_m(LNG, LAT, *north), rel=1e-4)


# --- GeoJSON --------------------------------------------------------------------------------------------------------

RING = [[110.0, 36.0], [110.1, 36.0], [110.1, 36.1], [110.0, 36.0]]


def test_geojson_polygons_and_multipolygons_are_read_and_altitudes_dropped():
    ring = tuple((lng, lat) for lng, lat in RING)
    high = [[lng, lat, 900.0] for lng, lat in RING]
    assert Polygon.from_geojson({"type": "Polygon", "coordinates": [high, RING]}).rings == ((ring, ring),)
    assert Polygon.from_geojson({"type": "MultiPolygon", "coordinates": [[RING], [RING]]}).rings == ((ring,), (ring,))


def test_whole_numbers_are_coordinates_too():
    ring = [[110, 36], [111, 36], [111, 37], [110, 36]]
    assert Polygon.from_geojson({"type": "Polygon", "coordinates": [ring]}).rings[0][0][0] == (110.0, 36.0)


@pytest.mark.parametrize(
    ("geometry", "code", "path"),
    [
        ({}, "geometry_type", ()),
        ({"type": "Point", "coordinates": [110, 36]}, "geometry_type", ()),
        ({"type": ["Polygon"], "coordinates": [RING]}, "geometry_type", ()),
        ({"type": "Polygon"}, "not_geojson", ()),
        ({"type": "Polygon", "coordinates": "abc"}, "not_geojson", ()),
        ({"type": "Polygon", "coordinates": {"0": RING}}, "not_geojson", ()),
        ({"type": "Polygon", "coordinates": []}, "not_geojson", ()),
        ({"type": "Polygon", "coordinates": [RING, []]}, "not_geojson", (1,)),
        ({"type": "MultiPolygon", "coordinates": [[RING], []]}, "not_geojson", (1,)),
        ({"type": "Polygon", "coordinates": RING}, "not_a_position", (0, 0)),
        ({"type": "MultiPolygon", "coordinates": [RING]}, "not_a_position", (0, 0, 0)),
        ({"type": "Polygon", "coordinates": [[[110], *RING[1:]]]}, "not_a_position", (0, 0)),
        (
            {"type": "Polygon", "coordinates": [[RING[0], [110.1, 36.0, 9, 1], *RING[2:]]]},
            "not_a_position",
            (0, 1),
        ),
        ({"type": "Polygon", "coordinates": [[["110", "36"], *RING[1:]]]}, "not_a_position", (0, 0)),
        ({"type": "Polygon", "coordinates": [[[True, 36.0], *RING[1:]]]}, "not_a_position", (0, 0)),
        ({"type": "Polygon", "coordinates": [[[None, 36.0], *RING[1:]]]}, "not_a_position", (0, 0)),
        ({"type": "Polygon", "coordinates": [[[110.0, math.nan], *RING[1:]]]}, "not_a_position", (0, 0)),
        ({"type": "Polygon", "coordinates": [[[110.0, 10**400], *RING[1:]]]}, "not_a_position", (0, 0)),
        ({"type": "Polygon", "coordinates": [[[110.0, 36.0, math.inf], *RING[1:]]]}, "not_a_position", (0, 0)),
        ({"type": "Polygon", "coordinates": [[[180.1, 36.0], *RING[1:]]]}, "position_out_of_range", (0, 0)),
        ({"type": "Polygon", "coordinates": [[*RING[:2], RING[0]]]}, "ring_too_short", (0,)),
        ({"type": "Polygon", "coordinates": [[*RING, [110.2, 36.2]]]}, "ring_open", (0,)),
        ({"type": "MultiPolygon", "coordinates": [[RING], [RING, [*RING, [110.2, 36.2]]]]}, "ring_open", (1, 1)),
    ],
)
def test_a_geometry_that_no_fence_can_be_made_of_is_refused_with_its_code_and_place(geometry, code, path):
    with pytest.raises(InvalidPolygon) as refusal:
        Polygon.from_geojson(geometry)
    assert (refusal.value.code, refusal.value.path) == (code, path)


# --- what the law promises to people --------------------------------------------------------------------------------

FIXES = 20_000


def share_judged(verdict, true_distance_m, datum, seed):
    """The share of `FIXES` that get the verdict, where the phone errs as it says it does."""
    chance = random.Random(seed)
    count = 0
    for _ in range(FIXES):
        accuracy_m = chance.choice([5.0, 20.0, 65.0, 150.0, 400.0])
        deviation_m = accuracy_m / math.sqrt(-2.0 * math.log(0.32))
        bearing, distance_m = chance.uniform(0.0, 2 * math.pi), true_distance_m(chance)
        east_m = distance_m * math.cos(bearing) + chance.gauss(0.0, deviation_m)
        north_m = distance_m * math.sin(bearing) + chance.gauss(0.0, deviation_m)
        lng, lat = from_wgs84(*away(east_m, north_m), datum)
        judgment = judge_position(Position(round(lng, 6), round(lat, 6), datum, accuracy_m), [VILLAGE])
        count += judgment.verdict is verdict
    return count / FIXES


def anywhere_inside(chance):
    return 1500.0 * math.sqrt(chance.random())


def on_the_edge(_):
    return 1500.0


def somewhat_outside(chance):
    return chance.uniform(1500.0, 3000.0)


@pytest.mark.parametrize("datum", Datum)
@pytest.mark.parametrize("truth", [anywhere_inside, on_the_edge])
def test_at_most_one_in_a_hundred_who_are_there_is_called_outside(datum, truth):
    assert share_judged(OUTSIDE, truth, datum, seed=20181) <= 0.01


@pytest.mark.parametrize("datum", Datum)
@pytest.mark.parametrize("truth", [somewhat_outside, on_the_edge])
def test_at_most_one_in_a_hundred_who_are_not_there_is_called_inside(datum, truth):
    assert share_judged(INSIDE, truth, datum, seed=20182) <= 0.01


def test_most_who_are_there_are_called_inside():
    assert share_judged(INSIDE, anywhere_inside, Datum.GCJ02, seed=20183) > 0.7
