"""What the filing and outage endpoints take and answer."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.attendance.codes import CauseOut, DayExceptions
from app.attendance.schemas import Actor, Basis
from app.policy.attendance import Status
from app.policy.filing import FilingKind, FilingState
from app.web.schemas import AreaCode, Day, Input, InstantOut, LongText, Output

PeriodText = Annotated[
    str,
    Field(
        min_length=7,
        max_length=10,
        description="日报 YYYY-MM-DD，周报 YYYY-Www（ISO 周，周一至周日），月报 YYYY-MM。"
        "A day, an ISO week or a month.",
        examples=["2026-11"],
    ),
]


class OutageIn(Input):
    """含首尾两日。其间没有依据的日子待乡镇确认，不直接记为离岗。

    Both days inclusive. Days without evidence in it wait for the township and are no absence by themselves.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "area_code": "990101001000",
                    "from": "2026-11-23",
                    "to": "2026-11-24",
                    "reason": "大雪致供电、通信中断",
                }
            ]
        }
    )

    area_code: AreaCode
    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]
    reason: LongText


class OutageEndIn(Input):
    """`to` 为仍然涵盖的最后一天，须早于原结束日期；不填即撤销申报。

    `to`: the last day that the outage still covers, earlier than before. Without it the outage is taken back.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "2026-11-23", "reason": "23 日晚恢复供电"}]})

    last: Annotated[Day | None, Field(alias="to")] = None
    reason: LongText


class FiledMonth(Output):
    area_code: str
    period: str


class OutageOut(Output):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b11",
                    "area_code": "990101001000",
                    "from": "2026-11-23",
                    "to": "2026-11-24",
                    "declared_to": "2026-11-24",
                    "withdrawn": False,
                    "reason": "大雪致供电、通信中断",
                    "declared_by": "01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b12",
                    "declared_at": "2026-11-23T10:00:00+08:00",
                    "ended_by": None,
                    "ended_at": None,
                    "end_reason": None,
                    "locked_months": [],
                }
            ]
        }
    )

    id: UUID
    area_code: str
    first: Annotated[date, Field(serialization_alias="from")]
    last: Annotated[
        date | None,
        Field(
            serialization_alias="to",
            description="有效的最后一天；已撤销的为空。The last day in force; null where the outage was taken back.",
        ),
    ]
    declared_last: Annotated[date, Field(serialization_alias="declared_to")]
    withdrawn: bool
    reason: str
    declared_by: UUID
    declared_at: InstantOut
    ended_by: UUID | None
    ended_at: InstantOut | None
    end_reason: str | None
    locked_months: Annotated[
        list[FiledMonth],
        Field(
            description="申报或结束时所涉、已经报送的月份；各日维持报送时的状态，由县级更正。"
            "On a declaration or an ending: months filed before; only the county corrects their days."
        ),
    ]


class Grade(StrEnum):
    """综合评价等次；条文没有规定等次名称。The monthly evaluation; the text names no grades."""

    GOOD = "good"
    FAIR = "fair"
    AVERAGE = "average"
    POOR = "poor"


GRADES_ZH = {Grade.GOOD: "好", Grade.FAIR: "较好", Grade.AVERAGE: "一般", Grade.POOR: "差"}


class EvaluationIn(Input):
    posting_id: UUID
    grade: Grade
    remark: LongText | None = None


class FilingIn(Input):
    """乡镇报日报、月报，县级报周报；`evaluations` 为每人的月评价，随月报报送。

    Daily and monthly filings by the township, weekly ones by the county; `evaluations` of each person come with a
    monthly one.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "area_code": "990101001000",
                    "period": "2026-11",
                    "evaluations": [
                        {
                            "posting_id": "01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b11",
                            "grade": "good",
                            "remark": "牵头完成饮水管网改造",
                        }
                    ],
                },
                {"area_code": "990101001000", "period": "2026-11-23"},
            ]
        }
    )

    area_code: AreaCode
    period: PeriodText
    remark: LongText | None = None
    evaluations: Annotated[list[EvaluationIn], Field(max_length=2000, default_factory=list)]


class FiledNumbers(Output):
    """各状态的人日数。Person-days by status."""

    on_post: int = 0
    official: int = 0
    leave: int = 0
    rest: int = 0
    absent: int = 0
    pending: int = 0
    unconfirmed: int = 0
    allowance_days: Annotated[
        int,
        Field(description="实际在岗天数（第十七条），同月考勤表。Days on post (article 17), as on the month sheet."),
    ] = 0
    allowance_unconfirmed: int = 0


