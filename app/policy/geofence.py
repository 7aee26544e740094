"""Whether a position lies in the fences of a village: geometry on the WGS-84 ellipsoid, and the three-valued verdict.

Distances are in metres. Within some 50 km they come from a local plane and are good to 0.01 %; further off they come
from a sphere and are good to 1 %. Where that error could turn a verdict, an exact geodesic is asked, if one is given.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import asin, cos, hypot, inf, radians, sin, sqrt
from typing import Any, NamedTuple, Self, cast

from app.policy.datum import Datum, Point, to_wgs84

Geodesic = Callable[[float, float, float, float], float]
"""lng1, lat1, lng2, lat2 in degrees of WGS-84 to metres, exact."""

Ring = tuple[Point, ...]
Path = tuple[int, ...]

DATUM_ERROR_M = 10.0
"""Added when the datum was transformed: what the unpublished formulas may be off by."""
MAX_DATUM_SHIFT_M = 2_000.0
"""No pair of numbers in China means two places further apart than this (1,525 m at most) under two datums."""

_AXIS_M = 6_378_137.0
_E2 = 0.00669437999014
_MEAN_RADIUS_M = 6_371_008.8
_DEGREE = radians(1.0)

_MAX_NUMBER = 100_000
"""In a position, whose altitude is read too, if not kept."""

_PLANE_LATITUDES = 0.5
_PLANE_LONGITUDES = 1.0
_PLANE_MAX_LATITUDE = 80.0
"""The plane serves up to this far away, and this far from the equator."""
_PLANE_ERROR = 1e-4
_SPHERE_ERROR = 1e-2
"""Shares of the distance, with room to spare: 3e-5 and 6e-3 were measured."""


class Verdict(StrEnum):
    INSIDE = "inside"
    UNCERTAIN = "uncertain"
    OUTSIDE = "outside"


class Reason(StrEnum):
    """Why the verdict is what it is."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    NEAR_EDGE = "near_edge"
    NO_POSITION = "no_position"
    NO_FENCE = "no_fence"
    NO_ACCURACY = "no_accuracy"
    ACCURACY_OUT_OF_RANGE = "accuracy_out_of_range"


class Position(NamedTuple):
    """What a phone reports. `accuracy_m` is its 68 % radius."""

    lng: float
    lat: float
    datum: Datum
    accuracy_m: float | None


@dataclass(frozen=True, slots=True)
class Circle:
    """A WGS-84 centre, and every point at most `radius_m` from it."""

    lng: float
    lat: float
    radius_m: float


class InvalidPolygon(ValueError):
    """A geometry that no fence can be made of. `code` is one of `geometry_type`, `not_geojson`, `not_a_position`,
    `position_out_of_range`, `ring_too_short`, `ring_open`; `path` leads to it through the arrays of the coordinates.
    """

    def __init__(self, code: str, path: Path = ()) -> None:
        super().__init__(code)
        self.code = code
        self.path = path


@dataclass(frozen=True, slots=True)
class Polygon:
    """One or more WGS-84 polygons. `rings`: polygons; their rings, the outer one first, then holes; closed; (lng, lat).

    An edge runs straight in longitude and latitude, as in RFC 7946. Polygons do not cross the antimeridian.
    """

    rings: tuple[tuple[Ring, ...], ...]

    @classmethod
    def from_geojson(cls, geometry: dict[str, Any]) -> Self:
        """From a GeoJSON Polygon or MultiPolygon; altitudes are dropped. Raises InvalidPolygon.

        Rings that cross themselves or each other are not looked for here.
        """
        kind, coordinates = geometry.get("type"), geometry.get("coordinates")
        if kind == "Polygon":
            return cls((_rings(coordinates, ()),))
        if kind == "MultiPolygon":
            return cls(tuple(_rings(polygon, path) for polygon, path in _items(coordinates, ())))
        raise InvalidPolygon("geometry_type")


Fence = Circle | Polygon


