"""The month sheet (月考勤表): a row a posting, a column a day, and what they add up to. Built once; every form of it
(JSON, CSV, a workbook) is written from this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from app.policy.attendance import LABELS_ZH, SYMBOLS, Status
from app.policy.judgment import Basis
from app.policy.team import DUTIES, DUTY_LABELS_ZH

UNCONFIRMED_MARK = "*"
"""Behind the symbol of a day that the township has not confirmed."""

WEEKDAYS = "一二三四五六日"

NUMBERS = {
    **{status.value: LABELS_ZH[status] for status in Status},
    "unconfirmed": "未确认",
    "allowance_days": "实际在岗",
    "allowance_unconfirmed": "其中未确认",
}
"""What is counted of a person's month, in the order of the columns. The first six add up to the days of the posting;
`allowance_days` are the 实际在岗天数 of 第十七条.
"""

DAY_NUMBERS = tuple(NUMBERS)[:7]
"""What is counted of a day."""


class Kind(StrEnum):
    JUDGED = "judged"
    OUTSIDE = "outside"
    """The cadre was not posted there on the day."""
    NOT_BEGUN = "not_begun"
    UNRECORDED = "unrecorded"
    """A day that was never judged: before the county began to close days, or of a posting that was entered after the
    township had filed the month.
    """


_TEXTS = {Kind.OUTSIDE: "／", Kind.NOT_BEGUN: "", Kind.UNRECORDED: "—"}


@dataclass(frozen=True)
class Cell:
    """One person's day. Few distinct ones exist, and all rows share them."""

    kind: Kind
    status: Status | None = None
    confirmed: bool = False

    @cached_property
    def text(self) -> str:
        """As every form of the sheet shows it: the symbol, with a mark while unconfirmed; 待定 is blank."""
        if self.status is None:
            return _TEXTS[self.kind]
        symbol = SYMBOLS[self.status]
        return symbol if self.confirmed or not symbol else symbol + UNCONFIRMED_MARK

    @property
    def unconfirmed(self) -> bool:
        return self.status is not None and not self.confirmed

    @cached_property
    def as_json(self) -> Mapping[str, Any]:
        return {"text": self.text, "kind": self.kind, "status": self.status, "confirmed": self.confirmed}


OUTSIDE, NOT_BEGUN, UNRECORDED = Cell(Kind.OUTSIDE), Cell(Kind.NOT_BEGUN), Cell(Kind.UNRECORDED)
JUDGED = {
    (status.value, confirmed): Cell(Kind.JUDGED, status, confirmed) for status in Status for confirmed in (False, True)
}


@dataclass(frozen=True, slots=True)
class Day:
    """One column. `assumed`: the year's calendar is not loaded, so that `rest` is only what the weekday says."""

    date: date
    rest: bool
    assumed: bool
    begun: bool

    @property
    def weekday(self) -> str:
        return WEEKDAYS[self.date.weekday()]


@dataclass(frozen=True, slots=True)
class Row:
    """One posting's month. Who served in two villages has two rows: each has its village, its unit and its dates."""

    posting_id: UUID
    cadre_id: UUID
    name: str
    duty: str
    unit: str
    township_code: str
    township: str
    village_code: str
    village: str
    starts_on: date
    ends_on: date | None
    cells: Sequence[Cell]
    numbers: Mapping[str, int]
    remark: str

    @property
    def order(self) -> tuple[Any, ...]:
        return self.village_code, DUTIES.index(self.duty), self.name, self.starts_on, str(self.posting_id)

    def head(self) -> dict[str, Any]:
        """Everything but the cells."""
        return {
            "posting_id": self.posting_id,
            "cadre_id": self.cadre_id,
            "name": self.name,
            "duty": self.duty,
            "duty_label": DUTY_LABELS_ZH[self.duty],
            "unit": self.unit,
            "township_code": self.township_code,
            "township": self.township,
            "village_code": self.village_code,
            "village": self.village,
            "starts_on": self.starts_on,
            "ends_on": self.ends_on,
            "remark": self.remark,
            "numbers": self.numbers,
        }


