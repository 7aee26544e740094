"""Roll-ups: closed days counted, in the transaction that closes or changes them.

There is one table by team (village and dispatch unit), one by county, and one by county and month, which adds closed
days up. A day that is still open has no roll-up; it is counted from its facts when somebody asks.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, and_, case, func, insert, literal, select
from sqlalchemy.orm import Session

from app.attendance.bulk import Insert
from app.attendance.upsert import insert_into
from app.models import CountyMonth, CountyRollup, DayHead, TeamRollup
from app.policy.attendance import Status

NUMBERS = ("people", *(status.value for status in Status), "unconfirmed")
"""The columns of every roll-up, in the order in which they are counted."""


@dataclass(frozen=True, slots=True)
class Delta:
    """How one entry of a closed day changed: (status, confirmed) before and after, null where there was or is none."""

    county_code: str
    date: date
    village_code: str
    unit_id: UUID
    before: tuple[Status, bool] | None
    after: tuple[Status, bool] | None


def moved_by(deltas: Iterable[Delta]) -> list[Insert]:
    """What moves the roll-ups by these changes."""
    teams: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys(NUMBERS, 0))
    counties: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys(NUMBERS, 0))
    months: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys(NUMBERS, 0))
    for delta in deltas:
        day = (delta.county_code, delta.date)
        month = (delta.county_code, delta.date.replace(day=1))
        for numbers in (teams[*day, delta.village_code, delta.unit_id], counties[day], months[month]):
            _count(numbers, delta.before, -1)
            _count(numbers, delta.after, +1)
    return [
        _added(TeamRollup, ("county_code", "date", "village_code", "unit_id"), teams),
        _added(CountyRollup, ("county_code", "date"), counties),
        _added(CountyMonth, ("county_code", "date"), months, days=0, version=1),
    ]


def _count(numbers: dict[str, int], standing: tuple[Status, bool] | None, sign: int) -> None:
    if standing is None:
        return
    status, confirmed = standing
    numbers["people"] += sign
    numbers[status.value] += sign
    numbers["unconfirmed"] += 0 if confirmed else sign


def _added(model: Any, key: Sequence[str], changes: dict[tuple[Any, ...], dict[str, int]], **besides: int) -> Insert:
    moved = {values: numbers for values, numbers in changes.items() if any(numbers.values())}
    # In the order of their keys, so that two writers never wait for each other.
    rows = [dict(zip(key, values, strict=True)) | moved[values] | besides for values in sorted(moved, key=str)]
    table = model.__tablename__
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in (*NUMBERS, *besides))
    return Insert(model, rows, f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {added}")


def count_day(session: Session, county_codes: Sequence[str], day: date, standing: Any) -> None:
    """Count the counties' day for the first time, from its entries as they stand: the teams from the entries, the
    counties from their teams.
    """
    team = (standing.c.county_code, standing.c.village_code, standing.c.unit_id)
    numbers = _numbers(standing.c.status, standing.c.confirmed)
    counted = select(*team, literal(day, Date), *numbers).group_by(*team)
    names = [*(column.key for column in team), "date", *NUMBERS]
    session.execute(insert(TeamRollup).from_select(names, counted))
    county = (TeamRollup.county_code, TeamRollup.date)
    added = (
        select(*county, *(func.sum(getattr(TeamRollup, name)) for name in NUMBERS))
        .where(TeamRollup.county_code.in_(county_codes), TeamRollup.date == day)
        .group_by(*county)
    )
    session.execute(insert(CountyRollup).from_select(["county_code", "date", *NUMBERS], added))
    _count_in_month(session, county_codes, day)


def _count_in_month(session: Session, county_codes: Sequence[str], day: date) -> None:
    """Add the counted day to its month; a day on which nobody was posted is a closed day all the same."""
    numbers = [func.coalesce(getattr(CountyRollup, name), 0) for name in NUMBERS]
    counted = (
        select(DayHead.county_code, literal(day.replace(day=1), Date), literal(1), literal(1), *numbers)
        .outerjoin(CountyRollup, and_(CountyRollup.county_code == DayHead.county_code, CountyRollup.date == day))
        .where(DayHead.county_code.in_(county_codes), DayHead.date == day)
        .order_by(DayHead.county_code)
    )
    names = ("days", "version", *NUMBERS)
    statement = insert_into(session, CountyMonth).from_select(["county_code", "date", *names], counted)
    added = {name: getattr(CountyMonth, name) + statement.excluded[name] for name in names}
    session.execute(statement.on_conflict_do_update(index_elements=["date", "county_code"], set_=added))


def _numbers(status: Any, confirmed: Any) -> list[ColumnElement[int]]:
    numbers: list[ColumnElement[int]] = [func.count().label("people")]
    numbers += [_sum(status == each.value).label(each.value) for each in Status]
    return [*numbers, _sum(confirmed.is_(False)).label("unconfirmed")]


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
