"""What can be wrong with a row of an import, in words. A text never repeats the cell: it names row and column."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.roster.schemas import ImportReport, RowFaultOut

_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # the sheet
    "heading_missing": ("缺少此列，请使用模板的表头", "this column is missing"),
    "heading_twice": ("此列出现了两次", "this column occurs twice"),
    "formula": ("单元格是公式，请复制后“选择性粘贴为数值”", "the cell is a formula; paste its value instead"),
    "required": ("此项必填", "required"),
    "too_long": ("内容过长", "too long"),
    "bad_text": ("含有控制字符或无效字符", "contains control or invalid characters"),
    "number_lost": (
        "被 Excel 转成了数字，后几位已经丢失；请把该列设为文本格式后重新填写",
        "turned into a number by the spreadsheet and no longer complete; format the column as text and enter it again",
    ),
    # areas
    "area_code_format": ("应为 12 位数字的统计用区划代码", "must be a division code of 12 digits"),
    "area_level": ("级别与代码不符", "the level is not the one that the code tells"),
    "area_level_unknown": (
        "应为 province、city、county、township、village 或 省、市、县、乡、村",
        "must be province, city, county, township or village",
    ),
    "area_parent": ("上级代码与代码不符", "not the parent that the code tells"),
    "area_parent_missing": ("乡、村须填写上级代码", "townships and villages need a parent"),
    "area_parent_unknown": ("上级代码不存在", "the parent does not exist"),
    "area_twice": ("与第 {other} 行代码相同", "the same code as in row {other}"),
    "area_outside": ("不在您的管理范围内", "outside your area"),
    # people
    "id_number_15": ("是 15 位旧号码，请填 18 位", "an old number of 15 digits; 18 are needed"),
    "id_number_format": ("应为 18 位：17 位数字加 1 位数字或 X", "must be 17 digits and a digit or X"),
    "id_number_birth": ("第 7 至 14 位不是有效的出生日期", "digits 7 to 14 are not a date of birth"),
    "id_number_checksum": ("校验位不符，请核对", "the check digit does not fit"),
    "phone_format": ("应为 11 位手机号", "must be a mobile number of 11 digits"),
    "phone_twice": ("与第 {other} 行是同一手机号，身份证号却不同", "the phone of another person in row {other}"),
    "phone_taken": ("该手机号已登记在他人名下", "the phone is registered for somebody else"),
    "person_differs": (
        "与第 {other} 行是同一身份证号，此项却不同",
        "the same ID number as in row {other}, but this differs",
    ),
    # postings
    "level_unknown": ("应为 省、市 或 县", "must be province, city or county"),
    "unit_level_conflict": ("该单位已按另一层级登记", "the unit is on record with another level"),
    "unit_level_differs": ("与第 {other} 行是同一单位，层级却不同", "the unit of row {other}, with another level"),
    "village_unknown": ("本县没有此代码的村", "no village of the county has this code"),
    "village_name": ("村名与村代码不符", "the name is not that of the village with this code"),
    "duty_unknown": ("应为 第一书记、工作队长 或 工作队员", "must be 第一书记, 工作队长 or 工作队员"),
    "date_format": ("应为日期，如 2026-01-01", "must be a date such as 2026-01-01"),
    "date_range": ("日期应在 2000 至 2100 年之间", "must be between 2000 and 2100"),
    "dates_reversed": ("结束日期早于起始日期", "the end is before the start"),
    "posting_overlaps": ("与第 {other} 行的派驻时间重叠", "overlaps with the posting in row {other}"),
    "posting_overlaps_record": (
        "与此人已登记的另一派驻时间重叠；请先办理原派驻的结束",
        "overlaps with another posting on record; end that one first",
    ),
    "levels_mixed": (
        "与第 {other} 行的层级不同：省、市、县三级驻村工作队不能重复派驻同一村（第四条）",
        "another level than in row {other}: teams of two levels must not serve in one village (article 4)",
    ),
    "levels_mixed_record": (
        "该村已有另一层级的工作队：省、市、县三级驻村工作队不能重复派驻（第四条）",
        "a team of another level serves in the village: there must not be two (article 4)",
    ),
    "unit_changed": (
        "与已登记的同一派驻的派出单位不同；如已换单位，请先办理原派驻的结束",
        "another unit than this posting has on record; end that posting first",
    ),
    "posting_recalled": (
        "该派驻已因召回或调整结束，结束日期不能通过导入更改",
        "the posting was ended by recall or reassignment; an import does not change its end",
    ),
}


class Column(StrEnum):
    """The headings of the roster workbook."""

    NAME = "姓名"
    ID_NUMBER = "身份证号"
    PHONE = "手机号"
    UNIT = "派出单位"
    UNIT_LEVEL = "单位层级"
    VILLAGE = "派驻村"
    VILLAGE_CODE = "村代码"
    DUTY = "职务"
    STARTS_ON = "派驻起始日期"
    ENDS_ON = "派驻结束日期"


def text_of(code: str, **values: object) -> tuple[str, str]:
    """(Chinese, English) of a fault."""
    zh, en = _TEXTS[code]
    return zh.format(**values), en.format(**values)


@dataclass(frozen=True, slots=True)
class Fault:
    row: int
    column: str
    code: str
    other: int | None = None
    """The number of the other row that it is about."""


@dataclass(slots=True)
class Faults:
    """What was found so far; one fault a cell is enough."""

    found: dict[tuple[int, str], Fault] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    """How the file heads the columns, by key; the key itself where it does not."""
    _rows: set[int] = field(default_factory=set)

    def add(self, row: int, column: str, code: str, other: int | None = None) -> None:
        self._rows.add(row)
        self.found.setdefault((row, column), Fault(row, column, code, other))

    def in_row(self, row: int) -> bool:
        return row in self._rows

    def __bool__(self) -> bool:
        return bool(self.found)

    def as_json(self, language: str) -> list[RowFaultOut]:
        """By row, then in the order in which they were found."""
        return [
            RowFaultOut(
                row=fault.row,
                column=self.titles.get(fault.column, fault.column),
                code=fault.code,
                detail=text_of(fault.code, other=fault.other)[language == "en"],
            )
            for fault in sorted(self.found.values(), key=lambda fault: fault.row)
        ]


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def report(rows: int, outcomes: Sequence[Outcome], faults: Faults, language: str) -> ImportReport:
    counts = Counter() if faults else Counter(outcomes)
    return ImportReport(
        rows=rows,
        created=counts[Outcome.CREATED],
        updated=counts[Outcome.UPDATED],
        unchanged=counts[Outcome.UNCHANGED],
        errors=faults.as_json(language),
    )
