"""Working days and rest days. Statutory holidays and 调休 working days are published a year at a time; for a year that
nobody has published yet weekends are assumed, and every judgment that rests on it says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

SATURDAY = 5


class InvalidYear(ValueError):
    """What was published can't be that year's calendar. One sentence each."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True, slots=True)
class Year:
    """The State Council's notice for a year: the days off, whether working days or weekends otherwise, and the weekend
    days worked. A notice also settles days of the neighbouring years: the last days of December belong to a New Year's
    holiday.
    """

    off: frozenset[date]
    working: frozenset[date]

    def as_json(self) -> dict[str, list[str]]:
        return {
            "off": sorted(day.isoformat() for day in self.off),
            "working": sorted(day.isoformat() for day in self.working),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Year":
        return cls(
            frozenset(date.fromisoformat(day) for day in stored["off"]),
            frozenset(date.fromisoformat(day) for day in stored["working"]),
        )


@dataclass(frozen=True, slots=True)
class Calendar:
    years: Mapping[int, Year] = field(default_factory=dict)
    _rest: Mapping[date, bool] = field(init=False, repr=False, compare=False)
    """The days that a notice names; of two notices that name one day the later year's holds."""

    def __post_init__(self) -> None:
        named: dict[date, bool] = {}
        for _, published in sorted(self.years.items()):
            named |= dict.fromkeys(published.off, True) | dict.fromkeys(published.working, False)
        object.__setattr__(self, "_rest", named)

    @classmethod
    def from_json(cls, stored: Mapping[int, Mapping[str, Any]]) -> "Calendar":
        """From the stored form of each year (`Year.as_json`)."""
        return cls({year: Year.from_json(days) for year, days in stored.items()})

    def is_rest(self, day: date) -> bool:
        named = self._rest.get(day)
        return day.weekday() >= SATURDAY if named is None else named

    def assumed(self, day: date) -> bool:
        """Whether no notice names the day and its year's is not loaded: weekends are then all that is known of it."""
        return day.year not in self.years and day not in self._rest


def days_that_differ(before: Calendar, after: Calendar, first: date, last: date) -> list[date]:
    """The days from `first` to `last`, both included, that two calendars tell differently."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [
        day for day in days if (before.is_rest(day), before.assumed(day)) != (after.is_rest(day), after.assumed(day))
    ]


def make_year(year: int, off: Iterable[date], working: Iterable[date]) -> Year:
    """A notice of these days. Raises InvalidYear."""
    off, working = list(off), list(working)
    days = off + working
    if len(set(days)) < len(days):
        raise InvalidYear("同一日期出现了两次。", "A day occurs twice.")
    if any(not date(year - 1, 12, 1) <= day <= date(year + 1, 1, 31) for day in days):
        raise InvalidYear(
            f"日期应在 {year} 年内，或为与之相连的上年 12 月、次年 1 月。",
            f"The days must lie in {year}, or in the December before or the January after it.",
        )
    if not any(day.year == year for day in off):
        raise InvalidYear(
            f"没有 {year} 年的放假日期：该年安排尚未公布。", f"No day off in {year}: it is not published yet."
        )
    return Year(frozenset(off), frozenset(working))


def from_holiday_cn(published: Mapping[str, Any]) -> tuple[int, Year]:
    """A year in the shape of the holiday-cn project: {"year", "days": [{"name", "date", "isOffDay"}]}. Its year is that
    of the notice, whose days may lie in a neighbouring year. Raises InvalidYear.
    """
    with _in_shape(
        '应为 holiday-cn 的格式：{"year": 2027, "days": [{"date": "2027-01-01", "isOffDay": true}]}。',
        'It must have the shape of holiday-cn: {"year": 2027, "days": [{"date": "2027-01-01", "isOffDay": true}]}.',
    ):
        year = _year(published)
        days = [(date.fromisoformat(item["date"]), _yes_or_no(item["isOffDay"])) for item in published["days"]]
    return year, make_year(year, [day for day, off in days if off], [day for day, off in days if not off])


def from_published(published: Any) -> tuple[int, Year]:
    """A year in the shape of holiday-cn, or as {"year", "off": [dates], "working": [dates]}. Raises InvalidYear."""
    if isinstance(published, Mapping) and "days" in published:
        return from_holiday_cn(published)
    with _in_shape(
        '应为 holiday-cn 的格式，或 {"year": 2027, "off": ["2027-01-01"], "working": []}。',
        'It must have the shape of holiday-cn, or {"year": 2027, "off": ["2027-01-01"], "working": []}.',
    ):
        year = _year(published)
        off, working = ([date.fromisoformat(day) for day in published[name]] for name in ("off", "working"))
    return year, make_year(year, off, working)


@contextmanager
def _in_shape(zh: str, en: str) -> Iterator[None]:
    """Whatever is missing, or is not what it should be, is an InvalidYear in these words."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidYear(zh, en) from error


def _year(published: Mapping[str, Any]) -> int:
    year = published["year"]
    if type(year) is not int or not 2000 <= year <= 2100:
        raise ValueError("year")
    return year


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("isOffDay")
    return value
