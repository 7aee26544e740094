"""The three datums that phones and maps in China report, and the way between them.

GCJ-02 shifts WGS-84 by some 300–700 m, BD-09 shifts GCJ-02 once more by about as much. Neither formula is published by
its authority; these are the ones in general use, and the map services' own answers agree with them to within a metre.

Both shifts exist only in China. As everywhere, China is the box 72.004–137.8347° E, 0.8293–55.8271° N of WGS-84, bounds
included: a position outside it has the same numbers in all three datums.
"""

from collections.abc import Callable
from enum import StrEnum
from math import atan2, cos, degrees, hypot, isfinite, pi, radians, sin, sqrt

Point = tuple[float, float]
"""Longitude and latitude in degrees."""

_KRASSOVSKY_AXIS_M = 6_378_245.0
_KRASSOVSKY_E2 = 0.00669342162296594323
_MERIDIONAL_AXIS_M = _KRASSOVSKY_AXIS_M * (1.0 - _KRASSOVSKY_E2)
_BD09_FREQUENCY = pi * 3000.0 / 180.0

_STEP_DEGREES = 1e-6
"""Inverting stops after a step this small (0.1 m). A shift changes by less than 3 % of the way gone, so less than 3 mm
remain.
"""
_STEPS = 8
"""A bound, never reached: at that rate four steps lead from the largest shift (0.02°) to the last step."""


class Datum(StrEnum):
    """经纬度所用的坐标系。What a pair of longitude and latitude refers to."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def to_wgs84(lng: float, lat: float, datum: Datum) -> Point:
    """The WGS-84 position of a pair read in `datum`, exact to a centimetre for that formula.

    A pair that no position in China is shifted to stands for itself. ValueError (`coordinates_not_finite`) for NaN and
    infinities; every other pair is answered after a bounded number of steps.
    """
    if datum is Datum.WGS84 or not _near_china(lng, lat):
        _require_finite(lng, lat)
        return lng, lat
    found_lng, found_lat = _unshifted(_bd09_of, lng, lat) if datum is Datum.BD09 else (lng, lat)
    found_lng, found_lat = _unshifted(_gcj02_of, found_lng, found_lat)
    # The box is asked of the answer, once. Asked of every step it would flip from step to step at the box's edge.
    return (found_lng, found_lat) if _in_china(found_lng, found_lat) else (lng, lat)


def from_wgs84(lng: float, lat: float, datum: Datum) -> Point:
    """How `datum` writes a WGS-84 position. ValueError (`coordinates_not_finite`) for NaN and infinities."""
    if datum is Datum.WGS84 or not _in_china(lng, lat):
        _require_finite(lng, lat)
        return lng, lat
    shifted = _gcj02_of(lng, lat)
    return _bd09_of(*shifted) if datum is Datum.BD09 else shifted


def _require_finite(lng: float, lat: float) -> None:
    if not (isfinite(lng) and isfinite(lat)):
        raise ValueError("coordinates_not_finite")


def _in_china(lng: float, lat: float) -> bool:
    return 72.004 <= lng <= 137.8347 and 0.8293 <= lat <= 55.8271


def _near_china(lng: float, lat: float) -> bool:
    """Whether the pair can be a shifted position in China: the box with more room around it than the shifts need."""
    return 71.9 <= lng <= 137.95 and 0.7 <= lat <= 55.95


def _gcj02_of(lng: float, lat: float) -> Point:
    """WGS-84 to GCJ-02: metres to the east and north, turned into degrees on the Krassovsky ellipsoid."""
    x, y = lng - 105.0, lat - 35.0
    x_angle, y_angle = pi * x, pi * y
    wave = 20.0 * sin(6.0 * x_angle) + 20.0 * sin(2.0 * x_angle)
    root = sqrt(abs(x))
    cross = 0.1 * x * y
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + cross + 0.1 * root
    east_m += (
        wave
        + 20.0 * sin(x_angle)
        + 40.0 * sin(x_angle / 3.0)
        + 150.0 * sin(x_angle / 12.0)
        + 300.0 * sin(x_angle / 30.0)
    ) * (2.0 / 3.0)
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + cross + 0.2 * root
    north_m += (
        wave
        + 20.0 * sin(y_angle)
        + 40.0 * sin(y_angle / 3.0)
        + 160.0 * sin(y_angle / 12.0)
        + 320.0 * sin(y_angle / 30.0)
    ) * (2.0 / 3.0)
    latitude = radians(lat)
    squared = 1.0 - _KRASSOVSKY_E2 * sin(latitude) ** 2
    root = sqrt(squared)
    return (
        lng + degrees(east_m * root / (_KRASSOVSKY_AXIS_M * cos(latitude))),
        lat + degrees(north_m * squared * root / _MERIDIONAL_AXIS_M),
    )


def _bd09_of(lng: float, lat: float) -> Point:
    """GCJ-02 to BD-09: a turn and a stretch of the pair seen as a vector, then a fixed offset."""
    length = hypot(lng, lat) + 0.00002 * sin(lat * _BD09_FREQUENCY)
    angle = atan2(lat, lng) + 0.000003 * cos(lng * _BD09_FREQUENCY)
    return length * cos(angle) + 0.0065, length * sin(angle) + 0.006


def _unshifted(shift: Callable[[float, float], Point], lng: float, lat: float) -> Point:
    """The pair that `shift` moves to (lng, lat): step back by the shift found at the last guess."""
    guess_lng, guess_lat = lng, lat
    for _ in range(_STEPS):
        shifted_lng, shifted_lat = shift(guess_lng, guess_lat)
        off_lng, off_lat = shifted_lng - lng, shifted_lat - lat
        guess_lng -= off_lng
        guess_lat -= off_lat
        if abs(off_lng) < _STEP_DEGREES and abs(off_lat) < _STEP_DEGREES:
            break
    return guess_lng, guess_lat