class FiledDay(Output):
    """`text` 即印在表上的内容：√ 公 假 休 ×，未确认的后加 *。

    `text` is what the printed sheet shows: √ 公 假 休 ×, with * behind it while unconfirmed.
    """

    date: date
    status: Status
    text: str
    confirmed: bool
    exceptions: DayExceptions


class Evaluation(Output):
    grade: Grade
    grade_label: str
    remark: str | None


class FiledRow(Output):
    posting_id: UUID
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
    days: list[FiledDay]
    numbers: FiledNumbers
    evaluation: Evaluation | None = None


class TownshipWeek(Output):
    """县周报中的一个乡镇。One township in the county's weekly filing."""

    township_code: str
    township: str
    people: int
    numbers: FiledNumbers
    daily_filings: Annotated[
        int, Field(description="至报送时，该周已报的日报数。How many of the week's daily filings it had made by then.")
    ]


class FiledSheet(Output):
    """报送时的表；`sha256` 为其 JSON（键名排序、无空格、UTF-8）的摘要。

    What was filed. Its `sha256` is that of the JSON with sorted keys, no spaces, in UTF-8.
    """

    format: Literal[1] = 1
    kind: FilingKind
    period: str
    first: date
    last: date
    area_code: str
    area: str
    people: int
    numbers: FiledNumbers
    calendar_assumed: Annotated[
        bool,
        Field(
            description="部分日子所在年份当时没有导入日历，周末推定为休息日。"
            "Some of the days lie in a year whose calendar had not been loaded: weekends were assumed."
        ),
    ]
    remark: str | None = None
    rows: list[FiledRow]
    townships: list[TownshipWeek] | None = None


class FilingOut(Output):
    id: UUID
    area_code: str
    kind: FilingKind
    period: str
    filed_by: Actor
    filed_at: InstantOut
    sha256: str


class UnconfirmedDay(Output):
    posting_id: UUID
    name: str
    date: date
    status: Status


class FilingReceipt(FilingOut):
    """无人确认的日子、没有评价的人按现状报送，并列在此处。

    Days that nobody has confirmed, and people without an evaluation, are filed as such and listed here.
    """

    state: FilingState
    state_label: str
    due_at: InstantOut
    people: int
    numbers: FiledNumbers
    unconfirmed: list[UnconfirmedDay]
    not_evaluated: list[UUID]


class FilingStatus(Output):
    """一个单位一期的报送情况。How one area's filing of a period stands."""

    area_code: str
    area: str
    kind: FilingKind
    period: str
    state: FilingState
    state_label: str
    closes_at: Annotated[
        InstantOut,
        Field(
            description="该期最后一天的关账时间，此前不能报送。"
            "When the period's last day closes: nothing can be filed before."
        ),
    ]
    due_at: InstantOut
    filing: FilingOut | None
    basis: list[Basis]


class ChangeSince(Output):
    """报送后有变的一天；状态为空，表示原先或现在没有这一天。

    A day that reads differently now. A status is null where the posting had, or has, no such day.
    """

    posting_id: UUID
    name: str
    date: date
    filed: Status | None
    present: Status | None
    cause: CauseOut | None
    by: Actor | None
    at: InstantOut | None
    reason: str | None


class HeldBack(Output):
    """锁账后收到的内容：该日维持原状，待县级更正。

    Something that came after the month was locked: the day stays as it is until the county corrects it.
    """

    posting_id: UUID
    name: str
    date: date
    status: Status | None
    would_be: Status | None
    exceptions: DayExceptions


class FilingDetail(FilingStatus):
    filing: FilingOut
    sheet: FiledSheet
    intact: Annotated[
        bool,
        Field(
            description="所存的表与报送时的摘要是否一致。"
            "Whether the stored sheet still has the digest that it was filed with."
        ),
    ]
    changes_since: list[ChangeSince]
    held_back: list[HeldBack]


STATE_LABELS_ZH = {
    FilingState.OPEN: "未到报送期",
    FilingState.DUE: "待报送",
    FilingState.LATE: "逾期未报",
    FilingState.FILED: "已报送",
    FilingState.FILED_LATE: "逾期报送",
}
