from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.attendance.codes import CauseOut, DayExceptions, RevisedExceptions, RiskFlags, VerdictReason
from app.policy.attendance import Status
from app.policy.geofence import Verdict
from app.web.schemas import AreaCode, Day, Input, InstantOut, LongText, Output

JudgedStatus = Literal[Status.ON_POST, Status.OFFICIAL, Status.LEAVE, Status.REST, Status.ABSENT]
"""What an officer can decide; a day cannot be corrected to 待定."""


class Person(Output):
    id: UUID
    name: str


class Actor(Output):
    id: UUID
    name: str
    role: str


class CheckInEvidence(Output):
    type: Literal["check_in"] = "check_in"
    id: UUID
    captured_at: InstantOut
    received_at: InstantOut
    verdict: Verdict
    reason: VerdictReason
    distance_m: float | None
    counts: bool
    accepted: bool | None
    acceptance_reason: str | None
    risk_flags: RiskFlags
    note: str | None


class RegistrationEvidence(Output):
    type: Literal["registration"] = "registration"
    id: UUID
    source: str
    note: str | None
    entered_at: InstantOut


class LeaveEvidence(Output):
    type: Literal["leave"] = "leave"
    id: UUID
    kind: str
    state: str
    starts_on: date
    ends_on: date
    covered_until: date


class WhereaboutsEvidence(Output):
    type: Literal["whereabouts"] = "whereabouts"
    id: UUID
    state: str
    destination: str | None
    since: InstantOut
    expected_back_at: InstantOut | None


class CorrectionEvidence(Output):
    type: Literal["correction"] = "correction"
    id: UUID
    status: Status
    reason: str
    corrected_at: InstantOut


Evidence = Annotated[
    CheckInEvidence | RegistrationEvidence | LeaveEvidence | WhereaboutsEvidence | CorrectionEvidence,
    Field(discriminator="type"),
]


class DayOfPosting(Output):
    """一个派驻的一天，及其依据。One posting's day, with what it rests on."""

    posting_id: UUID
    cadre: Person
    village_code: str
    date: date
    status: Status
    status_label: str
    confirmed: bool
    exceptions: DayExceptions
    calendar_assumed: Annotated[
        bool,
        Field(
            description="状态是否以没有导入日历的年份为据；已确认的也照此注明。"
            "Whether the status rests on a year whose calendar is not loaded; also where it is confirmed."
        ),
    ]
    evidence: list[Evidence]


class DayOfMine(Output):
    date: date
    status: Status
    status_label: str
    confirmed: bool
    exceptions: DayExceptions
    calendar_assumed: bool


class PostingDays(Output):
    posting_id: UUID
    items: list[DayOfMine]


class Basis(Output):
    """所依据的条文：条款、原文，条文没有写明的另附理解。

    A provision that something rests on: its article and quote, and the reading where the text is silent.
    """

    key: str
    value: Any
    article: str | None
    quote: str | None
    reading: str | None
    kind: str
    in_force_from: date
    area: str | None
    reading_en: str | None
    approval_document: str | None


class Revision(Output):
    revision: int
    status: Status
    confirmed: bool
    exceptions: RevisedExceptions
    by: Actor | None
    at: InstantOut
    cause: CauseOut
    reason: str | None


class Explanation(Output):
    """一天的状态从何而来：事实、条文和全部修订。

    Why a day has its status: the facts, the provisions, and everything that it was before.
    """

    posting_id: UUID
    date: date
    status: Status
    status_label: str
    confirmed: bool
    exceptions: DayExceptions
    locked: bool
    calendar_assumed: bool
    facts: dict[str, Any]
    evidence: list[Evidence]
    basis: list[Basis]
    revisions: list[Revision]


class ConfirmationItem(Input):
    posting_id: UUID
    status: JudgedStatus | None = None
    remark: LongText | None = None


class ConfirmationIn(Input):
    """不填 `items`：该区域当日全部按认定结果确认。填写的状态与认定不同，即为更正。

    No `items`: every day of the area as judged. A status other than the judged one is a correction.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"date": "2026-11-23", "area_code": "990101001000"}]})

    date: Day
    area_code: AreaCode
    items: Annotated[list[ConfirmationItem], Field(min_length=1, max_length=1000)] | None = None


class ConfirmationOut(Output):
    date: date
    area_code: str
    confirmed: Annotated[int, Field(description="现已确认的人数。Days that are confirmed now.")]
    corrected: int
    pending: Annotated[
        list[UUID],
        Field(
            description="当日仍为待定的派驻；关账后再确认，或填写状态。"
            "Postings whose day is still open; confirm again after the close, or give a status."
        ),
    ]


class CorrectionIn(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "posting_id": "01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b11",
                    "date": "2026-11-23",
                    "status": "official",
                    "reason": "当日到县参加防火工作会议，会议通知〔2026〕12号",
                }
            ]
        }
    )

    posting_id: UUID
    date: Day
    status: JudgedStatus
    reason: LongText


class RegistrationIn(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "posting_id": "01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b11",
                    "date": "2026-11-23",
                    "source": "paper",
                    "note": "村级签到簿第 12 页",
                }
            ]
        }
    )

    posting_id: UUID
    date: Day
    source: Literal["paper", "visit", "phone"]
    note: LongText | None = None


class RegistrationOut(Output):
    id: UUID
    posting_id: UUID
    date: date
    source: str
    note: str | None
    entered_at: InstantOut
    day_status: Status
    confirmed: bool
