"""The demo county: whatever the day on which it is first started, it shows what there is to show."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.audit import broken_links
from app.access.viewer import Role
from app.clock import SHANGHAI, business_day
from app.database import Database
from app.demo.calendar_2026 import CALENDAR_2026
from app.demo.seed import is_demo, is_empty, seed
from app.demo.story import ABSENCES, absence
from app.models import (
    Account,
    Area,
    Cadre,
    DayEntry,
    DispatchUnit,
    Fence,
    Leave,
    LeaveStep,
    Posting,
    RecallFlag,
    Whereabouts,
)
from app.policy.attendance import Status
from app.policy.calendar import Calendar, from_holiday_cn
from app.policy.recall import FlagState
from app.settings import Settings

STARTS = [
    ("sqlite", "2026-02-22 08:00", "the Sunday at the end of the Spring Festival"),
    ("sqlite", "2027-01-01 00:10", "New Year's Day of a year without a calendar, just after midnight"),
    ("postgresql", "2028-02-29 23:50", "29 February"),
]


@pytest.mark.parametrize(
    ("databases", "start"), [start[:2] for start in STARTS], ids=[s[2] for s in STARTS], indirect=["databases"]
)
def test_on_whatever_day_it_starts_the_county_shows_what_there_is_to_show(databases, database_url, start):
    now = datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)
    database = Database(Settings(database_url=database_url))
    assert is_empty(database)
    seed(database, now)
    assert (is_empty(database), is_demo(database)) == (False, True)
    with database.reading() as session:
        require_a_county(session)
        require_three_months(session, business_day(now))
        require_every_flag(session)
        require_leave_and_whereabouts(session)
        assert list(broken_links(session)) == []
    database.dispose()


def require_a_county(session: Session) -> None:
    levels = dict(session.execute(select(Area.level, func.count()).group_by(Area.level)).all())
    assert levels == {"province": 1, "city": 1, "county": 1, "township": 3, "village": 12}
    assert all(code.startswith("99") for code in session.scalars(select(Area.code)))
    units = Counter(session.scalars(select(DispatchUnit.level)))
    assert (set(units), units.total()) == ({"province", "city", "county"}, 6)
    assert session.scalar(select(func.count()).select_from(Cadre)) == 40
    assert session.scalar(select(func.count(Posting.cadre_id.distinct()))) == 40
    assert set(session.scalars(select(Account.role))) == set(Role)
    assert session.scalar(select(func.count()).select_from(Fence)) == 12


def require_three_months(session: Session, today: date) -> None:
    days = set(session.scalars(select(DayEntry.date).distinct()))
    assert days >= {today - timedelta(days=ago) for ago in range(1, 93)}
    assert max(days) <= today
    assert set(session.scalars(select(DayEntry.status).distinct())) == set(Status)
    assert set(session.scalars(select(DayEntry.confirmed).distinct())) == {True, False}
    exceptions = {name for names in session.scalars(select(DayEntry.exceptions)) for name in names}
    assert {"late_upload", "evidence_waiting"} <= exceptions


def require_every_flag(session: Session) -> None:
    states = Counter(session.scalars(select(RecallFlag.state)))
    assert states.keys() >= {FlagState.WARNING, FlagState.PROVISIONAL, FlagState.CANDIDATE}


def require_leave_and_whereabouts(session: Session) -> None:
    assert set(session.scalars(select(LeaveStep.office))) == {"township", "county", "city", "unit"}
    assert set(session.scalars(select(Leave.state))) == {"approved", "pending"}
    assert set(session.scalars(select(Whereabouts.state))) >= {"in_village", "official", "training"}


def test_an_absence_begins_and_ends_on_working_days_whatever_the_holidays():
    year, days = from_holiday_cn(CALENDAR_2026)
    calendar = Calendar({year: days})
    for number in range(3 * 365):
        today = date(2026, 1, 1) + timedelta(days=number)
        for until, shortest, longest in ABSENCES.values():
            first, last = absence(calendar, today, until, shortest, longest)
            assert not calendar.is_rest(first)
            assert not calendar.is_rest(last)
            assert shortest <= (last - first).days + 1 <= longest
            assert (today - last).days >= until