class FenceJudgment(NamedTuple):
    """The verdict on a position, with what it rests on.

    The distances are those of the fence that decided: the one with the best verdict, and among those the nearest.
    """

    verdict: Verdict
    distance_m: float | None
    """To the centre of a circle; to a polygon, 0 inside it."""
    signed_margin_m: float | None
    """To the fence's edge, negative inside."""
    error_m: float | None
    """The 95 % radius that the verdict allowed for."""
    datum_suspect: bool
    """Not inside, but inside had the same numbers been read in another datum."""
    wgs84: Point | None
    reason: Reason


def in_range(lng: float, lat: float) -> bool:
    """Whether the pair is a place on earth at all (bounds included; NaN and infinities are not)."""
    return -180.0 <= lng <= 180.0 and -90.0 <= lat <= 90.0


def allowed_error_m(accuracy_m: float, datum: Datum, radius_68_to_95: float) -> float:
    """The radius around the WGS-84 position that holds the true one in 95 of 100 cases.

    A phone's accuracy is the radius that holds 68 % of its fixes. If they scatter by a normal law in two dimensions
    (Rayleigh), the radius for 95 % is √(ln 0.05 / ln 0.32) times as large.
    """
    error_m = radius_68_to_95 * accuracy_m
    return error_m if datum is Datum.WGS84 else error_m + DATUM_ERROR_M


def judge_position(
    position: Position | None,
    fences: Sequence[Fence],
    *,
    max_accuracy_m: float,
    radius_68_to_95: float,
    wgs84: Point | None = None,
    geodesic: Geodesic | None = None,
) -> FenceJudgment:
    """The verdict on a position, the best of those that the fences give: inside or outside only where its error leaves
    no doubt. `wgs84` is where that is, if the caller knows it already; the two numbers are `presence.max_accuracy_m`
    and `presence.verdict`. ValueError (`position_out_of_range`) unless `in_range`.
    """
    if position is None:
        return _undecided(Reason.NO_POSITION, None)
    lng, lat, datum, accuracy_m = position.lng, position.lat, position.datum, position.accuracy_m
    if not in_range(lng, lat):
        raise ValueError("position_out_of_range")
    wgs84 = wgs84 or to_wgs84(lng, lat, datum)
    if not fences:
        return _undecided(Reason.NO_FENCE, wgs84)
    if accuracy_m is None:
        return _undecided(Reason.NO_ACCURACY, wgs84, fences)
    if not 0.0 < accuracy_m <= max_accuracy_m:
        return _undecided(Reason.ACCURACY_OUT_OF_RANGE, wgs84, fences)
    error_m = allowed_error_m(accuracy_m, datum, radius_68_to_95)
    rank, margin_m, distance_m = _best(wgs84, fences, error_m, geodesic)
    suspect = (
        rank > 0
        and margin_m <= MAX_DATUM_SHIFT_M
        and _inside_in_another_datum(position, fences, geodesic, radius_68_to_95)
    )
    verdict, reason = _OUTCOMES[rank]
    return FenceJudgment(verdict, distance_m, margin_m, error_m, suspect, wgs84, reason)


_OUTCOMES = (
    (Verdict.INSIDE, Reason.INSIDE),
    (Verdict.UNCERTAIN, Reason.NEAR_EDGE),
    (Verdict.OUTSIDE, Reason.OUTSIDE),
)
"""By rank, the best first."""

_Finding = tuple[int, float, float]
"""Rank of the verdict, signed margin, distance. The least of several is the one that counts."""


def _undecided(reason: Reason, wgs84: Point | None, fences: Sequence[Fence] = ()) -> FenceJudgment:
    if wgs84 is None or not fences:
        return FenceJudgment(Verdict.UNCERTAIN, None, None, None, False, wgs84, reason)
    _, margin_m, distance_m = min(_judge_fence(wgs84, fence, inf, None) for fence in fences)
    return FenceJudgment(Verdict.UNCERTAIN, distance_m, margin_m, None, False, wgs84, reason)


