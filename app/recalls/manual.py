"""Grounds 1–3 and 5–8 of 第九条（五）: recorded by the county office, each with the document that it rests on."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi.openapi.models import Example
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.call import Call
from app.access.scope import find
from app.attendance.flags import announce, live_key, move, statement_due_on
from app.attendance.law import load_provisions
from app.attendance.posted import place_of
from app.errors import Conflict, Unprocessable
from app.ids import new_id
from app.models import Posting, RecallFlag
from app.policy.recall import GROUNDS, FlagState
from app.policy.recall_procedure import carries_annual_review, carries_sanctions, carries_score
from app.recalls.days import chinese_day
from app.recalls.schemas import DocumentNumber
from app.web.kinds import ToldApartBy
from app.web.schemas import Day, Input, LongText

SANCTION_LABELS = {"written_self_criticism": "责令书面检查", "admonition_talk": "诫勉谈话"}
SCORE_LABELS = {"satisfaction": "群众满意度测评", "annual_review": "年度考核测评"}


class _Recorded(Input):
    posting_id: UUID
    document_number: DocumentNumber
    reason: LongText


class TransferFlagIn(_Recorded):
    """情形 1：任期内工作调动、辞职、辞退等；文件为本人申请。

    Transfer, resignation or dismissal during the term; the document is the cadre's own application.
    """

    ground: Literal["transfer"]
    applied_on: Day


class HealthFlagIn(_Recorded):
    """情形 2：因身体原因不能履职；文件为本人申请。

    Not able to serve for reasons of health; the document is the cadre's own application.
    """

    ground: Literal["health"]
    applied_on: Day


class AnnualReviewFlagIn(_Recorded):
    """情形 3：年度考核不称职、不合格。An annual review that ended 不称职 or 不合格."""

    ground: Literal["annual_review"]
    year: Annotated[int, Field(ge=2000, le=2100)]
    grade: Annotated[str, Field(min_length=1, max_length=20)]


class Sanction(Input):
    kind: Literal["written_self_criticism", "admonition_talk"]
    on: Day
    document_number: DocumentNumber


class SanctionsFlagIn(_Recorded):
    """情形 5：巡查中被责令书面检查、诫勉谈话 2 次以上。Two or more inspection sanctions."""

    ground: Literal["sanctions"]
    sanctions: Annotated[list[Sanction], Field(min_length=1, max_length=50)]


class ScoreFlagIn(_Recorded):
    """情形 6：群众满意度或年度考核得分低于 60%。A satisfaction or review score under 60 %."""

    ground: Literal["low_score"]
    kind: Literal["satisfaction", "annual_review"]
    score_percent: Annotated[float, Field(ge=0, le=100)]
    assessed_on: Day


class DisciplineFlagIn(_Recorded):
    """情形 7：因违纪违法受到处理。Dealt with for a breach of discipline or law."""

    ground: Literal["discipline"]
    decided_on: Day


class UnsuitableFlagIn(_Recorded):
    """情形 8：县、乡均认定不宜继续驻村；县级文件之外，另注明乡级文件。

    Judged unsuitable by county and township both; the township's paper is named beside the county's.
    """

    ground: Literal["unsuitable"]
    township_document_number: DocumentNumber


ManualFlagIn = Annotated[
    TransferFlagIn
    | HealthFlagIn
    | AnnualReviewFlagIn
    | SanctionsFlagIn
    | ScoreFlagIn
    | DisciplineFlagIn
    | UnsuitableFlagIn,
    ToldApartBy("ground"),
]


EXAMPLES: dict[str, Example] = {
    "sanctions": Example(
        summary="5 巡查中被责令书面检查、诫勉谈话2次以上",
        value={
            "posting_id": "01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b11",
            "ground": "sanctions",
            "document_number": "云帮办〔2026〕10号",
            "reason": "两次巡查均不在村，分别责令书面检查、诫勉谈话。",
            "sanctions": [
                {"kind": "written_self_criticism", "on": "2026-08-12", "document_number": "云帮巡〔2026〕3号"},
                {"kind": "admonition_talk", "on": "2026-10-21", "document_number": "云帮巡〔2026〕7号"},
            ],
        },
    ),
    "transfer": Example(
        summary="1 任期内工作调动",
        value={
            "posting_id": "01938f6e-7d1a-7c3e-9a55-3f1f0c8a2b11",
            "ground": "transfer",
            "document_number": "个人申请 2026-11-20",
            "reason": "调任县水利局，本人书面申请调整。",
            "applied_on": "2026-11-20",
        },
    ),
}


def raise_manually(call: Call, body: ManualFlagIn) -> RecallFlag:
    """A candidate from the start: the document and the facts are there, what remains is to hear the cadre."""
    posting = find(call.session, call.viewer, Posting, body.posting_id)
    _check_facts(call, body, posting)
    _refuse_second(call.session, posting, body.ground)
    flag = _flag(call, body, posting)
    call.session.add(flag)
    event = move(
        flag,
        FlagState.CANDIDATE,
        action="raised",
        now=call.now,
        by=call.viewer.account_id,
        reason=body.reason,
        document=body.document_number,
    )
    call.session.flush()
    call.session.add(event)
    announce(call.session, "flag.raised", flag, now=call.now)
    call.audit(
        chain=flag.county_code,
        action="recall_flag.raised",
        target=str(flag.id),
        posting_id=posting.id,
        ground=body.ground,
        document=body.document_number,
        reason=body.reason,
    )
    return flag


def describe_facts(flag: RecallFlag) -> Iterator[str]:
    """What the office recorded, as sentences of a paper; nothing for the absence grounds."""
    if flag.facts is None:
        return
    yield flag.facts["reason"]
    for sanction in flag.facts.get("sanctions", ()):
        on = chinese_day(date.fromisoformat(sanction["on"]))
        yield f"{on}，{SANCTION_LABELS[sanction['kind']]}（{sanction['document_number']}）。"
    if "grade" in flag.facts:
        yield f"{flag.facts['year']}年度考核等次：{flag.facts['grade']}。"
    if "score_percent" in flag.facts:
        on = chinese_day(date.fromisoformat(flag.facts["assessed_on"]))
        yield f"{on}，{SCORE_LABELS[flag.facts['kind']]}得分{_plain(flag.facts['score_percent'])}%。"
    if "decided_on" in flag.facts:
        yield f"处理决定日期：{chinese_day(date.fromisoformat(flag.facts['decided_on']))}。"
    if "township_document_number" in flag.facts:
        yield f"乡级意见：{flag.facts['township_document_number']}。"
    yield f"依据材料：{flag.facts['document_number']}。"


def _plain(score: float) -> str:
    """Every digit that was recorded: 59.9999999 must not read as 60."""
    return str(score).removesuffix(".0")


def _flag(call: Call, body: ManualFlagIn, posting: Posting) -> RecallFlag:
    recalls = GROUNDS[body.ground].recalls
    provisions = load_provisions(call.session)
    rests_on = [
        provisions.in_force(key, call.today, posting.village_code)
        for key in (
            f"recall.{_PROVISIONS.get(body.ground, body.ground)}",
            *(() if recalls else ("recall.reassignment",)),
        )
    ]
    return RecallFlag(
        id=new_id(),
        **place_of(posting),
        ground=body.ground,
        state=None,
        live_key=live_key(posting.id, body.ground),
        counts={},
        threshold=rests_on[0].value if body.ground in _WITH_A_NUMBER else None,
        days=[],
        basis=[provision.basis().as_json() for provision in rests_on],
        raised_at=call.now,
        changed_at=call.now,
        # A reassignment is what the cadre has applied for: there is nothing to answer.
        statement_due_on=statement_due_on(provisions, call.today, posting.village_code) if recalls else None,
        facts=body.model_dump(mode="json", exclude={"posting_id", "ground"}),
    )


_PROVISIONS = {"low_score": "score_percent"}
_WITH_A_NUMBER = {"sanctions", "low_score"}


def _check_facts(call: Call, body: ManualFlagIn, posting: Posting) -> None:
    """Unprocessable where the facts do not reach what the article asks for, or have not happened yet."""
    provisions, area = load_provisions(call.session), posting.village_code
    match body:
        case TransferFlagIn() | HealthFlagIn():
            _not_in_future(call.today, body.applied_on, "/applied_on")
        case AnnualReviewFlagIn() if not carries_annual_review(body.grade, call.today, provisions, area):
            raise _not_carried("/grade", "该考核等次不构成召回情形", "this grade is no ground")
        case SanctionsFlagIn():
            for number, sanction in enumerate(body.sanctions):
                _not_in_future(call.today, sanction.on, f"/sanctions/{number}/on")
            distinct = {(sanction.kind, sanction.on, sanction.document_number) for sanction in body.sanctions}
            if not carries_sanctions(len(distinct), call.today, provisions, area):
                raise _not_carried("/sanctions", "次数未达到召回情形", "too few sanctions for this ground")
        case ScoreFlagIn():
            _not_in_future(call.today, body.assessed_on, "/assessed_on")
            if not carries_score(body.score_percent, call.today, provisions, area):
                raise _not_carried("/score_percent", "得分未低于召回情形的标准", "the score is not below the line")
        case DisciplineFlagIn():
            _not_in_future(call.today, body.decided_on, "/decided_on")


def _not_carried(pointer: str, zh: str, en: str) -> Unprocessable:
    return Unprocessable.field(pointer, "ground_not_met", zh, en)


def _not_in_future(today: date, day: date, pointer: str) -> None:
    if day > today:
        raise Unprocessable.field(pointer, "in_future", "不能晚于今天", "must not be in the future")


def _refuse_second(session: Session, posting: Posting, ground: str) -> None:
    if session.scalar(select(RecallFlag.id).where(RecallFlag.live_key == live_key(posting.id, ground))):
        raise Conflict(
            "flag_exists",
            "该同志已有同一情形的记录正在办理。",
            "There is an open flag on this ground already.",
        )
