"""Seeding: the whole demo in one transaction, or nothing of it."""

from datetime import datetime, timedelta

from sqlalchemy import select

from app.access.passwords import Passwords
from app.access.random_secrets import hash_secret
from app.attendance.partitions import ensure_partitions
from app.clock import business_day, day_starts_at
from app.database import Database
from app.demo.calendar_2026 import CALENDAR_2026
from app.demo.county import COUNTY, PASSWORD, build_county
from app.demo.story import DAYS, Story
from app.models import Account, Area, CalendarYear
from app.policy.calendar import from_holiday_cn


def is_empty(database: Database) -> bool:
    """Whether nobody has an account yet."""
    with database.reading() as session:
        return session.scalar(select(Account.id).limit(1)) is None


def is_demo(database: Database) -> bool:
    """Whether this database holds the demo county."""
    with database.reading() as session:
        return session.get(Area, COUNTY) is not None


def seed(database: Database, now: datetime) -> None:
    """Fill an empty database with the demo county, three months of it up to `now`."""
    today = business_day(now)
    founded = day_starts_at(today - timedelta(days=DAYS))
    with database.writing() as session:
        months = [today - timedelta(days=ago) for ago in range(0, DAYS + 120, 28)]
        ensure_partitions(session, months)
        year, days = from_holiday_cn(CALENDAR_2026)
        session.add(
            CalendarYear(
                year=year, days=days.as_json(), source="国办发明电（演示数据）", loaded_by=None, loaded_at=founded
            )
        )
        county = build_county(session, Passwords(1).hash(PASSWORD), hash_secret(PASSWORD), founded)
        Story(session, county, now).tell()