def _inside_in_another_datum(
    position: Position, fences: Sequence[Fence], geodesic: Geodesic | None, radius_68_to_95: float
) -> bool:
    for datum in Datum:
        if datum is position.datum:
            continue
        error_m = allowed_error_m(cast("float", position.accuracy_m), datum, radius_68_to_95)
        wgs84 = to_wgs84(position.lng, position.lat, datum)
        if _best(wgs84, fences, error_m, geodesic)[0] == 0:
            return True
    return False


def _best(wgs84: Point, fences: Sequence[Fence], error_m: float, geodesic: Geodesic | None) -> _Finding:
    if len(fences) == 1:
        return _judge_fence(wgs84, fences[0], error_m, geodesic)
    return min(_judge_fence(wgs84, fence, error_m, geodesic) for fence in fences)


def _judge_fence(wgs84: Point, fence: Fence, error_m: float, geodesic: Geodesic | None) -> _Finding:
    lng, lat = wgs84
    if isinstance(fence, Circle):
        return _judge_circle(lng, lat, fence, error_m, geodesic)
    return _judge_polygon(lng, lat, fence, error_m, geodesic)


def _judge_circle(lng: float, lat: float, circle: Circle, error_m: float, geodesic: Geodesic | None) -> _Finding:
    distance_m, doubt_m = approximate_distance_m(lng, lat, circle.lng, circle.lat)
    if geodesic is not None and abs(abs(distance_m - circle.radius_m) - error_m) <= doubt_m:
        distance_m = geodesic(lng, lat, circle.lng, circle.lat)
    margin_m = distance_m - circle.radius_m
    if distance_m + error_m <= circle.radius_m:
        return 0, margin_m, distance_m
    return (2 if distance_m - error_m > circle.radius_m else 1), margin_m, distance_m


def _judge_polygon(lng: float, lat: float, polygon: Polygon, error_m: float, geodesic: Geodesic | None) -> _Finding:
    margin_m = min(_signed_distance_m(lng, lat, rings, error_m, geodesic) for rings in polygon.rings)
    distance_m = max(0.0, margin_m)
    if margin_m + error_m <= 0.0:
        return 0, margin_m, distance_m
    return (2 if margin_m - error_m > 0.0 else 1), margin_m, distance_m


def _signed_distance_m(
    lng: float, lat: float, rings: tuple[Ring, ...], error_m: float, geodesic: Geodesic | None
) -> float:
    """To the nearest edge of one polygon, negative inside it."""
    inside, nearest_lng, nearest_lat = _nearest(lng, lat, rings)
    distance_m, doubt_m = approximate_distance_m(lng, lat, nearest_lng, nearest_lat)
    if geodesic is not None and abs(distance_m - error_m) <= doubt_m:
        distance_m = geodesic(lng, lat, nearest_lng, nearest_lat)
    return -distance_m if inside else distance_m


def _nearest(lng: float, lat: float, rings: tuple[Ring, ...]) -> tuple[bool, float, float]:
    """Whether the point lies inside (even-odd rule over all rings), and the nearest point of any edge.

    Works in a plane around the point that keeps straight edges straight: metres per degree as they are at the point.
    The distances compared also allow for the degrees of longitude that grow shorter towards the pole. One loop, because
    a call an edge would double its cost.
    """
    east_m, north_m, shrink = _metres_per_degree(lat)
    inside = False
    best, best_x, best_y, reach = inf, inf, inf, inf
    for ring in rings:
        last_lng, last_lat = ring[-1]
        x1, y1 = (last_lng - lng) * east_m, (last_lat - lat) * north_m
        for vertex_lng, vertex_lat in ring:
            x2, y2 = (vertex_lng - lng) * east_m, (vertex_lat - lat) * north_m
            if (y1 > reach and y2 > reach) or (y1 < -reach and y2 < -reach):
                x1, y1 = x2, y2
                continue
            dx, dy = x2 - x1, y2 - y1
            if (y1 > 0.0) != (y2 > 0.0) and (x1 * dy > y1 * dx) == (dy > 0.0):
                inside = not inside
            along = -(x1 * dx + y1 * dy)
            if along <= 0.0:
                x, y = x1, y1
            else:
                squared = dx * dx + dy * dy
                if along < squared:
                    share = along / squared
                    x, y = x1 + share * dx, y1 + share * dy
                else:
                    x, y = x2, y2
            x_true = x - shrink * x * y
            off = x_true * x_true + y * y
            if off < best:
                best, best_x, best_y, reach = off, x, y, sqrt(off)
            x1, y1 = x2, y2
    return inside, lng + best_x / east_m, lat + best_y / north_m


