"""What the leave endpoints take and answer."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.attendance.schemas import Basis, Person
from app.web.schemas import Day, Input, InstantOut, LongText, Output, ShortText

MAX_LEAVE_DAYS = 366
"""A bound on one request, so that a mistyped year is told at once; no rule of the measures."""

Kind = Literal["personal", "sick", "annual", "marriage", "maternity", "bereavement", "other"]
State = Literal["pending", "approved", "rejected", "withdrawn", "ended"]
StepState = Literal["open", "waiting", "approved", "rejected"]
OfficeName = Literal["township", "county", "city", "unit"]


class LeaveIn(Input):
    """请假申请；`id` 为手机生成的 UUID，重复提交无妨。

    A request; `id` is a UUID that the phone made, so that sending it again is safe.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0192f7c2-6f0e-7c3a-9d51-0a4b1c2d3e4f",
                    "kind": "sick",
                    "starts_on": "2026-11-25",
                    "ends_on": "2026-11-27",
                    "reason": "县医院复查",
                    "destination": "云岭县人民医院",
                }
            ]
        }
    )

    id: UUID
    kind: Kind
    starts_on: Day
    ends_on: Annotated[Day, Field(description="含当日。Inclusive.")]
    reason: LongText
    destination: ShortText | None = None

    @field_validator("ends_on")
    @classmethod
    def _after_start(cls, ends_on: date, info: ValidationInfo) -> date:
        starts_on = info.data.get("starts_on")
        if starts_on is None:
            return ends_on
        if ends_on < starts_on:
            raise PydanticCustomError(
                "ends_before_start", "dates", {"zh": "结束日期不能早于开始日期", "en": "ends before it starts"}
            )
        if (ends_on - starts_on).days >= MAX_LEAVE_DAYS:
            raise PydanticCustomError(
                "leave_too_long",
                "dates",
                {"zh": f"一次请假最长 {MAX_LEAVE_DAYS} 天", "en": f"at most {MAX_LEAVE_DAYS} days in one request"},
            )
        return ends_on


class DecisionIn(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "approve", "comment": "同意，注意安全。"}]})

    decision: Literal["approve", "reject"]
    comment: LongText | None = None


class ReturnIn(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"returned_on": "2026-11-26"}]})

    returned_on: Day


class StepOut(Output):
    """一个单位的审批环节。联合审批的各环节同时进行，不分先后。

    One office's say. Steps of a joint approval are open together, in any order.
    """

    office: OfficeName
    state: StepState
    decided_by: Person | None
    decided_at: InstantOut | None
    comment: str | None


class LeaveOut(Output):
    id: UUID
    state: State
    kind: Kind
    starts_on: date
    ends_on: date
    days: Annotated[int, Field(description="自然日，含首尾两日。Calendar days, both ends included.")]
    counted_days: Annotated[
        int,
        Field(
            description="据以确定审批单位的天数：本次与相邻各次合计。"
            "The days that chose the route: these and those of the adjoining requests."
        ),
    ]
    adjoining: list[UUID]
    calendar_assumed: bool
    route: list[StepOut]
    basis: list[Basis]
    reason: str
    destination: str | None
    posting_id: UUID
    village_code: str
    cadre: Person
    covered_until: Annotated[
        date | None,
        Field(
            description="批准后计为请假的最后一天；没有一天计入的为空。"
            "The last day that counts as leave once approved; null where no day does."
        ),
    ]
    returned_on: date | None
    locked_days: Annotated[
        list[date],
        Field(
            description="所在月份乡镇已经报送的日期：批准后维持原状，由县级更正。"
            "Days whose month the township had filed before: they stay as filed, and the county corrects them."
        ),
    ]
    attachments: Annotated[int, Field(ge=0)]
    created_at: InstantOut


class AttachmentOut(Output):
    id: UUID
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    uploaded_at: InstantOut
