"""The drafts, opened again as Word would."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Pt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.policy.days import runs_of
from app.recalls.official_paper import OfficialPaper, text_width
from app.recalls.papers import DRAFT, Case, Signed, notice_draft, opinion_draft, run_text

QUOTE = "旷工或无正当理由离岗连续超过15天或一年内累计超过30天的"
CASE = Case(
    county="云岭县",
    village="石桥乡上庄村",
    cadre="李建国",
    duty="leader",
    unit="云岭县财政局",
    unit_level="county",
    posted_from=date(2026, 1, 1),
    ground_label="旷工或无正当理由离岗连续超过15天",
    recorded=(),
    counts={
        "consecutive": {"calendar_days": 16, "working_days": 12},
        "cumulative": {"calendar_days": 19, "working_days": 14},
        "calendar_year": {"calendar_days": 18, "working_days": 13},
    },
    days=[date(2026, 11, 2) + timedelta(days=n) for n in range(16)],
    basis=[
        {"key": "a", "value": 15, "article": "第九条（五）4", "quote": QUOTE, "reading": None},
        {"key": "b", "value": "calendar", "article": None, "quote": None, "reading": "按自然日计。"},
    ],
    unconfirmed=(),
    calendar_assumed=False,
    statement="11月2日起在县医院陪护。",
    statement_on=date(2026, 11, 20),
    statement_due_on=date(2026, 11, 23),
    opinion=Signed("云帮办〔2026〕12号", date(2026, 11, 24)),
    notice=None,
    drafted_at=datetime(2026, 11, 24, 1, tzinfo=UTC),
    drafted_on=date(2026, 11, 24),
)


def opened(content):
    return Document(BytesIO(content))


def text_of(content):
    return "\n".join(paragraph.text for paragraph in opened(content).paragraphs)


@pytest.fixture(params=[opinion_draft, notice_draft])
def draft(request):
    return request.param


def test_a_paper_is_a4_with_the_margins_and_the_22_lines_of_the_standard(draft):
    section = opened(draft(CASE)).sections[0]
    page = (section.page_width, section.page_height)
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    # Word counts in twentieths of a point.
    for length, wanted_mm in zip((*page, *margins), (210, 297, 37, 35, 28, 26), strict=True):
        assert abs(length.mm - wanted_mm) < 0.05
    pitch = int(section._sectPr.find(qn("w:docGrid")).get(qn("w:linePitch")))
    assert pitch == 579
    type_area = section.page_height - section.top_margin - section.bottom_margin
    assert type_area // Pt(pitch / 20) == 22


def test_28_characters_fill_a_line_and_a_29th_does_not_fit(draft):
    document = opened(draft(CASE))
    section = document.sections[0]
    properties = document.styles["公文正文"].element.rPr
    advance = Pt(16) + Pt(int(properties.find(qn("w:spacing")).get(qn("w:val"))) / 20)
    width = section.page_width - section.left_margin - section.right_margin
    assert width // advance == 28


def test_every_run_and_every_style_names_its_east_asian_font(draft):
    document = opened(draft(CASE))
    section = document.sections[0]
    containers = (document, section.footer, section.even_page_footer)
    runs = [run for container in containers for paragraph in container.paragraphs for run in paragraph.runs]
    assert len(runs) > 20
    for run in runs:
        assert run._element.rPr.find(qn("w:rFonts")).get(qn("w:eastAsia"))
    for style in document.styles:
        if style.type.name == "PARAGRAPH":
            assert style.element.rPr.find(qn("w:rFonts")).get(qn("w:eastAsia")), style.name
    assert "Theme" not in ZipFile(BytesIO(draft(CASE))).read("word/styles.xml").decode().partition("<w:latentStyles")[0]


def test_title_body_and_headings_have_the_fonts_and_sizes_of_the_standard(draft):
    looks = {}
    for paragraph in opened(draft(CASE)).paragraphs:
        if paragraph.runs:
            fonts = paragraph.runs[0]._element.rPr.find(qn("w:rFonts"))
            looks[paragraph.style.name] = (fonts.get(qn("w:eastAsia")), paragraph.style.font.size.pt)
    assert looks["公文标题"] == ("方正小标宋简体", 22)
    assert looks["公文正文"] == ("仿宋_GB2312", 16)
    assert looks["公文一级标题"] == ("黑体", 16)


def test_the_page_number_stands_between_dashes_outside_on_either_side(draft):
    document = opened(draft(CASE))
    section = document.sections[0]
    assert document.settings.odd_and_even_pages_header_footer
    for footer, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        paragraph = footer.paragraphs[0]
        assert re.sub(r"\s", "", paragraph.text) == "——"
        assert " PAGE " in "".join(node.text or "" for node in paragraph._element.iter(qn("w:instrText")))
        assert paragraph._element.pPr.find(qn("w:jc")).get(qn("w:val")) == side


def test_a_draft_cites_days_both_counts_the_article_and_the_statement(draft):
    text = text_of(draft(CASE))
    assert text.startswith(DRAFT)
    assert "2026年11月2日至17日（16天）" in text
    assert "按自然日计，连续16天，一年内累计19天；按工作日计，连续12天，一年内累计14天。" in text
    assert "本自然年内：按自然日计18天，按工作日计13天。" in text
    assert "未经乡镇确认" not in text
    assert f"第九条（五）4：“{QUOTE}”" in text
    assert "（厅字〔2018〕34号），本情形属于：旷工或无正当理由离岗连续超过15天。" in text
    assert "适用口径：按自然日计。" in text
    assert "本人陈述：11月2日起在县医院陪护。（2026年11月20日）" in text
    assert "2年内不得提拔使用" in text
    assert "当年不得评先评优" in text
    assert "推定" not in text


def test_the_opinion_goes_to_the_leading_group_and_the_notice_to_the_unit_naming_the_opinion():
    assert "云岭县干部帮扶工作领导小组：" in text_of(opinion_draft(CASE))
    notice = text_of(notice_draft(CASE))
    assert "云岭县财政局：" in notice
    assert "2026年11月24日提出书面意见（云帮办〔2026〕12号）" in notice


def test_a_number_that_nobody_has_given_stays_blank():
    assert re.search(r"^\s*〔2026〕\s*号$", text_of(notice_draft(CASE)), re.MULTILINE)
    signed = replace(CASE, notice=Signed("云帮办〔2026〕13号", date(2026, 11, 25)))
    text = text_of(notice_draft(signed))
    assert "云帮办〔2026〕13号" in text
    assert text.endswith("2026年11月25日")


def test_silence_is_recorded_as_silence(draft):
    silent = replace(CASE, statement=None, statement_on=None)
    assert "已请本人陈述，期限至2026年11月23日。截至2026年11月24日，未收到本人陈述。" in text_of(draft(silent))


def test_a_long_statement_is_quoted_in_part_and_attached_whole(draft):
    statement = "在县医院陪护。" * 100
    text = text_of(draft(replace(CASE, statement=statement)))
    body, _, attached = text.rpartition("本人陈述（全文）")
    assert "……（全文见附件）" in body
    assert "附件：" in body
    assert attached.strip() == statement


def test_a_day_that_nobody_has_confirmed_is_said_to_be_so(draft):
    text = text_of(draft(replace(CASE, unconfirmed=[date(2026, 11, 16), date(2026, 11, 17)])))
    assert "其中尚未经乡镇确认的：2026年11月16日至17日（2天）。" in text


def test_an_assumed_calendar_and_an_unclear_issuer_are_said(draft):
    text = text_of(draft(replace(CASE, calendar_assumed=True, unit="青川市水利局", unit_level="city")))
    assert "休息日暂按周末推定" in text
    assert "发文机关请按干部管理权限核定" in text


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200))
@example("李\uffff国")
def test_no_text_breaks_a_paper(text):
    paper = OfficialPaper(title=text, drafted_at=CASE.drafted_at)
    paper.body(text)
    opened(paper.content())


@given(st.sets(st.integers(min_value=0, max_value=60)))
def test_runs_cover_exactly_the_days_and_never_touch(offsets):
    start = date(2026, 12, 1)
    runs = list(runs_of([start + timedelta(days=n) for n in offsets]))
    covered = {(first + timedelta(days=n) - start).days for first, last in runs for n in range((last - first).days + 1)}
    assert covered == offsets
    assert all(later[0] - earlier[1] > timedelta(days=1) for earlier, later in pairwise(runs))


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 11, 2), date(2026, 11, 2), "2026年11月2日（1天）"),
        (date(2026, 11, 2), date(2026, 11, 17), "2026年11月2日至17日（16天）"),
        (date(2026, 10, 30), date(2026, 11, 2), "2026年10月30日至11月2日（4天）"),
        (date(2026, 12, 31), date(2027, 1, 1), "2026年12月31日至2027年1月1日（2天）"),
    ],
)
def test_a_run_repeats_no_more_than_stays_clear(first, last, text):
    assert run_text(first, last) == text


def test_the_date_stands_under_the_middle_of_the_issuer(draft):
    issuer, dated = [p for p in opened(draft(CASE)).paragraphs if p.style.name == "公文署名"]
    centres = [p.paragraph_format.right_indent.pt / 16 + text_width(p.text) / 2 for p in (issuer, dated)]
    assert abs(centres[0] - centres[1]) < 0.05
    assert issuer.paragraph_format.right_indent >= 0