@dataclass(frozen=True, slots=True)
class Filed:
    """A township of the sheet, and when it filed the month (月评价); from then on the month is locked."""

    township_code: str
    township: str
    filed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sheet:
    area_code: str
    area: str
    area_path: str
    """With the names above it: 云岭县石桥乡."""
    by_township: bool
    """Whether the area holds several townships, so that rows have to name theirs."""
    first: date
    last: date
    over: bool
    """Whether the month has ended."""
    days: Sequence[Day]
    rows: Sequence[Row]
    filings: Sequence[Filed]
    basis: Sequence[Basis]
    day_numbers: Sequence[Mapping[str, int]] = field(init=False)
    """By day: how many people were posted (`people`), and DAY_NUMBERS."""
    numbers: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "day_numbers", tuple(_count_day(self.rows, n) for n in range(len(self.days))))
        object.__setattr__(self, "numbers", {name: sum(row.numbers[name] for row in self.rows) for name in NUMBERS})

    @property
    def month(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def title(self) -> str:
        return f"{self.area_path}驻村干部{self.first.year}年{self.first.month}月考勤表"

    @property
    def calendar_assumed(self) -> bool:
        return any(day.assumed for day in self.days)

    def head(self) -> dict[str, Any]:
        """Everything but the rows."""
        return {
            "title": self.title,
            "area_code": self.area_code,
            "area": self.area,
            "month": self.month,
            "first": self.first,
            "last": self.last,
            "calendar_assumed": self.calendar_assumed,
            "people": len({row.cadre_id for row in self.rows}),
            "days": [
                {
                    "date": day.date,
                    "weekday": day.weekday,
                    "rest_day": day.rest,
                    "calendar_assumed": day.assumed,
                    "begun": day.begun,
                    **counted,
                }
                for day, counted in zip(self.days, self.day_numbers, strict=True)
            ],
            "numbers": self.numbers,
            "legend": [{"text": text, "label": label} for text, label in LEGEND],
            "notes": self.notes,
            "filings": [asdict(filed) for filed in self.filings],
            "basis": [basis.as_json() for basis in self.basis],
            "signatures": list(SIGNATURES),
        }

    def as_json(self) -> dict[str, Any]:
        rows = [row.head() | {"cells": [cell.as_json for cell in row.cells]} for row in self.rows]
        return self.head() | {"rows": rows}

    @property
    def notes(self) -> list[str]:
        """What a reader of the sheet has to know of it."""
        found = []
        if self.numbers["unconfirmed"]:
            found.append(f"尚有 {self.numbers['unconfirmed']} 人次未经乡镇确认，本表数字可能变动。")
        if self.calendar_assumed:
            found.append(f"{self.first.year} 年放假安排未导入：休息日暂按周六、周日推定，导入后重新认定。")
        waiting = [filed.township for filed in self.filings if filed.filed_at is None]
        if self.filings and not waiting:
            found.append("本月已由乡镇报送并锁定，此后只能由县级更正。")
        elif waiting and self.over:
            found.append(f"{len(self.filings)} 个乡镇中 {len(waiting)} 个尚未报送本月月评价。")
        counted = [basis for basis in self.basis if basis.reading]
        if counted:
            found.append(f"“实际在岗”用于{counted[-1].article}的补贴。{counted[-1].reading}")
        return found


LEGEND = (
    *((SYMBOLS[status], LABELS_ZH[status]) for status in Status if SYMBOLS[status]),
    ("", "待定，或日期未到"),
    (_TEXTS[Kind.OUTSIDE], "不在派驻期"),
    (_TEXTS[Kind.UNRECORDED], "无台账记录"),
    (UNCONFIRMED_MARK, "乡镇未确认"),
)
SIGNATURES = ("制表人", "审核人", "制表日期")


def count_row(cells: Sequence[Cell], days: Sequence[date], counted: Mapping[date, frozenset[Status]]) -> dict[str, int]:
    """A person's month; `counted` says which statuses count as 实际在岗 on each day."""
    numbers = dict.fromkeys(NUMBERS, 0)
    for cell, day in zip(cells, days, strict=True):
        if cell.status is None:
            continue
        unconfirmed = int(not cell.confirmed)
        numbers[cell.status] += 1
        numbers["unconfirmed"] += unconfirmed
        if cell.status in counted[day]:
            numbers["allowance_days"] += 1
            numbers["allowance_unconfirmed"] += unconfirmed
    return numbers


def _count_day(rows: Sequence[Row], position: int) -> dict[str, int]:
    numbers = dict.fromkeys(("people", *DAY_NUMBERS), 0)
    for row in rows:
        cell = row.cells[position]
        if cell.status is not None:
            numbers["people"] += 1
            numbers[cell.status] += 1
            numbers["unconfirmed"] += not cell.confirmed
    return numbers


def remark_of(starts_on: date, ends_on: date | None, first: date, last: date) -> str:
    """Where a posting begins or ends inside the month."""
    parts = []
    if first < starts_on <= last:
        parts.append(f"{starts_on.month}月{starts_on.day}日起")
    if ends_on is not None and first <= ends_on < last:
        parts.append(f"{ends_on.month}月{ends_on.day}日止")
    return "，".join(parts)
