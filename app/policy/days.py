"""A day is a calendar date in China, and it closes some time after midnight."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
ONE_DAY = timedelta(days=1)


def business_day(instant: datetime) -> date:
    """The calendar date of an aware instant in Asia/Shanghai."""
    return instant.astimezone(SHANGHAI).date()


def day_starts_at(day: date) -> datetime:
    """00:00 of the day in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def day_closes_at(day: date, closing: str) -> datetime:
    """The instant at which `day` closes: `closing` ("HH:MM") of the next day in Asia/Shanghai."""
    hour, minute = closing.split(":")
    return day_starts_at(day + ONE_DAY) + timedelta(hours=int(hour), minutes=int(minute))
