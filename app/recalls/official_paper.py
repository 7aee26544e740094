"""A .docx in the form of 党政机关公文格式 GB/T 9704—2012.

A4; type area 156 × 225 mm (margins 37, 35, 28, 26); 22 lines of 28 characters; body 三号 仿宋, title 二号 小标宋,
first-level headings 黑体; page number 四号 between two dashes, outside on both sides of the sheet. Every style and
every run names its east-Asian font, because Word takes `font.name` for Latin letters alone.
"""

import re
import unicodedata
from datetime import date, datetime
from io import BytesIO
from typing import cast

from docx import Document
from docx.document import Document as DocxDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from app.recalls.days import chinese_day

FANGSONG = "仿宋_GB2312"
XIAOBIAOSONG = "方正小标宋简体"
HEITI = "黑体"
SONGTI = "宋体"
LATIN = "Times New Roman"

SUBSTITUTES = {FANGSONG: "仿宋", XIAOBIAOSONG: "FZXiaoBiaoSong-B05S", HEITI: "SimHei", SONGTI: "SimSun"}
"""What Word takes where a computer lacks the first name."""

ER_HAO, SAN_HAO, SI_HAO = Pt(22), Pt(16), Pt(14)
LINE_PITCH = Pt(28.95)
"""225 mm in 22 lines."""
_TIGHTENING_TWIPS = -5
"""Taken off each character's 16 pt, so that 28 of them fit into 156 mm. A grid of characters would say the same, but
LibreOffice gives a character that is wider than its cell two cells."""
RED = RGBColor(0xFF, 0, 0)

BODY, RECIPIENT, HEADING, TITLE = "公文正文", "公文主送", "公文一级标题", "公文标题"
MARK, ISSUER, NUMBER, SIGNATURE, PAGE_NUMBER = "公文标注", "公文发文机关", "公文字号", "公文署名", "公文页码"
_KEPT_STYLES = frozenset({"Normal", "DefaultParagraphFont", "TableNormal", "NoList"})


