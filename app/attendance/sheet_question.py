"""What a month sheet is asked about, and the cheap part of the answer: whether it is still the one that was given
before. No day is looked into here.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.access import scope
from app.access.areas import contains, county_column_in, county_of, level_of, township_of
from app.access.viewer import Viewer
from app.access.visible_areas import path_to
from app.attendance.law import load_calendar, load_provisions
from app.clock import SHANGHAI
from app.models import Area, DayHead, Filing, RosterVersion
from app.policy.allowance import judge_allowance_days
from app.policy.calendar import Calendar
from app.policy.days import ONE_DAY, days_between
from app.policy.provisions import Provisions

_UPPER_LEVELS = ("province", "city")


@dataclass(frozen=True, slots=True)
class SheetQuestion:
    """Whose month sheet of which area; `first` and `last` are the month's days, both inclusive."""

    viewer: Viewer
    area: Area
    area_path: str
    first: date
    last: date
    today: date
    calendar: Calendar
    provisions: Provisions
    filed: dict[str, datetime]
    """When the area's townships filed the month, by code."""

    @property
    def days(self) -> tuple[date, ...]:
        return _days_between(self.first, self.last)

    @property
    def through(self) -> date:
        """The last day of the month that has begun; the day before the month where none has."""
        return max(min(self.today, self.last), self.first - ONE_DAY)

    def counties(self, column: Any) -> ColumnElement[bool]:
        """The condition that a column of county codes is one of those whose days make the sheet."""
        return counties_of(self.area.code, column)


@lru_cache(maxsize=64)
def _days_between(first: date, last: date) -> tuple[date, ...]:
    """Asked for once a row."""
    return tuple(days_between(first, last))


def counties_of(area_code: str, column: Any) -> ColumnElement[bool]:
    wide = level_of(area_code) in _UPPER_LEVELS
    return county_column_in(column, area_code if wide else county_of(area_code))


def ask_sheet(session: Session, viewer: Viewer, area_code: str, first: date, last: date, today: date) -> SheetQuestion:
    """A question that the viewer may ask; NotFound otherwise."""
    area = scope.find_area(session, viewer, area_code)
    return SheetQuestion(
        viewer=viewer,
        area=area,
        area_path=_path(session, area),
        first=first,
        last=last,
        today=today,
        calendar=load_calendar(session),
        provisions=load_provisions(session),
        filed=_filed(session, area.code, first),
    )


def _path(session: Session, area: Area) -> str:
    """The area's name behind those of the county and township above it."""
    above = [code for code in path_to(area.code) if level_of(code) not in _UPPER_LEVELS]
    names = session.execute(select(Area.name).where(Area.code.in_(above)).order_by(Area.code)).scalars()
    return "".join([*names, area.name])


def _filed(session: Session, area_code: str, first: date) -> dict[str, datetime]:
    query = select(Filing.area_code, Filing.filed_at).where(
        counties_of(area_code, Filing.county_code), Filing.kind == "monthly", Filing.period == f"{first:%Y-%m}"
    )
    townships = township_of(area_code) if level_of(area_code) == "village" else area_code
    found = session.execute(query.order_by(Filing.area_code))
    return {code: at.astimezone(SHANGHAI) for code, at in found if contains(townships, code)}


def version_of(session: Session, question: SheetQuestion) -> tuple[object, ...]:
    """What differs whenever the sheet does. The versions of the days and rosters only ever grow, so their sums tell of
    every change; of what has no version the content itself is in it. Ask for it before the sheet: a change between the
    two then only makes the next asker load once more.
    """
    heads = select(func.count(), func.sum(DayHead.version)).where(
        question.counties(DayHead.county_code), DayHead.date.between(question.first, question.last)
    )
    rosters = select(func.count(), func.sum(RosterVersion.version)).where(question.counties(RosterVersion.county_code))
    days = question.days
    return (
        question.viewer.role,
        question.viewer.unit_id,
        question.area.code,
        question.area_path,
        question.first,
        max(min(question.today, question.last + ONE_DAY), question.first - ONE_DAY),
        [(question.calendar.is_rest(day), question.calendar.assumed(day)) for day in days],
        _local_law(question),
        sorted(question.filed.items()),
        tuple(session.execute(heads).one()),
        tuple(session.execute(rosters).one()),
    )


def _local_law(question: SheetQuestion) -> list[object]:
    """The allowance provisions that may hold in the area, local ones of its parts among them."""
    judged = judge_allowance_days(question.days, question.provisions, question.area.code)
    local = [p for p in question.provisions.of_key("allowance.counted_statuses") if p.area_code is not None]
    return [
        [basis.as_json() for basis in judged.basis],
        [p.basis().as_json() for p in local if p.area_code and _touches(question, p.area_code)],
    ]


def _touches(question: SheetQuestion, area_code: str) -> bool:
    return contains(question.area.code, area_code) or contains(area_code, question.area.code)
