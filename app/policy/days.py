"""A day is a calendar date in China, and it closes some time after midnight."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
ONE_DAY = timedelta(days=1)


def business_day(instant: datetime) -> date:
    """The calendar date of an aware instant in Asia/Shanghai."""
    return instant.astimezone(SHANGHAI).date()


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both inclusive; none where they are reversed."""
    return [date.fromordinal(ordinal) for ordinal in range(first.toordinal(), last.toordinal() + 1)]


def runs_of(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """The stretches of consecutive days, as first and last day (both inclusive)."""
    first = last = None
    for day in sorted(days):
        if first is None or last is None:
            first = last = day
        elif day - last == ONE_DAY:
            last = day
        else:
            yield first, last
            first = last = day
    if first is not None and last is not None:
        yield first, last


def day_starts_at(day: date) -> datetime:
    """00:00 of the day in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def day_closes_at(day: date, closing: str) -> datetime:
    """The instant at which `day` closes: `closing` ("HH:MM") of the next day in Asia/Shanghai."""
    hour, minute = closing.split(":")
    return day_starts_at(day + ONE_DAY) + timedelta(hours=int(hour), minutes=int(minute))
