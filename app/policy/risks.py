"""Risk flags: hints for people, never a verdict (a mock flag alone proves nothing: external receivers raise it too)."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Literal, NamedTuple

from app.policy.geofence import Geodesic, approximate_distance_m

RECENT = timedelta(days=7)
"""How far back fixes are compared: nobody on earth is fast enough for an older one to matter."""

REPEATED_ON_DAYS = 3

RiskFlag = Literal[
    "mock_location",
    "impossible_speed",
    "repeated_coordinates",
    "shared_device",
    "clock_skew",
    "stale_fix",
    "late_upload",
    "datum_suspect",
]


class Fix(NamedTuple):
    """A position at an instant. `lng` and `lat` are as the phone sent them, `wgs84` is comparable."""

    date: date
    at: datetime
    lng: float
    lat: float
    wgs84: tuple[float, float]


def impossible_speed(fix: Fix, earlier: Sequence[Fix], max_speed_kmh: float, geodesic: Geodesic) -> bool:
    """Whether getting here from the last fix before it would take more than `presence.max_speed_kmh`."""
    last: Fix | None = None
    for other in earlier:
        if other.at < fix.at and (last is None or other.at > last.at):
            last = other
    if last is None:
        return False
    reach_m = max_speed_kmh * (fix.at - last.at).total_seconds() / 3.6
    distance_m, doubt_m = approximate_distance_m(*last.wgs84, *fix.wgs84)
    if abs(distance_m - reach_m) <= doubt_m:
        distance_m = geodesic(*last.wgs84, *fix.wgs84)
    return distance_m > reach_m


def repeated_coordinates(fix: Fix, earlier: Sequence[Fix]) -> bool:
    """Whether the same coordinates, to 7 digits, came on three days: a real receiver never holds that still."""
    if len(earlier) + 1 < REPEATED_ON_DAYS:
        return False
    place = _to_7_digits(fix)
    same = {other.date for other in earlier if _to_7_digits(other) == place}
    return len(same | {fix.date}) >= REPEATED_ON_DAYS


def _to_7_digits(fix: Fix) -> tuple[float, float]:
    return round(fix.lng, 7), round(fix.lat, 7)


_instant_of = attrgetter("at")


class Trail:
    """The fixes of one posting in the order of their instants and by their coordinates, so that a batch of hundreds
    does not compare each with each.
    """

    def __init__(self) -> None:
        self._line: list[Fix] = []
        self._places: dict[tuple[float, float], dict[date, Fix]] = {}

    def add(self, fix: Fix) -> None:
        insort(self._line, fix, key=_instant_of)
        self._places.setdefault(_to_7_digits(fix), {}).setdefault(fix.date, fix)

    def around(self, lng: float, lat: float, at: datetime, since: date) -> list[Fix]:
        """The last fix before an instant, and one of each day at the same coordinates; none older than `since`."""
        place = bisect_left(self._line, at, key=_instant_of)
        same = self._places.get((round(lng, 7), round(lat, 7)), {})
        return [fix for fix in (*self._line[max(0, place - 1) : place], *same.values()) if fix.date >= since]


def stale_fix(captured_at: datetime, fixed_at: datetime | None, stale_after: timedelta) -> bool:
    """Whether the position was older than `presence.stale_fix_minutes` when it was used."""
    return fixed_at is not None and captured_at - fixed_at > stale_after