def _metres_per_degree(lat: float) -> tuple[float, float, float]:
    """To the east and to the north at a latitude, and by which share of itself per metre towards the north the former
    has shrunk half way there. From the ellipsoid's prime vertical and meridional radii.
    """
    latitude = radians(lat)
    sine, cosine = sin(latitude), cos(latitude)
    squared = 1.0 - _E2 * sine * sine
    prime_vertical_m = _AXIS_M / sqrt(squared)
    east_m = prime_vertical_m * cosine
    north_m = prime_vertical_m * (1.0 - _E2) / squared
    return east_m * _DEGREE, north_m * _DEGREE, sine / (2.0 * east_m)


def approximate_distance_m(lng1: float, lat1: float, lng2: float, lat2: float) -> tuple[float, float]:
    """The distance between two WGS-84 positions, and how far off it may be."""
    lng_off, lat_off = lng2 - lng1, lat2 - lat1
    middle = (lat1 + lat2) * 0.5
    if abs(lat_off) > _PLANE_LATITUDES or abs(lng_off) > _PLANE_LONGITUDES or abs(middle) > _PLANE_MAX_LATITUDE:
        distance_m = _great_circle_m(lng_off, lat1, lat2)
        return distance_m, distance_m * _SPHERE_ERROR
    latitude = middle * _DEGREE
    squared = 1.0 - _E2 * sin(latitude) ** 2
    prime_vertical_m = _AXIS_M / sqrt(squared) * _DEGREE
    distance_m = hypot(lng_off * cos(latitude), lat_off * (1.0 - _E2) / squared) * prime_vertical_m
    return distance_m, distance_m * _PLANE_ERROR


def _great_circle_m(lng_off: float, lat1: float, lat2: float) -> float:
    """By the haversine formula, on the sphere of the earth's mean radius."""
    across = sin(radians(lng_off) * 0.5) ** 2 * cos(radians(lat1)) * cos(radians(lat2))
    half_chord = sqrt(sin(radians(lat2 - lat1) * 0.5) ** 2 + across)
    return 2.0 * _MEAN_RADIUS_M * asin(min(1.0, half_chord))


def _rings(value: object, path: Path) -> tuple[Ring, ...]:
    return tuple(_ring(ring, ring_path) for ring, ring_path in _items(value, path))


def _ring(value: object, path: Path) -> Ring:
    ring = tuple(_vertex(position, place) for position, place in _items(value, path))
    if len(ring) < 4:
        raise InvalidPolygon("ring_too_short", path)
    if ring[0] != ring[-1]:
        raise InvalidPolygon("ring_open", path)
    return ring


def _items(value: object, path: Path) -> Iterator[tuple[Any, Path]]:
    """What an array holds, each with its path."""
    if not isinstance(value, list | tuple) or not value:
        raise InvalidPolygon("not_geojson", path)
    return ((item, (*path, number)) for number, item in enumerate(value))


def _vertex(value: object, path: Path) -> Point:
    # The bound keeps out NaN and numbers too large for a float as well.
    if (
        not isinstance(value, list | tuple)
        or len(value) not in {2, 3}
        or not all(type(number) in {int, float} and abs(number) <= _MAX_NUMBER for number in value)
    ):
        raise InvalidPolygon("not_a_position", path)
    lng, lat = float(value[0]), float(value[1])
    if not in_range(lng, lat):
        raise InvalidPolygon("position_out_of_range", path)
    return lng, lat
