from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.config import JsonDict

from app.attendance.codes import RiskFlags, VerdictReason
from app.attendance.schemas import Basis
from app.errors import ProblemBody
from app.policy.attendance import Status
from app.policy.datum import Datum
from app.policy.geofence import Verdict
from app.web.schemas import Input, InstantIn, InstantOut, LongText, Output

EXAMPLE: JsonDict = {
    "id": "0192f7c2-6a10-7b3e-8d55-1f0c8a2b1144",
    "captured_at": "2026-11-23T08:05:00+08:00",
    "position": {
        "lng": 110.6812,
        "lat": 36.0985,
        "datum": "gcj02",
        "accuracy_m": 18,
        "fixed_at": "2026-11-23T08:04:57+08:00",
        "mock": False,
    },
    "device_id": "a3f0c1d2",
    "note": "入户走访",
}


class PositionIn(Input):
    """手机给出的定位。坐标系必须注明，不作猜测；精度不可用的，判定为不确定。

    A fix as the phone gave it. The datum is never guessed; an unusable accuracy makes the verdict uncertain.
    """

    lng: Annotated[float, Field(ge=-180, le=180, description="所注坐标系的经度。Degrees east, in the datum named.")]
    lat: Annotated[float, Field(ge=-90, le=90, description="所注坐标系的纬度。Degrees north, in the datum named.")]
    datum: Datum
    accuracy_m: Annotated[
        float | None, Field(description="精度，米（68% 置信半径）。Radius of 68 % confidence, in metres.")
    ] = None
    fixed_at: InstantIn | None = None
    mock: bool | None = None


class CheckInIn(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Annotated[
        UUID,
        Field(
            description="手机登记时生成，宜用 UUIDv7；重复提交无妨。"
            "Made by the phone at that moment, a UUIDv7 if it can; sent again safely."
        ),
    ]
    captured_at: InstantIn
    position: PositionIn | None = None
    device_id: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")] | None = None
    note: LongText | None = None


class CheckInOut(Output):
    id: UUID
    posting_id: UUID
    date: date
    captured_at: InstantOut
    received_at: InstantOut
    verdict: Verdict
    reason: VerdictReason
    distance_m: float | None
    counts: Annotated[
        bool,
        Field(
            description="目前是否计为在岗；否则待乡镇处理。"
            "Whether it is presence as of now; otherwise the township has to look at it."
        ),
    ]
    risk_flags: RiskFlags
    basis: list[Basis]
    day_status: Status


RawItem = Annotated[Any, WithJsonSchema({"$ref": "#/components/schemas/CheckInIn"})]
"""Validated one by one, so that a broken item fails alone."""


class BatchIn(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [EXAMPLE]}]})

    items: Annotated[list[RawItem], Field(min_length=1, max_length=200)]


class ItemResult(Output):
    id: UUID | None
    status: int
    check_in: CheckInOut | None = None
    problem: ProblemBody | None = None


class BatchOut(Output):
    results: list[ItemResult]


class PositionOut(Output):
    lng: float
    lat: float
    datum: Datum
    accuracy_m: float | None
    fixed_at: InstantOut | None
    mock: bool | None
    wgs84_lng: float | None
    wgs84_lat: float | None


class StoredCheckIn(Output):
    """工作人员和本人所见的到岗登记。A check-in as officers and the cadre read it."""

    id: UUID
    posting_id: UUID
    village_code: str
    date: date
    captured_at: InstantOut
    received_at: InstantOut
    position: PositionOut | None
    device_id: str | None
    note: str | None
    verdict: Verdict
    reason: VerdictReason
    distance_m: float | None
    counts: bool
    risk_flags: RiskFlags
    accepted: bool | None
    accepted_at: InstantOut | None
    acceptance_reason: str | None


class AcceptanceIn(Input):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"accept": True, "reason": "电话核实在村，手机定位漂移"}]}
    )

    accept: bool
    reason: LongText


class PostingNow(Output):
    id: UUID
    village_code: str
    duty: Literal["first_secretary", "leader", "member"]
    unit: str
    starts_on: date
    ends_on: date | None


class VillageNow(Output):
    code: str
    name: str
    fences: list[dict[str, Any]]


class DayNow(Output):
    status: Status
    confirmed: bool


class CheckInNow(Output):
    id: UUID
    captured_at: InstantOut
    verdict: Verdict
    counts: bool


class WhereaboutsNow(Output):
    id: UUID
    state: str
    destination: str | None
    since: InstantOut
    expected_back_at: InstantOut | None


class LeaveNow(Output):
    id: UUID
    kind: str
    state: str
    starts_on: date
    ends_on: date


class Today(Output):
    """手机首页所需的全部内容。All that the phone's first screen needs."""

    date: date
    server_time: InstantOut
    posting: PostingNow | None
    village: VillageNow | None
    day: DayNow | None
    check_ins: list[CheckInNow]
    whereabouts: WhereaboutsNow | None
    leave: LeaveNow | None
