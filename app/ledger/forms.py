"""The month sheet as JSON and CSV, piece by piece."""

from collections.abc import Iterator

import orjson

from app.attendance.sheet import Sheet
from app.ledger.table import table_of
from app.web import csv

ROWS_A_PIECE = 50


def json_pieces(sheet: Sheet) -> Iterator[bytes]:
    """The bytes of `Sheet.as_json`, some rows at a time."""
    yield orjson.dumps(sheet.head())[:-1] + b',"rows":['
    for start in range(0, len(sheet.rows), ROWS_A_PIECE):
        piece = sheet.rows[start : start + ROWS_A_PIECE]
        rows = orjson.dumps([row.head() | {"cells": [cell.as_json for cell in row.cells]} for row in piece])
        yield (b"," if start else b"") + rows[1:-1]
    yield b"]}"


def csv_pieces(sheet: Sheet) -> Iterator[str]:
    """The heading comes first, so that programs read the file as it is; what is said about the table stands below."""
    table = table_of(sheet)
    yield from csv.lines(table.heading, table.rows)
    plain = csv.lines((), (*table.totals, (), (sheet.title,), *((line,) for line in table.footing)))
    next(plain)  # a heading was written above
    yield from plain
