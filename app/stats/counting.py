"""Counting person-days: closed days from the roll-ups, the days since then from their facts.

A county's days count from the day on which it entered its first posting: what lies before is nobody's ledger.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.orm import Session

from app.access.areas import area_prefix, level_of
from app.access.scope import countable
from app.access.viewer import Role, Viewer
from app.attendance.facts import count_facts
from app.attendance.open_days import among
from app.attendance.rollups import NUMBERS
from app.attendance.signatures import facts_on
from app.models import CountyMonth, CountyRollup, TeamRollup
from app.policy.attendance import Status, judge_day
from app.policy.calendar import Calendar
from app.stats.open_days import open_spans


class By(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    AREA = "area"
    UNIT = "unit"


PERIODS = frozenset({By.DAY, By.WEEK, By.MONTH})

DIGITS_BELOW = {2: 4, 4: 6, 6: 9, 9: 12, 12: 12}
"""Significant digits of a code, and of the codes one level below it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is counted: an area's days from `first` to `last`, both inclusive; `counties` are those that it lies in or
    is made of. `by_day` keeps the days and counties apart while counting, which tells how large each group was on its
    fullest day. `months` are named by their firsts where the days are whole months that every county has closed: they
    are read from the months' roll-ups, and no county need be named.
    """

    viewer: Viewer
    area_code: str
    counties: tuple[str, ...]
    first: date
    last: date
    by: By
    by_day: bool = False
    months: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """What a row is about."""

    first: date
    last: date
    area_code: str
    unit_id: UUID | None = None


@dataclass(slots=True)
class Tally:
    """Person-days by the names of NUMBERS; the rest is known where the question keeps days and counties apart."""

    counts: Counter[str] = field(default_factory=Counter)
    people_by_day: Counter[date] = field(default_factory=Counter)
    counties: set[str] = field(default_factory=set)

    def add(self, cell: "Cell") -> None:
        self.counts.update(cell.numbers)
        if cell.day is not None:
            self.people_by_day[cell.day] += cell.numbers.get("people", 0)
        if cell.county_code is not None:
            self.counties.add(cell.county_code)


@dataclass(slots=True)
class Cell:
    """Numbers as the database groups them; a part is null where the question does not keep it apart."""

    numbers: dict[str, int]
    day: date | None = None
    prefix: str | None = None
    unit_id: UUID | None = None
    county_code: str | None = None


def count(
    session: Session,
    question: Question,
    today: date,
    calendar: Calendar,
    *,
    all_closed: bool = False,
    closed: Iterable[Cell] | None = None,
) -> dict[Key, Tally]:
    """The tallies of the rows that have people in them, by period and code. Days after `today` count
    nothing; where every day is known to be closed none is looked for, and `closed` is read only if it is not given.
    """
    found: dict[Key, Tally] = defaultdict(Tally)
    open_cells = () if all_closed else _open(session, question, today, calendar)
    for cells in (_closed(session, question) if closed is None else closed, open_cells):
        for cell in cells:
            found[_key(question, cell)].add(cell)
    peopled = [key for key, tally in found.items() if tally.counts["people"]]
    return {key: found[key] for key in sorted(peopled, key=lambda k: (k.first, k.area_code, str(k.unit_id)))}


def _key(question: Question, cell: Cell) -> Key:
    if question.by is By.AREA:
        return Key(question.first, question.last, (cell.prefix or "").ljust(12, "0"))
    if question.by is By.UNIT or cell.day is None:
        return Key(question.first, question.last, question.area_code, cell.unit_id)
    first, last = period_around(cell.day, question.by)
    return Key(max(first, question.first), min(last, question.last), question.area_code)


def period_around(day: date, by: By) -> tuple[date, date]:
    """The day, ISO week or month that `day` lies in, both ends inclusive."""
    if by is By.WEEK:
        monday = day.toordinal() - day.weekday()
        return date.fromordinal(monday), date.fromordinal(monday + 6)
    if by is By.MONTH:
        next_month = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return day.replace(day=1), date.fromordinal(next_month.toordinal() - 1)
    return day, day


def _columns(question: Question, rows: Any) -> dict[str, ColumnElement[Any]]:
    """What the database groups by; `rows` are a roll-up or the facts."""
    columns: dict[str, ColumnElement[Any]] = {}
    if question.by_day or question.by in PERIODS:
        columns["day"] = rows.date
    if question.by is By.AREA:
        digits = DIGITS_BELOW[len(area_prefix(question.area_code))]
        code = rows.county_code if digits <= 6 else rows.village_code
        if digits not in {6, 12}:
            # Spelled out: PostgreSQL would take two parameters for two different expressions.
            code = func.substr(code, literal_column("1"), literal_column(str(digits)))
        columns["prefix"] = code
    if question.by is By.UNIT:
        columns["unit_id"] = rows.unit_id
    if question.by_day:
        columns["county_code"] = rows.county_code
    return columns


_SUMS = {
    model: [func.sum(getattr(model, name)) for name in NUMBERS] for model in (TeamRollup, CountyRollup, CountyMonth)
}


def closed_sums(question: Question) -> tuple[list[str], Select[Any]]:
    """The numbers of closed days from the coarsest roll-up that can answer, as a statement whose rows `cell_of` reads,
    and the names of the parts by which it groups.
    """
    model = _coarsest(question)
    columns = _columns(question, model)
    if question.months:
        days = [model.date.in_(question.months)]
    else:
        days = [among(model.county_code, question.counties), model.date.between(question.first, question.last)]
    query = (
        select(*columns.values(), *_SUMS[model])
        .where(countable(question.viewer, model, question.area_code))
        .where(*days)
        .group_by(*columns.values())
    )
    return list(columns), query


def cell_of(names: Sequence[str], row: Sequence[Any]) -> Cell:
    """What follows the numbers in the row is not looked at."""
    numbers = row[len(names) : len(names) + len(NUMBERS)]
    return Cell(dict(zip(NUMBERS, map(int, numbers), strict=True)), **dict(zip(names, row, strict=False)))


def _closed(session: Session, question: Question) -> Iterator[Cell]:
    names, query = closed_sums(question)
    for row in session.execute(query):
        yield cell_of(names, row)


def _coarsest(question: Question) -> Any:
    if question.months:
        return CountyMonth
    return CountyRollup if _counties_suffice(question.viewer, question.area_code, question.by) else TeamRollup


def _counties_suffice(viewer: Viewer, area_code: str, by: By) -> bool:
    level = level_of(area_code)
    if viewer.role is Role.UNIT or by is By.UNIT or level in {"township", "village"}:
        return False
    return level != "county" or by is not By.AREA


def months_that_answer(viewer: Viewer, area_code: str, first: date, last: date, by: By) -> tuple[date, ...]:
    """The firsts of the months that the days are, where numbers by county and month would answer; none otherwise."""
    whole = first.day == 1 and period_around(last, By.MONTH)[1] == last
    if not whole or by not in {By.MONTH, By.AREA} or not _counties_suffice(viewer, area_code, by):
        return ()
    ordinals = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return tuple(date(ordinal // 12, ordinal % 12 + 1, 1) for ordinal in ordinals)


def _open(session: Session, question: Question, today: date, calendar: Calendar) -> Iterator[Cell]:
    """Each distinct set of facts is judged once, however many postings share it."""

    def columns(facts: Any) -> Sequence[ColumnElement[Any]]:
        # The date is always among what the facts are grouped by.
        return [column for name, column in _columns(question, facts).items() if name != "day"]

    names = [name for name in _columns(question, TeamRollup) if name != "day"]
    keep_day = question.by_day or question.by in PERIODS
    for span in open_spans(session, question.counties, question.first, min(question.last, today)):
        counted = count_facts(
            session, span, columns, lambda facts: countable(question.viewer, facts, question.area_code)
        )
        for row in counted:
            *parts, day, signature, status, number = tuple(row)
            facts = facts_on(signature, day, calendar)
            judged = judge_day(facts).status if status is None else Status(status)
            if judged is not None:
                numbers = {"people": number, judged.value: number, "unconfirmed": 0 if facts.confirmed else number}
                yield Cell(numbers, day if keep_day else None, **dict(zip(names, parts, strict=True)))
