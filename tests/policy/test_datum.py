import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.checkins.geodesic import geodesic_m
from app.policy import datum as datum_module
from app.policy.datum import Datum, from_wgs84, to_wgs84

GOLDEN = json.loads((Path(__file__).parent / "golden" / "datums.json").read_text(encoding="utf-8"))["places"]
SHIFTED = [Datum.GCJ02, Datum.BD09]
JIXIAN = (110.68, 36.1)
NAN, INF = math.nan, math.inf

# A hair within the box: on its very edge the way back may end beyond it, where a pair stands for itself.
longitudes_of_china = st.floats(72.00401, 137.83469)
latitudes_of_china = st.floats(0.82931, 55.82709)


def golden(*datums):
    return [pytest.param(place, id=f"{place['source']}-{i}") for i, place in enumerate(GOLDEN) if {*datums} <= {*place}]


def beside(edge):
    return [math.nextafter(edge, -INF), edge, math.nextafter(edge, INF), edge - 0.004, edge + 0.004]


@pytest.fixture
def shifts_computed(monkeypatch):
    """The pairs that either shift was computed for."""
    pairs = []
    for name in ("_gcj02_of", "_bd09_of"):
        shift = getattr(datum_module, name)

        def counting(lng, lat, shift=shift):
            pairs.append((lng, lat))
            return shift(lng, lat)

        monkeypatch.setattr(datum_module, name, counting)
    return pairs


@pytest.mark.parametrize("place", golden("wgs84", "gcj02"))
def test_gcj02_agrees_within_a_metre_with_what_others_publish(place):
    assert geodesic_m(*from_wgs84(*place["wgs84"], Datum.GCJ02), *place["gcj02"]) < 1.0
    assert geodesic_m(*to_wgs84(*place["gcj02"], Datum.GCJ02), *place["wgs84"]) < 1.0


@pytest.mark.parametrize("place", golden("wgs84", "bd09"))
def test_bd09_agrees_within_a_metre_with_what_others_publish(place):
    assert geodesic_m(*from_wgs84(*place["wgs84"], Datum.BD09), *place["bd09"]) < 1.0
    assert geodesic_m(*to_wgs84(*place["bd09"], Datum.BD09), *place["wgs84"]) < 1.0


@pytest.mark.parametrize("place", golden("gcj02", "bd09"))
def test_bd09_and_gcj02_of_one_place_lead_to_one_wgs84_position(place):
    assert geodesic_m(*to_wgs84(*place["bd09"], Datum.BD09), *to_wgs84(*place["gcj02"], Datum.GCJ02)) < 1.0


def test_every_datum_has_golden_places_from_two_map_services():
    for datum in SHIFTED:
        assert {"amap", "baidu"} <= {place["source"] for place in GOLDEN if datum in place}


def test_at_jixian_gcj02_is_five_hundred_metres_off_and_bd09_twelve_hundred_and_fifty():
    assert geodesic_m(*JIXIAN, *from_wgs84(*JIXIAN, Datum.GCJ02)) == pytest.approx(495, abs=5)
    assert geodesic_m(*JIXIAN, *from_wgs84(*JIXIAN, Datum.BD09)) == pytest.approx(1251, abs=5)


@pytest.mark.parametrize("datum", SHIFTED)
@settings(max_examples=500, deadline=None)
@given(longitudes_of_china, latitudes_of_china)
def test_every_position_of_china_comes_back_to_the_centimetre(datum, lng, lat):
    assert geodesic_m(*to_wgs84(*from_wgs84(lng, lat, datum), datum), lng, lat) < 0.01


@pytest.mark.parametrize("datum", SHIFTED)
def test_along_all_edges_of_the_box_positions_within_come_back_and_pairs_beyond_stand_for_themselves(datum):
    for i in range(201):
        lng, lat = 72.005 + i * 0.3291, 0.83 + i * 0.27498
        for within in ((72.00401, lat), (137.83469, lat), (lng, 0.82931), (lng, 55.82709)):
            assert geodesic_m(*to_wgs84(*from_wgs84(*within, datum), datum), *within) < 0.01
        for beyond in ((71.98, lat), (137.86, lat), (lng, 0.81), (lng, 55.85)):
            assert to_wgs84(*beyond, datum) == beyond


@pytest.mark.parametrize("lng", [105.0, math.nextafter(105.0, 0), 105.0 + 1e-9, 104.99999])
def test_the_kink_of_the_formula_at_105_east_is_inverted_too(lng):
    for datum in SHIFTED:
        assert geodesic_m(*to_wgs84(*from_wgs84(lng, 35.0, datum), datum), lng, 35.0) < 0.01


@pytest.mark.parametrize("datum", SHIFTED)
@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ((72.004, 30.0), (math.nextafter(72.004, 0), 30.0)),
        ((137.8347, 30.0), (math.nextafter(137.8347, 180), 30.0)),
        ((100.0, 0.8293), (100.0, math.nextafter(0.8293, 0))),
        ((100.0, 55.8271), (100.0, math.nextafter(55.8271, 90))),
    ],
)
def test_the_shift_begins_exactly_on_the_edge_of_the_box(datum, inside, outside):
    assert from_wgs84(*inside, datum) != inside
    assert from_wgs84(*outside, datum) == outside


@pytest.mark.parametrize("datum", SHIFTED)
@pytest.mark.parametrize("place", [(-122.4, 37.8), (2.35, 48.86), (151.2, -33.9), (71.5, 30.0), (1e308, -1e308)])
def test_far_from_china_all_datums_are_the_same(datum, place):
    assert from_wgs84(*place, datum) == place
    assert to_wgs84(*place, datum) == place


@pytest.mark.parametrize(
    "lng", [*beside(72.004), *beside(137.8347), *beside(71.9), *beside(137.95), 1e308, -1e308, 5e-324]
)
@pytest.mark.parametrize("lat", [*beside(0.8293), *beside(55.8271), 30.0, 0.0, -90.0, 1e308, -1e308])
def test_the_way_back_ends_after_a_few_steps_everywhere(shifts_computed, lng, lat):
    for datum in SHIFTED:
        shifts_computed.clear()
        back = to_wgs84(lng, lat, datum)
        assert len(shifts_computed) <= 10
        assert math.isfinite(back[0])
        assert math.isfinite(back[1])


@settings(max_examples=500)
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_pair_is_answered_with_a_finite_pair(lng, lat):
    for datum in Datum:
        assert all(map(math.isfinite, to_wgs84(lng, lat, datum)))
        assert all(map(math.isfinite, from_wgs84(lng, lat, datum)))


@pytest.mark.parametrize("datum", Datum)
@pytest.mark.parametrize("pair", [(NAN, 36.0), (110.0, NAN), (INF, 36.0), (110.0, -INF), (NAN, INF)])
def test_what_is_not_a_finite_number_is_refused(datum, pair):
    for convert in (to_wgs84, from_wgs84):
        with pytest.raises(ValueError, match="coordinates_not_finite"):
            convert(*pair, datum)


def test_wgs84_stays_as_it_is():
    assert to_wgs84(*JIXIAN, Datum.WGS84) == JIXIAN
    assert from_wgs84(*JIXIAN, Datum.WGS84) == JIXIAN
