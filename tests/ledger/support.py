"""Reading the three forms of a month sheet back into cells."""

import csv
import io
from typing import Any

from openpyxl import load_workbook

HEADING_ROW = 4
"""Of the workbook, counted from one: title, legend, weekdays, heading."""


def table_of_json(body: dict[str, Any]) -> list[list[str]]:
    """Heading, people and totals, as the body says them."""
    townships = "乡镇" if len(body["area_code"].rstrip("0")) <= 6 else None
    names = ("on_post", "official", "leave", "rest", "absent", "pending", "unconfirmed")
    allowance = ("allowance_days", "allowance_unconfirmed")
    labels = ("在岗", "公出", "请假", "休息", "离岗", "待定", "未确认")
    lead = [name for name in ("序号", townships, "村", "姓名", "职务", "派出单位") if name]
    days = [str(int(day["date"][-2:])) for day in body["days"]]
    table = [[*lead, *days, *labels, "实际在岗", "其中未确认", "备注"]]
    for number, row in enumerate(body["rows"], start=1):
        place = [row["township"], row["village"]] if townships else [row["village"]]
        cells = [cell["text"] for cell in row["cells"]]
        counted = [str(row["numbers"][name]) for name in (*names, *allowance)]
        table.append(
            [str(number), *place, row["name"], row["duty_label"], row["unit"], *cells, *counted, row["remark"]]
        )
    for label, name in zip((*labels, "合计"), (*names, "people"), strict=True):
        own = [str(body["numbers"][n]) if name in {n, "people"} else "" for n in (*names, *allowance)]
        blank = [""] * (len(lead) - 1)
        table.append([label, *blank, *(str(day[name]) for day in body["days"]), *own, ""])
    return table


def table_of_csv(content: bytes) -> tuple[list[list[str]], list[list[str]]]:
    """The table, and what stands below it."""
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    end = lines.index([])
    return lines[:end], lines[end + 1 :]


def sheet_of(content: bytes) -> Any:
    [sheet] = load_workbook(io.BytesIO(content)).worksheets
    return sheet


def table_of_xlsx(content: bytes) -> tuple[list[list[str]], list[str]]:
    """The table, and what stands above and below it."""
    rows = [list(row) for row in sheet_of(content).iter_rows(values_only=True)]
    heading = HEADING_ROW - 1
    end = next(n for n, row in enumerate(rows) if row[0] == "合计") + 1
    around = [row[0] for row in (*rows[: heading - 1], *rows[end:])]
    return [["" if cell is None else str(cell) for cell in row] for row in rows[heading:end]], around
