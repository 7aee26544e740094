"""The published holidays and 调休 working days of 2026, for the demo; operators load theirs with the importer."""

from datetime import date, timedelta
from typing import Any


def _off(name: str, first: str, days: int) -> list[dict[str, Any]]:
    start = date.fromisoformat(first)
    return [
        {"name": name, "date": (start + timedelta(days=number)).isoformat(), "isOffDay": True} for number in range(days)
    ]


def _working(name: str, *days: str) -> list[dict[str, Any]]:
    return [{"name": name, "date": day, "isOffDay": False} for day in days]


CALENDAR_2026: dict[str, Any] = {
    "year": 2026,
    "days": [
        *_off("元旦", "2026-01-01", 3),
        *_working("元旦", "2026-01-04"),
        *_off("春节", "2026-02-15", 9),
        *_working("春节", "2026-02-14", "2026-02-28"),
        *_off("清明节", "2026-04-04", 3),
        *_off("劳动节", "2026-05-01", 5),
        *_working("劳动节", "2026-05-09"),
        *_off("端午节", "2026-06-19", 3),
        *_off("中秋节", "2026-09-25", 3),
        *_off("国庆节", "2026-10-01", 7),
        *_working("国庆节", "2026-09-20", "2026-10-10"),
    ],
}
