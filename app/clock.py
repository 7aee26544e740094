"""The one place that reads the time. Everything else is handed `now`."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends

SHANGHAI = ZoneInfo("Asia/Shanghai")

Clock = Callable[[], datetime]


def now() -> datetime:
    """The current instant, in UTC."""
    return datetime.now(UTC)


async def get_clock() -> Clock:
    """The dependency that tests override to move through time; async, since a plain one would be asked in a thread."""
    return now


ClockDependency = Annotated[Clock, Depends(get_clock)]


def business_day(instant: datetime) -> date:
    """The calendar date of an aware instant in Asia/Shanghai."""
    return instant.astimezone(SHANGHAI).date()


def day_starts_at(day: date) -> datetime:
    """00:00 of the day in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def day_closes_at(day: date, closing: str) -> datetime:
    """The instant at which `day` closes: `closing` ("HH:MM") of the next day in Asia/Shanghai."""
    hour, minute = closing.split(":")
    return day_starts_at(day + timedelta(days=1)) + timedelta(hours=int(hour), minutes=int(minute))
