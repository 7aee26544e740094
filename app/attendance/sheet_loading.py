"""The month sheet out of the tables: a fixed number of set queries, however many people it is about."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, String, func, select, type_coerce
from sqlalchemy.orm import Session, aliased

from app.access import scope
from app.access.areas import in_area, level_of
from app.attendance import sheet
from app.attendance.facts import Span, load_facts
from app.attendance.open_days import first_days, first_open_days
from app.attendance.sheet import Cell, Day, Filed, Sheet
from app.attendance.sheet_question import SheetQuestion
from app.attendance.signatures import facts_on
from app.errors import Unprocessable
from app.models import Area, Cadre, DayEntry, DispatchUnit, Posting
from app.policy.allowance import judge_allowance_days
from app.policy.attendance import Status, judge_day
from app.policy.judgment import Basis

MAX_ROWS = 5000
"""Of one sheet: a city's cadres."""

NAMED_POSTINGS = 500
"""Up to so many are named in a query about open days; more, and whole counties are read and sifted."""

Counted = Mapping[date, frozenset[Status]]


def load_sheet(session: Session, question: SheetQuestion) -> Sheet:
    """The sheet as the question's viewer sees it. Days that have an entry stand as they are; open days without one are
    judged from the facts; of a month that is closed no fact is read. Days from before the county's first one are in no
    ledger, whatever was entered for them.
    """
    entries = _load_entries(session, question)
    postings = _load_postings(session, question)
    counties = sorted({posting.county_code for posting in postings})
    begins = dict(first_days(session, counties)) if counties else {}
    open_days = _OpenDays.load(session, question, counties)
    judged = _judge_open_days(session, question, postings, open_days)
    law = _Allowance(question)
    rows = []
    for posting in postings:
        recorded = judged.get(posting.id, {}) | entries.get(posting.id, {})
        cells = _cells(question, posting, begins[posting.county_code], recorded)
        rows.append(_row(question, posting, cells, law.counted(posting.county_code)))
    rows.sort(key=lambda row: row.order)
    return Sheet(
        area_code=question.area.code,
        area=question.area.name,
        area_path=question.area_path,
        by_township=level_of(question.area.code) not in {"township", "village"},
        first=question.first,
        last=question.last,
        over=question.today > question.last,
        days=_days(question),
        rows=rows,
        filings=_filings(question, rows),
        basis=law.basis(),
    )


def _load_entries(session: Session, question: SheetQuestion) -> dict[UUID, dict[date, Cell]]:
    """Past the mapper, and on SQLite by ids and days as they are stored: a sheet has thousands of entries, and few
    postings and days.
    """
    columns = DayEntry.__table__.c
    keys: list[ColumnElement[Any]] = [columns.posting_id, columns.date]
    days: dict[Any, date] = {day: day for day in question.days}
    as_text = session.get_bind().dialect.name == "sqlite"
    if as_text:
        keys = [type_coerce(key, String) for key in keys]
        days = {day.isoformat(): day for day in question.days}
    query = select(*keys, columns.status, columns.confirmed).where(
        scope.visible(question.viewer, DayEntry),
        in_area(DayEntry, question.area.code),
        DayEntry.date.between(question.first, question.last),
    )
    rows: Iterable[Any] = session.connection().execute(query)
    entries: dict[Any, dict[date, Cell]] = defaultdict(dict)
    for posting_id, day, status, confirmed in rows:
        entries[posting_id][days[day]] = sheet.JUDGED[status, confirmed]
    return {UUID(posting_id): cells for posting_id, cells in entries.items()} if as_text else entries


def _load_postings(session: Session, question: SheetQuestion) -> list[Row[Any]]:
    """The postings that the month touches."""
    touching = Posting.held_between(question.first, question.last)
    postings = list(session.execute(_posting_query(question).where(touching).limit(MAX_ROWS + 1)))
    if len(postings) > MAX_ROWS:
        raise Unprocessable.field(
            "/query/area",
            "sheet_too_large",
            f"超过 {MAX_ROWS} 人，请按市、县或乡镇分别导出",
            f"more than {MAX_ROWS} people: ask for a city, county or township at a time",
        )
    return postings


