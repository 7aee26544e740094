"""Bodies and answers of recall flags and vacancies."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.attendance.schemas import Actor, Basis, DayOfMine, Person
from app.policy.recall import FlagState
from app.web.schemas import Day, Input, InstantOut, LongText, Output, ShortText, StatementText

DocumentNumber = Annotated[ShortText, Field(examples=["云帮办〔2026〕12号"])]


class StatementIn(Input):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "11月2日起因父亲住院在县医院陪护，已电话告知队长，未及时补假。"}]}
    )

    text: StatementText


class OpinionIn(Input):
    """县级已签发的书面意见。The county office's written opinion, once it is signed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"document_number": "云帮办〔2026〕12号", "reason": "经核实，建议予以召回。"}]}
    )

    document_number: DocumentNumber
    reason: LongText | None = None


class NoticeIn(Input):
    """已签发的、发给派出单位的召回通知。The notice of recall to the dispatch unit, once it is signed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"document_number": "云帮办〔2026〕13号"}]})

    document_number: DocumentNumber


class RecallIn(Input):
    """`recalled_on` 为派驻的最后一天。`recalled_on` is the last day of the posting."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"recalled_on": "2026-11-24", "document_number": "云财函〔2026〕8号"}]}
    )

    recalled_on: Day
    document_number: DocumentNumber


class ReassignmentIn(Input):
    """`reassigned_on` 为派驻的最后一天；文件为派出单位和县办的批准。

    `reassigned_on` is the last day of the posting; the document is the approval by the unit and the office.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reassigned_on": "2026-11-24", "document_number": "云财函〔2026〕9号"}]}
    )

    reassigned_on: Day
    document_number: DocumentNumber


class ReasonIn(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "经核实，当事人系公出，已补录。"}]})

    reason: LongText


class FillingIn(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"posting_id": "01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b11"}]})

    posting_id: UUID


class FlagOut(Output):
    """列表中的一条召回预警。One flag in a list."""

    id: UUID
    posting_id: UUID
    cadre: Person
    unit: Person
    village_code: str
    village: str
    ground: str
    ground_label: str
    state: FlagState
    state_label: str
    counts: dict[str, Any]
    threshold: int | None
    raised_at: InstantOut
    changed_at: InstantOut
    statement_at: InstantOut | None
    statement_due_on: Annotated[
        date | None,
        Field(
            description="本人陈述的最后一天；期满或收到陈述后，县级方可提出意见。"
            "The last day of the cadre's time to answer; the county's opinion comes after it, or after the statement."
        ),
    ]
    facts_changed: Annotated[
        bool,
        Field(
            description="书面意见或召回通知所依据的日期，台账已不再计入；待县级处理。"
            "The ledger no longer counts days on which the opinion or notice rests; the county has to look."
        ),
    ]


class FlagTurn(Output):
    """`by` 为空，表示由系统自动办理。`by` is null where the service acted by itself."""

    at: InstantOut
    by: Actor | None
    action: str
    from_state: FlagState | None
    to_state: FlagState
    reason: str | None
    document_number: str | None
    counts: dict[str, Any] | None


class ChangedFacts(Output):
    days_gone: Annotated[
        list[date],
        Field(
            description="意见所依据的日期中已不再计入的；连续离岗的，也列出使其中断的日期。"
            "Days on which the opinion rests that no longer count; of an unbroken run also those that now break it."
        ),
    ]
    counts: Annotated[dict[str, Any], Field(description="现在的计数。What is counted now.")]


class Consequences(Output):
    """第九条（五）：当年不得评先评优，所列日期之前不得提拔使用；二者记入干部档案。

    Article 9 (5): no awards in the calendar year, no promotion before the date; both on the cadre's file.
    """

    recalled_on: date
    no_awards_in: int
    no_promotion_before: date


class PaperOut(Output):
    """办理中的一份公文：草稿，及签发后的文号和日期。

    A paper of the procedure: its draft, and its number and day once it is signed.
    """

    kind: str
    draft: str
    number: str | None
    signed_on: date | None


class FlagDetailOut(FlagOut):
    days: list[date]
    evidence: Annotated[
        list[DayOfMine], Field(description="台账中这些日期现在的状态。What the ledger says of these days now.")
    ]
    basis: list[Basis]
    history: list[FlagTurn]
    statement: str | None
    changed_facts: ChangedFacts | None
    facts: Annotated[
        dict[str, Any] | None,
        Field(description="旷工以外的情形，县级登记的事实。What the office recorded for a ground other than absence."),
    ]
    consequences: Consequences | None
    papers: list[PaperOut]


class VacancyOut(Output):
    id: UUID
    posting_id: UUID
    village_code: str
    village: str
    unit: Person
    duty: str
    opened_on: date
    filled_by: UUID | None
    filled_on: date | None
