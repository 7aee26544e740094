"""CSV for Chinese spreadsheets: UTF-8 with BOM, CRLF, ids as text, no cell that is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

MEDIA_TYPE = "text/csv; charset=utf-8"
BOM = "\ufeff"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Spreadsheets with Chinese settings take the full-width signs as well."""


def cell(value: object) -> str:
    """A value as a cell. Text that a spreadsheet would run gets an apostrophe in front; long digits keep being text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    if text.startswith(_FORMULA_STARTS):
        return f"'{text}"
    if len(text) >= 11 and text.isdigit():
        # A tab keeps 12-digit codes, phones and ID numbers from becoming 1.4E+11, and is not seen.
        return f"{text}\t"
    return text


def lines(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file, line by line, BOM first."""
    yield BOM + _line(heading)
    for row in rows:
        yield _line([cell(value) for value in row])


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