def _posting_query(question: SheetQuestion) -> Select[*tuple[Any, ...]]:
    village, township = aliased(Area), aliased(Area)
    return (
        select(
            Posting.id,
            Posting.cadre_id,
            Posting.county_code,
            Posting.township_code,
            Posting.village_code,
            Posting.duty,
            Posting.starts_on,
            Posting.ends_on,
            Cadre.name,
            DispatchUnit.name.label("unit"),
            func.coalesce(village.name, Posting.village_code).label("village"),
            func.coalesce(township.name, Posting.township_code).label("township"),
        )
        .join(Cadre, Cadre.id == Posting.cadre_id)
        .join(DispatchUnit, DispatchUnit.id == Posting.unit_id)
        .outerjoin(village, village.code == Posting.village_code)
        .outerjoin(township, township.code == Posting.township_code)
        .where(scope.visible(question.viewer, Posting), in_area(Posting, question.area.code))
    )


@dataclass(slots=True)
class _OpenDays:
    """By county the first day that has begun and was not closed, as far as it lies in the month."""

    first: dict[str, date] = field(default_factory=dict)

    @classmethod
    def load(cls, session: Session, question: SheetQuestion, counties: Sequence[str]) -> "_OpenDays":
        if not counties or question.through < question.first:
            return cls()
        found = first_open_days(session, counties)
        return cls({code: max(begins, question.first) for code, begins in found if begins <= question.through})

    def spans(self, question: SheetQuestion, postings: Sequence[Row[Any]]) -> Iterator[Span]:
        by_first: dict[date, list[str]] = defaultdict(list)
        for code, begins in self.first.items():
            by_first[begins].append(code)
        for begins, codes in sorted(by_first.items()):
            concerned = tuple(posting.id for posting in postings if posting.county_code in codes)
            named = concerned if len(concerned) <= NAMED_POSTINGS else None
            yield Span(tuple(sorted(codes)), begins, question.through, named)


def _judge_open_days(
    session: Session, question: SheetQuestion, postings: Sequence[Row[Any]], open_days: _OpenDays
) -> dict[UUID, dict[date, Cell]]:
    """Days that have an entry are in it as well; the entry is what counts."""
    wanted = {posting.id for posting in postings}
    judged: dict[UUID, dict[date, Cell]] = defaultdict(dict)
    for span in open_days.spans(question, postings):
        for row in load_facts(session, span):
            if row.status is not None or row.posting_id not in wanted:
                continue
            status = judge_day(facts_on(row.signature, row.date, question.calendar)).status
            if status is not None:
                judged[row.posting_id][row.date] = sheet.JUDGED[status, False]
    return judged


def _cells(question: SheetQuestion, posting: Row[Any], begins: date, recorded: Mapping[date, Cell]) -> tuple[Cell, ...]:
    through, starts_on, ends_on = question.through, posting.starts_on, posting.ends_on or date.max
    cells = []
    for day in question.days:
        cell = recorded.get(day) if day >= begins else None
        if cell is None:
            if not starts_on <= day <= ends_on:
                cell = sheet.OUTSIDE
            else:
                cell = sheet.NOT_BEGUN if day > through else sheet.UNRECORDED
        cells.append(cell)
    return tuple(cells)


def _row(question: SheetQuestion, posting: Row[Any], cells: Sequence[Cell], counted: Counted) -> sheet.Row:
    return sheet.Row(
        posting_id=posting.id,
        cadre_id=posting.cadre_id,
        name=posting.name,
        duty=posting.duty,
        unit=posting.unit,
        township_code=posting.township_code,
        township=posting.township,
        village_code=posting.village_code,
        village=posting.village,
        starts_on=posting.starts_on,
        ends_on=posting.ends_on,
        cells=cells,
        numbers=sheet.count_row(cells, question.days, counted),
        remark=sheet.remark_of(posting.starts_on, posting.ends_on, question.first, question.last),
    )


class _Allowance:
    """Which statuses count as 实际在岗, county by county."""

    def __init__(self, question: SheetQuestion) -> None:
        self._question = question
        self._by_county: dict[str, Counted] = {}
        self._basis: dict[Any, Basis] = {}

    def counted(self, county_code: str) -> Counted:
        if county_code not in self._by_county:
            judged = judge_allowance_days(self._question.days, self._question.provisions, county_code)
            self._by_county[county_code] = judged.verdict
            self._basis |= {(basis.area, basis.in_force_from): basis for basis in judged.basis}
        return self._by_county[county_code]

    def basis(self) -> tuple[Basis, ...]:
        return tuple(self._basis.values())


def _days(question: SheetQuestion) -> tuple[Day, ...]:
    calendar = question.calendar
    return tuple(
        Day(day, calendar.is_rest(day), calendar.assumed(day), begun=day <= question.through) for day in question.days
    )


def _filings(question: SheetQuestion, rows: Iterable[sheet.Row]) -> list[Filed]:
    townships = {row.township_code: row.township for row in rows}
    return [Filed(code, name, question.filed.get(code)) for code, name in sorted(townships.items())]
