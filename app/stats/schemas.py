"""What the stats endpoints answer: flat rows for dashboards."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.web.schemas import InstantOut, Output

_NUMBERS: dict[str, Any] = {
    "people": 20,
    "on_post": 15,
    "official": 1,
    "leave": 2,
    "rest": 0,
    "absent": 1,
    "pending": 1,
    "unconfirmed": 3,
    "on_post_rate": 0.8,
}
_META: dict[str, Any] = {
    "as_of": "2026-11-23T09:00:00+08:00",
    "calendar_assumed": False,
    "definitions": {"people": "人日数：期间内每名在派驻期内的干部每天计一。"},
}
_ROW: dict[str, Any] = {
    "period": "2026-11-23",
    "area_code": "990101000000",
    "area": "云岭县",
    **_NUMBERS,
    "starts_on": "2026-11-23",
    "ends_on": "2026-11-23",
    "unit_id": None,
    "unit": None,
    "suppressed": False,
}


class Numbers(Output):
    """人日数；`people` 为六种状态之和。`suppressed` 时均为空。

    Person-days; `people` is the sum of the six statuses. All are null where `suppressed`.
    """

    people: int | None
    on_post: int | None
    official: int | None
    leave: int | None
    rest: int | None
    absent: int | None
    pending: int | None
    unconfirmed: int | None
    on_post_rate: float | None


class AttendanceRow(Numbers):
    """一行统计。`period` 为 YYYY-MM-DD、YYYY-Www、YYYY-MM，按区划或单位统计的为 `from/to`；`starts_on`、`ends_on`
    为其中所查的首尾两日，均含当日。

    A flat row. `period` is YYYY-MM-DD, YYYY-Www, YYYY-MM, or `from/to` where rows are areas or units; `starts_on` and
    `ends_on` are the days of it that were asked for, both inclusive.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_ROW]})

    period: str
    area_code: str
    area: str
    starts_on: dt.date
    ends_on: dt.date
    unit_id: UUID | None
    unit: str | None
    suppressed: bool


class Meta(Output):
    as_of: Annotated[
        InstantOut,
        Field(
            description="数据的时间；备库滞后时早于答复时间。"
            "Time of the data; older than the answer where a standby lags behind."
        ),
    ]
    calendar_assumed: Annotated[
        bool,
        Field(
            description="所涉日期中是否有尚未公布放假安排的年份，其周末推定为休息日。"
            "Whether a year that nobody has published yet is among the days, so that weekends are assumed."
        ),
    ]
    definitions: dict[str, str]


class AttendanceStats(Output):
    model_config = ConfigDict(json_schema_extra={"examples": [{"rows": [_ROW], "meta": _META}]})

    rows: list[AttendanceRow]
    meta: Meta


class TodayStats(Numbers):
    """截至目前的今日。Today so far."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "date": "2026-11-23",
                    "area_code": "990101000000",
                    "area": "云岭县",
                    **_NUMBERS,
                    "unconfirmed_yesterday": 0,
                    "suppressed": False,
                    "meta": _META,
                }
            ]
        }
    )

    date: dt.date
    area_code: str
    area: str
    unconfirmed_yesterday: int | None
    suppressed: bool
    meta: Meta


class FlagRow(Output):
    ground: str
    ground_label: str
    state: str
    state_label: str
    flags: int | None


class FlagStats(Output):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "area_code": "990101000000",
                    "area": "云岭县",
                    "rows": [
                        {
                            "ground": "absence_consecutive",
                            "ground_label": "旷工或无正当理由离岗连续超过规定天数",
                            "state": "warning",
                            "state_label": "预警",
                            "flags": 2,
                        }
                    ],
                    "suppressed": False,
                    "meta": _META,
                }
            ]
        }
    )

    area_code: str
    area: str
    rows: list[FlagRow]
    suppressed: bool
    meta: Meta
