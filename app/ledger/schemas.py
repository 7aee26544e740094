"""The month sheet as JSON. The body itself is written from the sheet piece by piece; these models document it."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.attendance.schemas import Basis
from app.attendance.sheet import Kind
from app.policy.attendance import Status
from app.web.schemas import InstantOut, Output


def _sane_month(value: str) -> str:
    if not 2000 <= int(value[:4]) <= 2100:
        raise PydanticCustomError(
            "month_out_of_range", "month", {"zh": "月份应在 2000 至 2100 年之间", "en": "out of range"}
        )
    return value


Month = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$"),
    AfterValidator(_sane_month),
    Field(examples=["2026-11"]),
]


class LedgerCell(Output):
    """`text` 即印在表上的内容：√ 公 假 休 ×，待定为空白，乡镇未确认的后加 *；／ 为不在派驻期内，— 为没有记录。

    `text` is what the printed sheet shows: √ 公 假 休 ×, blank for 待定, with * behind it while the township has not
    confirmed the day; ／ for a day outside the posting, — for one that was never recorded.
    """

    text: str
    kind: Kind
    status: Status | None
    confirmed: bool


class LedgerDayNumbers(Output):
    on_post: int
    official: int
    leave: int
    rest: int
    absent: int
    pending: int
    unconfirmed: Annotated[int, Field(description="六种状态合计的未确认数。Those unconfirmed of all six statuses.")]


class LedgerNumbers(LedgerDayNumbers):
    allowance_days: Annotated[
        int,
        Field(
            description="实际在岗天数（第十七条）；计入哪些状态见 `basis`。"
            "Days on post (article 17); which statuses count is said in `basis`."
        ),
    ]
    allowance_unconfirmed: Annotated[
        int,
        Field(
            description="`allowance_days` 中乡镇尚未确认的。"
            "Those of `allowance_days` that the township has not confirmed."
        ),
    ]


class LedgerDay(LedgerDayNumbers):
    """一列：当日派驻人数和各状态人数。A column: how many people were posted, and how they stood."""

    date: date
    weekday: str
    rest_day: bool
    calendar_assumed: bool
    begun: bool
    people: int


class LedgerRow(Output):
    """一个派驻；`cells` 与 `days` 逐一对应。One posting; `cells` are in the order of `days`."""

    posting_id: UUID
    cadre_id: UUID
    name: str
    duty: str
    duty_label: str
    unit: str
    township_code: str
    township: str
    village_code: str
    village: str
    starts_on: date
    ends_on: date | None
    remark: str
    numbers: LedgerNumbers
    cells: list[LedgerCell]


class LedgerLegend(Output):
    text: str
    label: str


class LedgerFiling(Output):
    township_code: str
    township: str
    filed_at: InstantOut | None


_NUMBERS = {"on_post": 15, "official": 1, "leave": 2, "rest": 8, "absent": 1, "pending": 0, "unconfirmed": 1}
_EXAMPLE: dict[str, Any] = {
    "title": "云岭县石桥乡驻村干部2026年11月考勤表",
    "area_code": "990101001000",
    "area": "石桥乡",
    "month": "2026-11",
    "first": "2026-11-01",
    "last": "2026-11-30",
    "calendar_assumed": False,
    "people": 1,
    "days": [
        {
            "date": "2026-11-02",
            "weekday": "一",
            "rest_day": False,
            "calendar_assumed": False,
            "begun": True,
            "people": 1,
            **dict.fromkeys(_NUMBERS, 0),
            "on_post": 1,
        }
    ],
    "rows": [
        {
            "posting_id": "01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b11",
            "cadre_id": "01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b12",
            "name": "李建国",
            "duty": "first_secretary",
            "duty_label": "第一书记",
            "unit": "云岭县财政局",
            "township_code": "990101001000",
            "township": "石桥乡",
            "village_code": "990101001001",
            "village": "上庄村",
            "starts_on": "2026-11-04",
            "ends_on": None,
            "remark": "11月4日起",
            "numbers": {**_NUMBERS, "allowance_days": 15, "allowance_unconfirmed": 1},
            "cells": [{"text": "√*", "kind": "judged", "status": "on_post", "confirmed": False}],
        }
    ],
    "numbers": {**_NUMBERS, "allowance_days": 15, "allowance_unconfirmed": 1},
    "legend": [{"text": "√", "label": "在岗"}, {"text": "*", "label": "乡镇未确认"}],
    "notes": ["尚有 1 人次未经乡镇确认，本表数字可能变动。"],
    "filings": [{"township_code": "990101001000", "township": "石桥乡", "filed_at": None}],
    "basis": [],
    "signatures": ["制表人", "审核人", "制表日期"],
}


class Ledger(Output):
    """月考勤表，各行按村、职务、姓名排列。The month sheet; the rows are in the order of village, duty and name."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    title: str
    area_code: str
    area: str
    month: str
    first: date
    last: date
    calendar_assumed: Annotated[
        bool,
        Field(
            description="本月是否有日子所在年份没有导入日历。"
            "Whether some of the month's days belong to a year whose calendar is not loaded."
        ),
    ]
    people: Annotated[
        int, Field(description="干部人数；先后在两村的有两行。Cadres; who served in two villages has two rows.")
    ]
    days: list[LedgerDay]
    rows: list[LedgerRow]
    numbers: LedgerNumbers
    legend: list[LedgerLegend]
    notes: list[str]
    filings: list[LedgerFiling]
    basis: list[Basis]
    signatures: list[str]
