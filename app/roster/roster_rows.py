"""The rows of the roster workbook, each on its own and against the others of the file."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.policy.areas import LEVEL_LABELS_ZH
from app.policy.leave import UnitLevel
from app.policy.team import DUTIES
from app.roster.cells import as_code, as_date, as_text, as_word
from app.roster.faults import Column, Faults
from app.roster.identifiers import id_number_fault, is_phone, normalize_phone
from app.roster.spreadsheet import Layout, Row

LAYOUT: Final = Layout(
    headings={
        Column.NAME: ("姓名",),
        Column.ID_NUMBER: ("身份证号", "身份证号码", "公民身份号码"),
        Column.PHONE: ("手机号", "手机号码", "联系电话"),
        Column.UNIT: ("派出单位", "派驻单位", "选派单位"),
        Column.UNIT_LEVEL: ("单位层级", "单位级别"),
        Column.VILLAGE: ("派驻村", "驻村", "村名"),
        Column.VILLAGE_CODE: ("村代码", "村级代码", "统计用区划代码"),
        Column.DUTY: ("职务", "驻村职务"),
        Column.STARTS_ON: ("派驻起始日期", "派驻开始日期", "起始日期"),
        Column.ENDS_ON: ("派驻结束日期", "结束日期"),
    },
    optional=frozenset({Column.ENDS_ON}),
    max_rows=5_000,
)

LEVEL_LABELS: Final = {level.value: LEVEL_LABELS_ZH[level] for level in UnitLevel}

UNIT_LEVELS: Final = {
    **{
        f"{name}{suffix}": level
        for names, level in ((("省", "自治区"), "province"), (("市", "地"), "city"), (("县", "区", "县区"), "county"))
        for name in names
        for suffix in ("", "级", "直", "派", "直单位", "级单位", "派单位", "直机关", "直部门")
    },
    **{level: level for level in LEVEL_LABELS},
}
DUTY_WORDS: Final = {
    "第一书记": "first_secretary",
    "驻村第一书记": "first_secretary",
    **{f"第一书记{joint}{leader}": "first_secretary" for joint in ("兼", "、", ",", "兼任", "/")
       for leader in ("队长", "工作队长", "工作队队长", "驻村工作队队长")},
    **dict.fromkeys(("队长", "工作队长", "工作队队长", "驻村工作队长", "驻村工作队队长"), "leader"),
    **dict.fromkeys(("队员", "工作队员", "工作队队员", "驻村工作队员", "驻村工作队队员"), "member"),
    **{duty: duty for duty in DUTIES},
}  # fmt: skip
"""How files write a duty. A first secretary usually leads the team as well (第二条（二）); the duty is then the first
secretary's.
"""


@dataclass(frozen=True, slots=True)
class RosterRow:
    number: int
    name: str
    id_number: str
    phone: str
    unit: str
    unit_level: str
    village: str
    village_code: str
    duty: str
    starts_on: date
    ends_on: date | None
    """None where the cell is empty, which says nothing about an end that is on record."""


def read_rows(table: Iterable[Row], today: date, faults: Faults) -> list[RosterRow]:
    """The rows of which every cell can be used."""
    rows = [row for raw in table if (row := _read(raw, today, faults)) is not None]
    _check_people(rows, faults)
    _check_units(rows, faults)
    return rows


def _read(raw: Row, today: date, faults: Faults) -> RosterRow | None:
    name = as_text(raw, Column.NAME, faults, max_length=50)
    id_number = _id_number(raw, today, faults)
    phone = _phone(raw, faults)
    unit = as_text(raw, Column.UNIT, faults, max_length=100)
    level = as_word(raw, Column.UNIT_LEVEL, faults, UNIT_LEVELS, "level_unknown")
    village = as_text(raw, Column.VILLAGE, faults, max_length=100)
    village_code = as_code(raw, Column.VILLAGE_CODE, faults)
    duty = as_word(raw, Column.DUTY, faults, DUTY_WORDS, "duty_unknown")
    starts_on = as_date(raw, Column.STARTS_ON, faults)
    ends_on = as_date(raw, Column.ENDS_ON, faults, required=False)
    if starts_on and ends_on and ends_on < starts_on:
        faults.add(raw.number, Column.ENDS_ON, "dates_reversed")
    if faults.in_row(raw.number):
        return None
    if not (name and id_number and phone and unit and level and village and village_code and duty and starts_on):
        return None
    return RosterRow(raw.number, name, id_number, phone, unit, level, village, village_code, duty, starts_on, ends_on)


def _id_number(raw: Row, today: date, faults: Faults) -> str | None:
    number = as_code(raw, Column.ID_NUMBER, faults)
    fault = id_number_fault(number, today) if number is not None else None
    if fault is not None:
        faults.add(raw.number, Column.ID_NUMBER, fault)
    return number


def _phone(raw: Row, faults: Faults) -> str | None:
    written = as_code(raw, Column.PHONE, faults)
    if written is None:
        return None
    number = normalize_phone(written)
    if not is_phone(number):
        faults.add(raw.number, Column.PHONE, "phone_format")
    return number


def _check_people(rows: Iterable[RosterRow], faults: Faults) -> None:
    """One ID number is one person with one name and one phone; a person may have several rows, one posting each."""
    by_id: dict[str, RosterRow] = {}
    by_phone: dict[str, RosterRow] = {}
    for row in rows:
        same = by_id.setdefault(row.id_number, row)
        if same.name != row.name:
            faults.add(row.number, Column.NAME, "person_differs", same.number)
        if same.phone != row.phone:
            faults.add(row.number, Column.PHONE, "person_differs", same.number)
        other = by_phone.setdefault(row.phone, row)
        if other.id_number != row.id_number:
            faults.add(row.number, Column.PHONE, "phone_twice", other.number)


def _check_units(rows: Iterable[RosterRow], faults: Faults) -> None:
    by_name: dict[str, RosterRow] = {}
    for row in rows:
        same = by_name.setdefault(row.unit, row)
        if same.unit_level != row.unit_level:
            faults.add(row.number, Column.UNIT_LEVEL, "unit_level_differs", same.number)
