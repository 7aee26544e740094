"""Rosters as offices send them, for tests."""

import io
from typing import Any

import xlsxwriter

from app.roster.faults import Column
from app.roster.identifiers import check_character
from tests.support.world import VILLAGE

HEADING = [column.value for column in Column]


def id_number(number: int, birth: str = "19850317") -> str:
    """A resident ID number with a right check character, of nobody: division 990101."""
    body = f"990101{birth}{number % 1000:03d}"
    return body + check_character(body)


def phone(number: int) -> str:
    return f"1370000{number:04d}"


def row(number: int, **changes: Any) -> dict[str, Any]:
    """A right row; `changes` by heading."""
    return {
        "姓名": f"名册{number}",
        "身份证号": id_number(number),
        "手机号": phone(number),
        "派出单位": "云岭县财政局",
        "单位层级": "县",
        "派驻村": "上庄村",
        "村代码": VILLAGE,
        "职务": "工作队员",
        "派驻起始日期": "2026-12-01",
        "派驻结束日期": "",
        **changes,
    }


def csv_file(rows: list[dict[str, Any]], *, heading: list[str] | None = None, encoding: str = "utf-8-sig") -> bytes:
    heading = heading or HEADING
    lines = [",".join(heading), *(",".join(str(r.get(name, "")) for name in heading) for r in rows)]
    return "\r\n".join(lines).encode(encoding)


def xlsx_file(rows: list[dict[str, Any]], *, heading: list[str] | None = None) -> bytes:
    heading = heading or HEADING
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd"}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, heading)
        for number, cells in enumerate(rows, start=1):
            for position, name in enumerate(heading):
                sheet.write(number, position, cells.get(name, ""))
    return buffer.getvalue()


def send(signed, path: str, content: bytes, name: str = "roster.xlsx"):
    return signed.post(path, files={"file": (name, content, "application/octet-stream")})


def faults(report: dict[str, Any]) -> set[tuple[int, str, str]]:
    return {(error["row"], error["column"], error["code"]) for error in report["errors"]}
