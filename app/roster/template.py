"""The roster workbook that the county office fills in."""

import io
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.access.areas import prefix_range
from app.access.call import Call
from app.models import Area
from app.policy.team import DUTY_LABELS_ZH
from app.roster.faults import Column
from app.roster.roster_rows import LAYOUT, LEVEL_LABELS

SHEET: Final = "驻村干部名册"

_WIDTHS: Final = {
    Column.NAME: 10,
    Column.ID_NUMBER: 22,
    Column.PHONE: 14,
    Column.UNIT: 26,
    Column.UNIT_LEVEL: 10,
    Column.VILLAGE: 18,
    Column.VILLAGE_CODE: 16,
    Column.DUTY: 12,
    Column.STARTS_ON: 16,
    Column.ENDS_ON: 16,
}

_INSTRUCTIONS: Final = (
    (Column.NAME, "必填", "张三", "与身份证一致。"),
    (
        Column.ID_NUMBER,
        "必填",
        "990101198001010016",
        "18 位。本列已设为文本格式；从别处粘贴时请选择“只粘贴值”，否则后几位会丢失。",
    ),
    (Column.PHONE, "必填", "13900000001", "11 位，每人一个，也是本人的登录名。"),
    (Column.UNIT, "必填", "青川市水利局", "全称；同一单位每行写法一致。"),
    (Column.UNIT_LEVEL, "必填", "市", "省、市 或 县（下拉选择）。决定半月以上请假由谁批准。"),
    (Column.VILLAGE, "必填", "上庄村", "须与村代码对应。"),
    (Column.VILLAGE_CODE, "必填", "990101001001", "12 位统计用区划代码，见“本县村代码”表。"),
    (Column.DUTY, "必填", "工作队员", "第一书记、工作队长 或 工作队员（下拉选择）。第一书记兼任队长的填“第一书记”。"),
    (Column.STARTS_ON, "必填", "2026-01-01", "也可写 2026/1/1、2026.1.1、2026年1月1日。"),
    (Column.ENDS_ON, "可不填", "2027-12-31", "派驻的最后一天；未定的留空。"),
)

_NOTES: Final = (
    "一人一行；先后派驻两个村的写两行，时间不得重叠。",
    "同一个村同一时间只能有一个层级的工作队（第四条）。",
    "表头请勿改动；空行会跳过；公式请先转为数值。",
    "导入前逐项检查，有任何错误时整份都不保存，并按行号和列名列出全部错误。",
    "可以重复导入：没有变化的行不受影响，名册中没有写到的人也不受影响。",
    "姓名、手机号、职务、派驻结束日期以最近一次导入为准；更换派出单位或提前结束派驻，请先办理原派驻的结束。",
)


def build_template(call: Call) -> bytes:
    """Text cells throughout, so that no ID number turns into 1.4E+17; the county's villages on a sheet of their own."""
    import xlsxwriter  # noqa: PLC0415 - late: for workbooks alone

    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as workbook:
        formats = {
            "heading": workbook.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "align": "center"}),
            "text": workbook.add_format({"num_format": "@"}),
            "wrapped": workbook.add_format({"text_wrap": True, "valign": "top", "num_format": "@"}),
        }
        _write_roster(workbook.add_worksheet(SHEET), formats)
        _write_instructions(workbook.add_worksheet("填写说明"), formats)
        _write_villages(workbook.add_worksheet("本县村代码"), formats, _villages(call))
    return buffer.getvalue()


def _write_roster(sheet: Any, formats: dict[str, Any]) -> None:
    sheet.freeze_panes(1, 1)
    last_row = LAYOUT.max_rows
    for position, column in enumerate(Column):
        sheet.set_column(position, position, _WIDTHS[column], formats["text"])
        sheet.write_string(0, position, column, formats["heading"])
        validation = _validation(column)
        if validation:
            sheet.data_validation(1, position, last_row, position, validation)


def _validation(column: Column) -> dict[str, Any] | None:
    lists = {Column.UNIT_LEVEL: LEVEL_LABELS, Column.DUTY: DUTY_LABELS_ZH}
    if column in lists:
        source = list(lists[column].values())
        return {"validate": "list", "source": source, "error_title": column, "error_message": "请从下拉列表中选择。"}
    lengths = {Column.ID_NUMBER: 18, Column.PHONE: 11, Column.VILLAGE_CODE: 12}
    if column in lengths:
        return {
            "validate": "length",
            "criteria": "==",
            "value": lengths[column],
            "error_title": column,
            "error_message": f"应为 {lengths[column]} 位。",
        }
    return None


def _write_instructions(sheet: Any, formats: dict[str, Any]) -> None:
    for position, (title, width) in enumerate((("列", 16), ("是否必填", 10), ("示例", 22), ("说明", 70))):
        sheet.set_column(position, position, width, formats["wrapped"])
        sheet.write_string(0, position, title, formats["heading"])
    for number, cells in enumerate(_INSTRUCTIONS, start=1):
        for position, text in enumerate(cells):
            sheet.write_string(number, position, text, formats["wrapped"])
    for number, note in enumerate(_NOTES, start=len(_INSTRUCTIONS) + 2):
        sheet.merge_range(number, 0, number, 3, note, formats["wrapped"])


def _write_villages(sheet: Any, formats: dict[str, Any], villages: Iterable[tuple[str, str, str]]) -> None:
    sheet.freeze_panes(1, 0)
    for position, (title, width) in enumerate((("乡镇", 18), ("村", 24), ("代码", 16))):
        sheet.set_column(position, position, width, formats["text"])
        sheet.write_string(0, position, title, formats["heading"])
    for number, cells in enumerate(villages, start=1):
        for position, text in enumerate(cells):
            sheet.write_string(number, position, text, formats["text"])


def _villages(call: Call) -> list[tuple[str, str, str]]:
    """(township, village, code) of the viewer's county."""
    township = aliased(Area)
    query = (
        select(township.name, Area.name, Area.code)
        .join(township, township.code == Area.parent_code)
        .where(Area.level == "village", Area.code.between(*prefix_range(call.viewer.area_code or "")))
        .order_by(Area.code)
    )
    return [(name, village, code) for name, village, code in call.session.execute(query)]
