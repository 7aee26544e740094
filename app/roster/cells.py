"""Cells as offices fill them in, read as text, codes and dates. What cannot be used becomes a fault and None."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from app.roster.faults import Faults
from app.roster.identifiers import plain_text
from app.roster.spreadsheet import Cell, Row
from app.roster.workbook import FORMULA
from app.web.schemas import UNWANTED

_EXACT_BELOW: Final = 10**15
"""A spreadsheet keeps 15 digits of a number."""
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]*)?E\+?[0-9]+")
_DATE = re.compile(r"([0-9]{4})(?:-|/|\.|年)([0-9]{1,2})(?:-|/|\.|月)([0-9]{1,2})日?(?:T?00:00(?::00)?)?")
_DATE_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_SPACE_BESIDE_HAN = re.compile(r"(?<=[\u4e00-\u9fff]) | (?=[\u4e00-\u9fff])")


def as_text(row: Row, key: str, faults: Faults, max_length: int, *, required: bool = True) -> str | None:
    """Names: white space between Chinese characters is padding and goes."""
    cell = _usable(row, key, faults, required=required)
    if cell is None:
        return None
    text = _SPACE_BESIDE_HAN.sub("", " ".join(_plain(cell).split()))
    if UNWANTED.search(text):
        faults.add(row.number, key, "bad_text")
        return None
    if len(text) > max_length:
        faults.add(row.number, key, "too_long")
        return None
    return text


def as_code(row: Row, key: str, faults: Faults, *, required: bool = True) -> str | None:
    """Long numbers: kept as text, or as a number that is still exact."""
    cell = _usable(row, key, faults, required=required)
    if cell is None:
        return None
    text = plain_text(_plain(cell)).upper()
    if _is_number(cell, at_least=_EXACT_BELOW) or _SCIENTIFIC.fullmatch(text):
        faults.add(row.number, key, "number_lost")
        return None
    return text


def as_word(row: Row, key: str, faults: Faults, words: Mapping[str, str], otherwise: str) -> str | None:
    """One of a few words, each with what it means; the fault `otherwise` for any other."""
    text = as_text(row, key, faults, max_length=50)
    if text is None:
        return None
    meaning = words.get(plain_text(text).lower())
    if meaning is None:
        faults.add(row.number, key, otherwise)
    return meaning


def as_date(row: Row, key: str, faults: Faults, *, required: bool = True) -> date | None:
    """A spreadsheet's own date, 2026-01-01, 2026/1/1, 2026.1.1, 2026年1月1日 or 20260101."""
    cell = _usable(row, key, faults, required=required)
    if cell is None:
        return None
    day = _day_of(cell)
    if day is None:
        faults.add(row.number, key, "date_format")
    elif not 2000 <= day.year <= 2100:
        faults.add(row.number, key, "date_range")
        return None
    return day


def _day_of(cell: Cell) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = plain_text(_plain(cell))
    match = _DATE.fullmatch(text) or _DATE_DIGITS.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def _usable(row: Row, key: str, faults: Faults, *, required: bool) -> Cell | None:
    cell = row.cells.get(key, "")
    text = str(cell).strip()
    if text == FORMULA or text.startswith("="):
        faults.add(row.number, key, "formula")
        return None
    if not text.strip("'"):
        if required:
            faults.add(row.number, key, "required")
        return None
    return cell


def _plain(cell: Cell) -> str:
    """The cell as it would be typed; the apostrophe with which some mark text goes."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT_BELOW:
        return str(int(cell))
    return str(cell).strip().removeprefix("'")


def _is_number(cell: Cell, *, at_least: int) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool) and abs(cell) >= at_least