class OfficialPaper:
    """One paper, filled from the top down."""

    def __init__(self, *, title: str, drafted_at: datetime) -> None:
        self._document: DocxDocument = Document()
        self._strip()
        self._lay_out()
        self._number_pages()
        properties = self._document.core_properties
        properties.title = _FORBIDDEN_IN_XML.sub("", title)
        properties.author = properties.last_modified_by = properties.comments = ""
        properties.created = properties.modified = drafted_at

    def mark(self, text: str) -> None:
        """What stands at the top left, such as that this is a draft."""
        self._add(text, MARK)

    def head(self, issuer: str, number: str) -> None:
        """版头: the issuer in red, the document number, the red line."""
        self._add(issuer, ISSUER)
        _rule_below(self._add(number, NUMBER))

    def title(self, text: str) -> None:
        self._add(text, TITLE)

    def recipient(self, text: str) -> None:
        self._add(f"{text}：", RECIPIENT)

    def heading(self, text: str) -> None:
        self._add(text, HEADING)

    def body(self, text: str) -> None:
        """One or more paragraphs, divided by line breaks."""
        for line in text.splitlines():
            if line.strip():
                self._add(line.strip(), BODY)

    def signature(self, issuer: str, day: date) -> None:
        """Issuer and date as on a sealed paper: the date four characters from the right, the issuer centred over it,
        never alone on their page.
        """
        for paragraph in self._document.paragraphs[-1:]:
            paragraph.paragraph_format.keep_with_next = True
        dated = chinese_day(day)
        lead = (text_width(issuer) - text_width(dated)) / 2
        right = max(4.0, lead)
        self._add("", BODY).paragraph_format.keep_with_next = True
        issued = self._add(issuer, SIGNATURE)
        issued.paragraph_format.keep_with_next = True
        _indent_right(issued, right - lead)
        _indent_right(self._add(dated, SIGNATURE), right)

    def attachment(self, title: str, text: str) -> None:
        """On a page of its own."""
        self._add("附件", MARK).paragraph_format.page_break_before = True
        self.title(title)
        self.body(text)

    def content(self) -> bytes:
        stream = BytesIO()
        self._document.save(stream)
        return stream.getvalue()

    def _add(self, text: str, style: str) -> Paragraph:
        paragraph = self._document.add_paragraph(style=style)
        if text:
            _write(paragraph, text)
        return paragraph

    def _strip(self) -> None:
        """Drop the library's sample styles, whose theme fonts would overrule the ones named here."""
        styles = self._document.styles.element
        for style in list(styles.style_lst):
            if style.styleId not in _KEPT_STYLES:
                styles.remove(style)
        defaults = styles.find(qn("w:docDefaults"))
        run_properties = defaults.find(qn("w:rPrDefault")).find(qn("w:rPr"))
        for child in list(run_properties):
            run_properties.remove(child)
        run_properties.append(_fonts(FANGSONG))
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), "en-US")
        language.set(qn("w:eastAsia"), "zh-CN")
        run_properties.append(language)

    def _lay_out(self) -> None:
        section = self._document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin = Mm(37), Mm(35)
        section.left_margin, section.right_margin = Mm(28), Mm(26)
        # The page number's line begins 7 mm below the type area and is about 5 mm high.
        section.header_distance, section.footer_distance = Mm(15), Mm(23)
        grid = section._sectPr.find(qn("w:docGrid"))  # noqa: SLF001 - the library has no grid of its own
        if grid is None:
            grid = OxmlElement("w:docGrid")
            section._sectPr.append(grid)  # noqa: SLF001
        grid.set(qn("w:type"), "lines")
        grid.set(qn("w:linePitch"), str(round(LINE_PITCH.twips)))
        self._define_styles()
        self._name_substitutes()

    def _define_styles(self) -> None:
        _set_style(cast("ParagraphStyle", self._document.styles["Normal"]), FANGSONG, SAN_HAO)
        body = self._style(BODY, FANGSONG, SAN_HAO)
        body.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
        _indent_first_line(body)
        self._style(RECIPIENT, FANGSONG, SAN_HAO)
        heading = self._style(HEADING, HEITI, SAN_HAO)
        heading.paragraph_format.keep_with_next = True
        _indent_first_line(heading)
        title = self._style(TITLE, XIAOBIAOSONG, ER_HAO)
        _leave_grid(title)
        title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
        title.paragraph_format.space_before = 2 * LINE_PITCH
        title.paragraph_format.space_after = LINE_PITCH
        self._style(MARK, HEITI, SAN_HAO)
        issuer = self._style(ISSUER, XIAOBIAOSONG, Pt(26))
        _leave_grid(issuer)
        issuer.font.color.rgb = RED
        issuer.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
        issuer.paragraph_format.line_spacing = Pt(40)
        issuer.paragraph_format.space_before = Mm(24)
        number = self._style(NUMBER, FANGSONG, SAN_HAO)
        number.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
        number.paragraph_format.space_before = 2 * LINE_PITCH
        signature = self._style(SIGNATURE, FANGSONG, SAN_HAO)
        signature.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        page_number = self._style(PAGE_NUMBER, SONGTI, SI_HAO, latin=SONGTI)
        page_number.paragraph_format.line_spacing = SI_HAO

    def _style(self, name: str, east_asian: str, size: Pt, *, latin: str = LATIN) -> ParagraphStyle:
        style = cast("ParagraphStyle", self._document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH))
        style.base_style = self._document.styles["Normal"]
        style.quick_style = True
        _set_style(style, east_asian, size, latin=latin)
        return style

    def _name_substitutes(self) -> None:
        """Fill the font table: the first name and what may stand in for it."""
        part = next(r.target_part for r in self._document.part.rels.values() if r.reltype.endswith("/fontTable"))
        fonts = "".join(
            f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/><w:family w:val="auto"/>'
            "</w:font>"
            for name, other in SUBSTITUTES.items()
        )
        namespace = qn("w:fonts").partition("}")[0][1:]
        part._blob = (  # noqa: SLF001 - the library reads the font table as bytes and has no door to it
            f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:fonts xmlns:w="{namespace}">{fonts}</w:fonts>'
        ).encode()

    def _number_pages(self) -> None:
        self._document.settings.odd_and_even_pages_header_footer = True
        section = self._document.sections[0]
        for footer, side in (
            (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
            (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
        ):
            footer.is_linked_to_previous = False
            paragraph = footer.paragraphs[0]
            paragraph.style = PAGE_NUMBER
            paragraph.paragraph_format.alignment = side
            paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = SI_HAO
            _write(paragraph, "— ")
            _write_page_field(paragraph)
            _write(paragraph, " —")


_FORBIDDEN_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_width(text: str) -> float:
    """In full-width characters."""
    return sum(1.0 if unicodedata.east_asian_width(character) in "WFA" else 0.5 for character in text)


def _write(paragraph: Paragraph, text: str) -> Run:
    """Add a run that names its fonts itself, so that a copied line keeps them."""
    run = paragraph.add_run(_FORBIDDEN_IN_XML.sub("", text))
    fonts = cast("ParagraphStyle", paragraph.style).element.rPr.find(qn("w:rFonts"))
    run._element.get_or_add_rPr().insert(0, _fonts(fonts.get(qn("w:eastAsia")), fonts.get(qn("w:ascii"))))  # noqa: SLF001
    return run


def _write_page_field(paragraph: Paragraph) -> None:
    for kind in ("begin", None, "end"):
        run = _write(paragraph, "")
        if kind is None:
            element = OxmlElement("w:instrText")
            element.set(qn("xml:space"), "preserve")
            element.text = " PAGE "
        else:
            element = OxmlElement("w:fldChar")
            element.set(qn("w:fldCharType"), kind)
        run._element.append(element)  # noqa: SLF001


def _fonts(east_asian: str, latin: str = LATIN) -> BaseOxmlElement:
    element = OxmlElement("w:rFonts")
    for slot, name in (("ascii", latin), ("hAnsi", latin), ("eastAsia", east_asian), ("cs", latin)):
        element.set(qn(f"w:{slot}"), name)
    # Without the hint Word sets quotation marks and 〔〕— in the Latin font.
    element.set(qn("w:hint"), "eastAsia")
    return element


def _set_style(style: ParagraphStyle, east_asian: str, size: Pt, *, latin: str = LATIN) -> None:
    properties = style.element.get_or_add_rPr()
    for old in properties.findall(qn("w:rFonts")):
        properties.remove(old)
    properties.insert(0, _fonts(east_asian, latin))
    style.font.size = size
    spacing = OxmlElement("w:spacing")
    spacing.set(qn("w:val"), str(_TIGHTENING_TWIPS))
    style.element.rPr.find(qn("w:sz")).addprevious(spacing)
    layout = style.paragraph_format
    layout.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    layout.line_spacing = LINE_PITCH
    layout.space_before = layout.space_after = Pt(0)
    layout.widow_control = False


def _leave_grid(style: ParagraphStyle) -> None:
    """For letters taller than a line of the grid, which would otherwise take two."""
    element = OxmlElement("w:snapToGrid")
    element.set(qn("w:val"), "0")
    style.element.get_or_add_pPr().insert_element_before(element, "w:spacing", "w:ind", "w:jc", "w:rPr")


def _indent_first_line(style: ParagraphStyle) -> None:
    """By two characters, whatever size they have."""
    style.paragraph_format.first_line_indent = 2 * SAN_HAO
    style.element.pPr.ind.set(qn("w:firstLineChars"), "200")


def _indent_right(paragraph: Paragraph, characters: float) -> None:
    paragraph.paragraph_format.right_indent = Pt(characters * SAN_HAO.pt)
    indent = paragraph._element.get_or_add_pPr().get_or_add_ind()  # noqa: SLF001
    indent.set(qn("w:rightChars"), str(round(characters * 100)))


def _rule_below(paragraph: Paragraph) -> None:
    """The red line under the document number."""
    borders = OxmlElement("w:pBdr")
    line = OxmlElement("w:bottom")
    for key, value in (("val", "single"), ("sz", "12"), ("space", "11"), ("color", "FF0000")):
        line.set(qn(f"w:{key}"), value)
    borders.append(line)
    properties = paragraph._element.get_or_add_pPr()  # noqa: SLF001
    properties.insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )
