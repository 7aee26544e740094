"""What the whereabouts endpoints take and answer."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.web.schemas import AreaCode, Input, InstantIn, InstantOut, LongText, Output, ShortText
from app.whereabouts.words import State


class WhereaboutsIn(Input):
    """一次去向填报；`id` 为手机生成的 UUID，重复提交无妨。

    A declaration; `id` is a UUID that the phone made, so that sending it again is safe.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0192f7c2-6f0e-7c3a-9d51-0a4b1c2d3e4f",
                    "state": "official",
                    "destination": "县乡村振兴局",
                    "since": "2026-11-23T08:30:00+08:00",
                    "expected_back_at": "2026-11-23T18:00:00+08:00",
                    "note": "送报下季度帮扶计划",
                }
            ]
        }
    )

    id: UUID
    state: State
    destination: ShortText | None = None
    since: InstantIn
    expected_back_at: InstantIn | None = None
    note: Annotated[
        LongText | None, Field(description="供乡镇了解，去向牌不显示。For the township; the board does not show it.")
    ] = None

    @field_validator("expected_back_at")
    @classmethod
    def _after_since(cls, expected_back_at: datetime | None, info: ValidationInfo) -> datetime | None:
        since = info.data.get("since")
        if expected_back_at is not None and since is not None and expected_back_at <= since:
            raise PydanticCustomError(
                "back_before_since",
                "times",
                {"zh": "预计返回时间应晚于开始时间", "en": "must be after since"},
            )
        return expected_back_at


class WhereaboutsOut(Output):
    """已存的去向填报。A declaration as it was stored."""

    id: UUID
    posting_id: UUID
    state: State
    state_label: str
    destination: str | None
    since: InstantOut
    expected_back_at: InstantOut | None
    note: str | None
    received_at: InstantOut


class WhereaboutsRecord(WhereaboutsOut):
    """去向记录及其所涉日期。A declaration in the history, with the days that it speaks for."""

    first_day: date
    last_day: date | None = Field(
        description="含当日；空表示尚未结束；早于 first_day 表示没有可计入的日期。"
        "Inclusive; null while it lasts; before `first_day` where no day counts."
    )


class BoardVillage(Output):
    code: AreaCode
    name: str
    township: str | None
    county: str | None


class BoardMember(Output):
    posting_id: UUID
    name: str
    phone: str
    duty: str
    duty_label: str
    unit: str
    state: State | None
    state_label: str
    destination: str | None
    since: InstantOut | None
    expected_back_at: InstantOut | None
    overdue: bool = Field(
        description="已过预计返回时间而没有新的填报。Past the time expected, and nothing declared since."
    )
    registered_today: bool


class BoardOut(Output):
    """条文要求公示的内容，别无其他：没有位置、请假事由、身份证号和备注。

    What the article makes public, and nothing else: no position, no reason of a leave, no ID number, no note.
    """

    village: BoardVillage
    date: date
    updated_at: InstantOut | None
    phones_masked: bool
    members: list[BoardMember]


def _as_written(value: Any) -> Any:
    """A browser sends an empty field as "" and a line's end as CRLF."""
    return value.replace("\r\n", "\n").strip() or None if isinstance(value, str) else value


class BoardReportIn(Input):
    """群众反映：牌上显示在村，人不在。A resident's report that somebody shown in the village is not there."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"posting_id": "0192f7c2-6f0e-7c3a-9d51-0a4b1c2d3e4f", "note": "上午去村委会没有见到"}]
        }
    )

    posting_id: UUID
    note: Annotated[ShortText | None, BeforeValidator(_as_written)] = None
    device_id: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=64)] | None,
        Field(
            description="App 安装标识；不填时按网络地址与浏览器区分。只保存不可还原的摘要。"
            "The app's own id, else address and browser; only a digest is kept."
        ),
    ] = None


class BoardReportReceipt(Output):
    id: UUID
    date: date
    reported_at: InstantOut


class BoardReportOut(Output):
    """工作人员所见的群众反映；供乡镇核实，不作为考勤结论。

    A report as the offices see it. It is a hint for the township and never a verdict.
    """

    id: UUID
    posting_id: UUID
    cadre: str
    village_code: str
    date: date
    note: str | None
    reported_at: InstantOut
    handled_by: UUID | None
    handled_at: InstantOut | None
    remark: str | None


class HandlingIn(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"remark": "已电话核实：上午在村民小组开会"}]})

    remark: LongText
