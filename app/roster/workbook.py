"""What an .xlsx file may contain before a parser is let near it.

A workbook is a zip of XML: a few kilobytes may unpack to gigabytes, and a single cell far down makes a parser lay out
the whole rectangle in memory. So the archive is unpacked here within bounds, measured, and handed on uncompressed.
"""

import io
import re
import zipfile
import zlib
from typing import Final

from app.errors import TooLarge, Unprocessable

MAX_UNPACKED_BYTES: Final = 48 * 1024 * 1024
MAX_PARTS: Final = 500
MAX_CELLS: Final = 4_000_000
"""Rows times columns of one sheet: each place of its rectangle takes some 32 bytes."""

FORMULA: Final = "\ue000formula"
"""Stands in a cell whose value a formula would have computed: a parser shows the result of last time as if it had been
typed.
"""

_ATTRIBUTES = rb"""((?:[^>"']++|"[^"]*+"|'[^']*+')*+)"""
_TAG = re.compile(rb"<(?:\w+:)?(row|c)\b" + _ATTRIBUTES + rb">")
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,7})["']""")
_FORMULA_CELL = re.compile(
    rb"<(?P<prefix>(?:\w+:)?)c\b(?P<attributes>(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)(?<!/)>\s*"
    rb"<(?P=prefix)f\b.*?</(?P=prefix)c\s*>",
    re.DOTALL,
)


def check_workbook(content: bytes) -> bytes:
    """The workbook with its parts stored uncompressed and FORMULA in place of formulas. Unprocessable where it is not
    a workbook, TooLarge where it unpacks to too much.
    """
    repacked = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(repacked, "w") as stored:
            parts = packed.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
                raise _too_large()
            for part in parts:
                # Reads no more than the size that the directory states, and compares the checksum.
                stored.writestr(part.filename, _checked_part(part.filename, packed.read(part)))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise unreadable() from error
    return repacked.getvalue()


def _checked_part(name: str, data: bytes) -> bytes:
    if not name.endswith((".xml", ".rels")):
        return data
    if b"\0" in data:
        raise unreadable()  # UTF-16, which no spreadsheet writes and the patterns here would not see through
    if b"sheetData" not in data:
        return data
    if _rectangle(data) > MAX_CELLS:
        raise _too_large()
    return _FORMULA_CELL.sub(_without_formula, data)


def _rectangle(sheet: bytes) -> int:
    """Rows times columns that the non-empty cells of a sheet span, counted from its first cell."""
    row = column = last_row = last_column = 0
    for tag, attributes in _TAG.findall(sheet):
        place = _PLACE.search(attributes)
        if tag == b"row":
            row, column = (int(place[2]) if place else row + 1), 0
            continue
        column += 1
        if place is not None:
            row, column = int(place[2]), _column_number(place[1].upper())
        if not attributes.endswith(b"/"):
            last_row, last_column = max(last_row, row), max(last_column, column)
    return last_row * last_column


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _without_formula(cell: re.Match[bytes]) -> bytes:
    prefix, place = cell["prefix"].decode(), _PLACE.search(cell["attributes"])
    reference = f' r="{(place[1] + place[2]).decode()}"' if place else ""
    text = f"<{prefix}is><{prefix}t>{FORMULA}</{prefix}t></{prefix}is>"
    return f'<{prefix}c{reference} t="inlineStr">{text}</{prefix}c>'.encode()


def unreadable() -> Unprocessable:
    return Unprocessable.field(
        "/file",
        "file_unreadable",
        "文件无法读取：请上传未加密的 .xlsx，或 UTF-8、GBK 编码的 .csv",
        "cannot be read; send an .xlsx without a password, or a .csv in UTF-8 or GBK",
    )


def _too_large() -> TooLarge:
    return TooLarge(
        "workbook_too_large",
        "工作簿展开后过大：请删除多余的工作表和远处的零散单元格，或分批导入。",
        "The workbook unpacks to too much; delete spare sheets and far-away cells, or import it in parts.",
    )
