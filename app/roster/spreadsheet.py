"""Files as offices send them, .xlsx or .csv, read into rows under known headings."""

import codecs
import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import BinaryIO, Final

from app.errors import Unprocessable
from app.roster.faults import Faults
from app.roster.workbook import check_workbook, unreadable

Cell = int | float | str | bool | datetime | date | time | timedelta

HEADING_ROWS: Final = 10
"""The heading is looked for in so many rows: some offices put a title above it."""
MAX_FILE_BYTES: Final = 16 * 1024 * 1024

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
"""An .xls, or an .xlsx under a password."""


@dataclass(frozen=True, slots=True)
class Layout:
    headings: Mapping[str, tuple[str, ...]]
    """The headings that mean a column, by its key; the first of them names a column that is missing."""
    optional: frozenset[str]
    max_rows: int


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    """As the spreadsheet shows it, from 1."""
    cells: Mapping[str, Cell]
    """By key; "" where empty."""


Lines = Sequence[Sequence[Cell]]


def read_table(file: BinaryIO, layout: Layout, faults: Faults) -> list[Row]:
    """The rows under the heading, empty ones left out. Missing and double columns become faults; Unprocessable or
    TooLarge where the file is not a table, or too large a one.
    """
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise unreadable()
    sheets = list(_workbook_sheets(content)) if content.startswith(_ZIP) else [_csv_lines(content)]
    lines, place = _find_heading(sheets, layout)
    columns = _columns(lines[place], layout, place + 1, faults)
    rows = [
        Row(number, {key: cells[at] if at < len(cells) else "" for key, at in columns.items()})
        for number, cells in enumerate(lines[place + 1 :], start=place + 2)
        if any(at < len(cells) and str(cells[at]).strip() for at in columns.values())
    ]
    if len(rows) > layout.max_rows:
        limit = layout.max_rows
        raise Unprocessable.field(
            "/file", "too_many_rows", f"超过 {limit} 行，请分批导入", f"more than {limit} rows; import it in parts"
        )
    faults.titles.update({key: plain_heading(lines[place][at]) for key, at in columns.items()})
    return rows


def _workbook_sheets(content: bytes) -> Iterator[Lines]:
    import python_calamine  # noqa: PLC0415 - late: for workbooks alone

    try:
        with python_calamine.load_workbook(io.BytesIO(check_workbook(content))) as workbook:
            for sheet in workbook.sheets_metadata:
                shown = sheet.visible is python_calamine.SheetVisibleEnum.Visible
                if shown and sheet.typ is python_calamine.SheetTypeEnum.WorkSheet:
                    yield workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise unreadable() from error


def _csv_lines(content: bytes) -> Lines:
    """A cell may hold line breaks; a spreadsheet still counts it as one row, and so does this."""
    text = _decode(content)
    heading = text.partition("\n")[0]
    delimiter = max(",\t;", key=heading.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise unreadable() from error


def _decode(content: bytes) -> str:
    """UTF-8 with or without its mark, else GB 18030, which contains GBK; anything binary is neither."""
    if content.startswith(_OLE) or b"\0" in content:
        raise unreadable()
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise unreadable() from error


def _find_heading(sheets: Iterable[Lines], layout: Layout) -> tuple[Lines, int]:
    """The sheet and the line in it that names most columns; the earlier where two name as many."""
    known = {name for names in layout.headings.values() for name in names}
    found: tuple[Lines, int] = ([], 0)
    most = 0
    for lines in sheets:
        for place, cells in enumerate(lines[:HEADING_ROWS]):
            named = len(known & {plain_heading(cell) for cell in cells})
            if named > most:
                found, most = (lines, place), named
    if most == 0:
        wanted = "、".join(names[0] for names in layout.headings.values())
        raise Unprocessable.field(
            "/file", "heading_not_found", f"没有找到表头，应有：{wanted}", f"no heading found; it should be: {wanted}"
        )
    return found


def plain_heading(cell: Cell) -> str:
    """Without white space, full-width forms and the mark of a required column."""
    return "".join(unicodedata.normalize("NFKC", str(cell)).split()).strip("*").lower()


def _columns(heading: Sequence[Cell], layout: Layout, row_number: int, faults: Faults) -> dict[str, int]:
    keys = {name: key for key, names in layout.headings.items() for name in names}
    columns: dict[str, int] = {}
    for at, cell in enumerate(heading):
        name = plain_heading(cell)
        key = keys.get(name)
        if key is not None and columns.setdefault(key, at) != at:
            faults.add(row_number, name, "heading_twice")
    for key, names in layout.headings.items():
        if key not in columns and key not in layout.optional:
            faults.add(row_number, names[0], "heading_missing")
    return columns
