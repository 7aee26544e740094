"""The month sheet as a workbook to print: A4 landscape, one page wide, heading on every page."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import IO, Any

from app.attendance.sheet import Cell, Kind, Sheet
from app.ledger.table import Cells, Table, table_of
from app.policy.attendance import Status

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PIECE_BYTES = 64 * 1024

TITLE_ROW, LEGEND_ROW, WEEKDAY_ROW, HEADING_ROW, FIRST_ROW = range(5)

A4 = 9
_WIDTHS = {"序号": 4.5, "乡镇": 9, "村": 9, "姓名": 8, "职务": 8.5, "派出单位": 17, "备注": 10}
_DAY_WIDTH, _NUMBER_WIDTH = 2.9, 4.5

_UNCONFIRMED, _REST, _OUTSIDE, _HEAD, _ABSENT = "#FFF2CC", "#EDEDED", "#D9D9D9", "#DDEBF7", "#C00000"


def build_workbook(sheet: Sheet, at: datetime) -> IO[bytes]:
    """The workbook in a temporary file that is gone once closed; the rows pass through the disk, not the memory."""
    import xlsxwriter  # noqa: PLC0415 - late: for workbooks alone

    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    try:
        with xlsxwriter.Workbook(file, options) as workbook:
            moment = at.astimezone(UTC).replace(tzinfo=None)
            workbook.set_properties({"title": sheet.title, "created": moment})
            _Page(workbook, table_of(sheet)).write()
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece


class _Page:
    """One worksheet, written from the top: a row that is begun ends the ones above it."""

    def __init__(self, workbook: Any, table: Table) -> None:
        self._table = table
        self._sheet = workbook.add_worksheet(f"{table.sheet.first.year}年{table.sheet.first.month}月")
        self._last_column = len(table.heading) - 1
        self._first_day = len(table.lead)
        self._first_number = self._first_day + len(table.days)
        self._format = cache(lambda **looks: workbook.add_format({"font_name": "宋体", "font_size": 10, **looks}))

    def write(self) -> None:
        self._lay_out()
        self._write_top()
        row = FIRST_ROW
        for cells, model in zip(self._table.rows, self._table.sheet.rows, strict=True):
            self._write_person(row, cells, model.cells)
            row += 1
        for number, cells in enumerate(self._table.totals):
            self._write_total(row, cells, first=number == 0)
            row += 1
        for line in self._table.footing[1:]:
            signatures = line == self._table.signatures
            self._sheet.set_row(row, 30 if signatures else 16)
            looks = {"font_size": 11, "valign": "bottom"} if signatures else {"valign": "vcenter"}
            self._sheet.merge_range(row, 0, row, self._last_column, "", self._format(**looks))
            self._sheet.write_string(row, 0, line, self._format(**looks))
            row += 1

    def _lay_out(self) -> None:
        sheet, table = self._sheet, self._table
        widths = [
            *(_WIDTHS[name] for name in table.lead),
            *(_DAY_WIDTH for _ in table.days),
            *(_WIDTHS.get(name, _NUMBER_WIDTH) for name in table.tail),
        ]
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.center_horizontally()
        sheet.repeat_rows(TITLE_ROW, HEADING_ROW)
        sheet.freeze_panes(FIRST_ROW, table.lead.index("姓名") + 1)
        sheet.set_footer("&C&9第 &P 页，共 &N 页")

    def _write_top(self) -> None:
        sheet, table = self._sheet, self._table
        title = self._format(font_name="黑体", font_size=18, align="center", valign="vcenter")
        sheet.set_row(TITLE_ROW, 34)
        sheet.merge_range(TITLE_ROW, 0, TITLE_ROW, self._last_column, table.sheet.title, title)
        sheet.set_row(LEGEND_ROW, 18)
        legend = self._format(valign="vcenter")
        text = f"{table.legend}（浅黄底色；待定也未经确认）"
        sheet.merge_range(LEGEND_ROW, 0, LEGEND_ROW, self._last_column, text, legend)
        self._write_weekdays()
        self._write_heading()

    def _write_weekdays(self) -> None:
        """Above the days; the other columns' headings look as if they reached up here."""
        sheet = self._sheet
        open_below = self._format(bg_color=_HEAD, top=1, left=1, right=1)
        for column in range(self._last_column + 1):
            sheet.write_blank(WEEKDAY_ROW, column, None, open_below)
        for column, day in enumerate(self._table.sheet.days, start=self._first_day):
            looks = {"align": "center", "border": 1, "bg_color": _REST if day.rest else _HEAD}
            sheet.write_string(WEEKDAY_ROW, column, day.weekday, self._format(**looks))

    def _write_heading(self) -> None:
        sheet = self._sheet
        sheet.set_row(HEADING_ROW, 30)
        looks = {"align": "center", "valign": "vcenter", "bg_color": _HEAD, "text_wrap": True}
        open_above = self._format(**looks, bottom=1, left=1, right=1)
        for column, name in enumerate(self._table.heading):
            if self._first_day <= column < self._first_number:
                rest = self._table.sheet.days[column - self._first_day].rest
                day = self._format(**{**looks, "border": 1, "bg_color": _REST if rest else _HEAD})
                sheet.write_number(HEADING_ROW, column, int(name), day)
            else:
                sheet.write_string(HEADING_ROW, column, name, open_above)

    def _write_person(self, row: int, cells: Cells, days: Any) -> None:
        self._sheet.set_row(row, 20)
        for column, value in enumerate(cells):
            place = column - self._first_day
            if 0 <= place < len(days):
                self._sheet.write_string(row, column, value, self._day_format(days[place], place))
            else:
                self._write_cell(row, column, value, {})

    def _day_format(self, cell: Cell, place: int) -> Any:
        looks: dict[str, Any] = {"align": "center", "valign": "vcenter", "border": 1, "font_size": 12, "shrink": True}
        if cell.unconfirmed:
            looks["bg_color"] = _UNCONFIRMED
        elif cell.kind is Kind.OUTSIDE:
            looks |= {"bg_color": _OUTSIDE, "font_color": "#7F7F7F"}
        elif self._table.sheet.days[place].rest:
            looks["bg_color"] = _REST
        if cell.status is Status.ABSENT:
            looks |= {"bold": True, "font_color": _ABSENT}
        return self._format(**looks)

    def _write_total(self, row: int, cells: Cells, *, first: bool) -> None:
        """The label reaches over the columns before the days."""
        looks: dict[str, Any] = {"bg_color": _HEAD, "top": 2} if first else {"bg_color": _HEAD}
        self._sheet.set_row(row, 16)
        label = self._format(align="right", valign="vcenter", border=1, bold=True, **looks)
        self._sheet.merge_range(row, 0, row, self._first_day - 1, cells[0], label)
        for column in range(self._first_day, len(cells)):
            self._write_cell(row, column, cells[column], looks)

    def _write_cell(self, row: int, column: int, value: str | int, looks: dict[str, Any]) -> None:
        common = {"valign": "vcenter", "border": 1, "shrink": True, **looks}
        if isinstance(value, int):
            # A zero is there and not shown: the eye finds the others.
            counted = column > 0
            shown = {"num_format": "0;-0;;@"} if counted else {}
            self._sheet.write_number(row, column, value, self._format(align="center", **shown, **common))
        else:
            self._sheet.write_string(row, column, value, self._format(num_format="@", **common))
