"""The drafts of the written opinion and of the 召回通知 (第九条（五）), from what is on the flag and nothing else.

What only a person can supply - the document number before signing, the signature - stays blank.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from app.policy.days import runs_of
from app.policy.team import DUTY_LABELS_ZH
from app.recalls.days import chinese_day

if TYPE_CHECKING:
    from app.recalls.official_paper import OfficialPaper

DRAFT = "草稿（未签发）"
MEASURES = "《临汾市进一步加强贫困村驻村工作队选派管理工作的实施办法》（厅字〔2018〕34号）"
STATEMENT_CHARACTERS = 300
"""A longer statement is quoted up to here and attached in full."""
ATTACHED_STATEMENT = "本人陈述（全文）"


@dataclass(frozen=True, slots=True)
class Signed:
    """A paper that has been signed: its number and its day."""

    number: str
    day: date


@dataclass(frozen=True, slots=True)
class Case:
    """What the papers say about one flag."""

    county: str
    village: str
    """With its township."""
    cadre: str
    duty: str
    unit: str
    unit_level: str
    posted_from: date
    ground_label: str
    recorded: Sequence[str]
    """Sentences on a ground that the office raised; empty for the absence grounds."""
    counts: dict[str, Any]
    days: Sequence[date]
    basis: Sequence[dict[str, Any]]
    """What the ground rests on, then what the procedure and the consequences rest on."""
    unconfirmed: Sequence[date]
    """Those of `days` that the township has not confirmed."""
    calendar_assumed: bool
    statement: str | None
    statement_on: date | None
    statement_due_on: date | None
    opinion: Signed | None
    notice: Signed | None
    drafted_at: datetime
    drafted_on: date

    @property
    def office(self) -> str:
        return f"{self.county}干部帮扶工作领导小组办公室"


def opinion_draft(case: Case) -> bytes:
    """The county office's 书面意见, addressed to the county's leading group."""
    paper = _open(case, f"关于召回驻村干部{case.cadre}同志的书面意见", case.opinion)
    paper.recipient(f"{case.county}干部帮扶工作领导小组")
    _write_case(paper, case)
    paper.heading("五、处理意见")
    paper.body(
        f"综上，建议对{case.cadre}同志予以召回，并按干部管理权限向{case.unit}发出召回通知。召回后，当年不得评先评优，"
        "2年内不得提拔使用，相关处理情况记入本人档案。"
    )
    paper.body("妥否，请批示。")
    return _close(paper, case, case.opinion)


def notice_draft(case: Case) -> bytes:
    """The 召回通知, addressed to the dispatch unit."""
    paper = _open(case, f"关于召回驻村干部{case.cadre}同志的通知", case.notice)
    paper.recipient(case.unit)
    _write_case(paper, case)
    paper.heading("五、召回决定")
    opinion = case.opinion
    rests_on = f"我办已于{chinese_day(opinion.day)}提出书面意见（{opinion.number}）。" if opinion else ""
    paper.body(f"{rests_on}现通知你单位将{case.cadre}同志予以召回，并请做好以下工作：")
    paper.body("1.当年不得评先评优，2年内不得提拔使用；")
    paper.body("2.相关处理情况记入本人档案；")
    paper.body(f"3.{case.village}因此出现的驻村工作队员空缺，请及时选派新人驻村履职。")
    return _close(paper, case, case.notice)


def run_text(first: date, last: date) -> str:
    """`2026年11月2日至17日（16天）`, with as little repeated as stays clear."""
    if first == last:
        return f"{chinese_day(first)}（1天）"
    until = chinese_day(last)
    if first.year == last.year:
        until = f"{last.day}日" if first.month == last.month else f"{last.month}月{last.day}日"
    return f"{chinese_day(first)}至{until}（{(last - first).days + 1}天）"


def _open(case: Case, title: str, signed: Signed | None) -> "OfficialPaper":
    from app.recalls.official_paper import OfficialPaper  # noqa: PLC0415 - late: docx and lxml

    paper = OfficialPaper(title=title, drafted_at=case.drafted_at)
    paper.mark(DRAFT)
    blank = f"　　　〔{case.drafted_on.year}〕　　号"
    paper.head(case.office, signed.number if signed else blank)
    paper.title(title)
    return paper


def _write_case(paper: "OfficialPaper", case: Case) -> None:
    paper.heading("一、基本情况")
    paper.body(
        f"{case.cadre}，由{case.unit}选派，自{chinese_day(case.posted_from)}起任{case.village}驻村"
        f"{DUTY_LABELS_ZH[case.duty]}。"
    )
    paper.heading("二、有关事实")
    for sentence in case.recorded or tuple(_absences(case)):
        paper.body(sentence)
    paper.heading("三、依据")
    for sentence in _grounds(case):
        paper.body(sentence)
    paper.heading("四、本人陈述")
    paper.body(_heard(case))


def _absences(case: Case) -> Iterator[str]:
    yield "根据到岗登记和考勤台账，该同志以下日期计入旷工或无正当理由离岗："
    yield f"{_listed(case.days)}。"
    if case.unconfirmed:
        yield f"其中尚未经乡镇确认的：{_listed(case.unconfirmed)}。"
    consecutive, cumulative = case.counts["consecutive"], case.counts["cumulative"]
    yield (
        f"按自然日计，连续{consecutive['calendar_days']}天，一年内累计{cumulative['calendar_days']}天；"
        f"按工作日计，连续{consecutive['working_days']}天，一年内累计{cumulative['working_days']}天。"
    )
    year = case.counts["calendar_year"]
    yield f"本自然年内：按自然日计{year['calendar_days']}天，按工作日计{year['working_days']}天。"
    if case.calendar_assumed:
        yield "上述期间涉及尚未公布放假安排的年份，休息日暂按周末推定。"


def _listed(days: Sequence[date]) -> str:
    return "；".join(run_text(first, last) for first, last in runs_of(days))


def _grounds(case: Case) -> Iterator[str]:
    yield f"依据{MEASURES}，本情形属于：{case.ground_label}。"
    for basis in case.basis:
        if basis.get("quote"):
            source = "本地规定" if basis.get("area") else ""
            yield f"{source}{basis['article'] or ''}：“{basis['quote']}”"
        if basis.get("reading"):
            yield f"适用口径：{basis['reading']}"


def _heard(case: Case) -> str:
    if case.statement is None or case.statement_on is None:
        due = f"，期限至{chinese_day(case.statement_due_on)}" if case.statement_due_on else ""
        return f"已请本人陈述{due}。截至{chinese_day(case.drafted_on)}，未收到本人陈述。"
    told = "".join(line.strip() for line in case.statement.splitlines())
    if len(told) > STATEMENT_CHARACTERS:
        told = f"{told[:STATEMENT_CHARACTERS]}……（全文见附件）"
    return f"本人陈述：{told}（{chinese_day(case.statement_on)}）"


def _close(paper: "OfficialPaper", case: Case, signed: Signed | None) -> bytes:
    long_statement = case.statement is not None and len(case.statement) > STATEMENT_CHARACTERS
    if long_statement:
        paper.body(f"附件：{ATTACHED_STATEMENT}")
    if case.unit_level != "county":
        paper.body(f"（起草提示：{case.unit}不属县级派出单位，发文机关请按干部管理权限核定。）")
    paper.signature(case.office, signed.day if signed else case.drafted_on)
    if long_statement and case.statement is not None:
        paper.attachment(ATTACHED_STATEMENT, case.statement)
    return paper.content()
