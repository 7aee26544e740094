"""The one place that reads the time. Everything else is handed `now`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends

from app.policy.days import SHANGHAI, business_day, day_closes_at, day_starts_at

__all__ = ["SHANGHAI", "Clock", "ClockDependency", "business_day", "day_closes_at", "day_starts_at", "get_clock", "now"]

Clock = Callable[[], datetime]


def now() -> datetime:
    """The current instant, in UTC."""
    return datetime.now(UTC)


async def get_clock() -> Clock:
    """The dependency that tests override to move through time; async, since a plain one would be asked in a thread."""
    return now


ClockDependency = Annotated[Clock, Depends(get_clock)]
