"""Working days and rest days. Statutory holidays and 调休 working days are published a year at a time; for a year that
nobody has published yet weekends are assumed, and every judgment that rests on it says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Year:
    """A published year: the days off that would be working days or weekends anyway, and the weekend days worked."""

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

    @classmethod
    def from_json(cls, stored: Mapping[int, Mapping[str, Any]]) -> "Calendar":
        """From the stored form of each year (`Year.as_json`)."""
        return cls({year: Year.from_json(days) for year, days in stored.items()})

    def is_rest(self, day: date) -> bool:
        published = self.years.get(day.year)
        if published is not None:
            if day in published.off:
                return True
            if day in published.working:
                return False
        return day.weekday() >= SATURDAY

    def assumed(self, day: date) -> bool:
        """Whether the day's year is not loaded, so that weekends are all that is known of it."""
        return day.year not in self.years


def from_holiday_cn(published: Mapping[str, Any]) -> tuple[int, Year]:
    """A year in the shape of the holiday-cn project: {"year", "days": [{"name", "date", "isOffDay"}]}. Days of the
    neighbouring years (a New Year's holiday reaches over) are left to their own year's file. Raises ValueError.
    """
    try:
        year = int(published["year"])
        days = [(date.fromisoformat(item["date"]), bool(item["isOffDay"])) for item in published["days"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not in the shape of holiday-cn: {error}") from error
    if len({day for day, _ in days}) != len(days):
        raise ValueError("a day occurs twice")
    own = [(day, off) for day, off in days if day.year == year]
    if not any(off for _, off in own):
        raise ValueError("no day off in the year: it is not published yet")
    return year, Year(frozenset(day for day, off in own if off), frozenset(day for day, off in own if not off))
