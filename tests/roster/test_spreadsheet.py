"""Files as offices send them, and as nobody should."""

import contextlib
import io
import zipfile
import zlib

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import Problem, TooLarge, Unprocessable
from app.roster import workbook as guard
from app.roster.faults import Faults
from app.roster.spreadsheet import Layout, read_table
from tests.roster.support import xlsx_file

LAYOUT = Layout({"code": ("代码",), "name": ("名称",)}, frozenset(), max_rows=5)


def read(content: bytes):
    faults = Faults()
    rows = read_table(io.BytesIO(content), LAYOUT, faults)
    return [(row.number, dict(row.cells)) for row in rows], faults


ROW = [(2, {"code": "1", "name": "村"})]


@pytest.mark.parametrize(
    "content",
    [
        "代码,名称\n1,村\n".encode(),
        "\ufeff代码,名称\r\n1,村\r\n".encode(),
        "代码,名称\n1,村\n".encode("gbk"),
        "代码;名称\n1;村\n".encode(),
        "代码\t名称\n1\t村\n".encode("gb18030"),
        '"代码","名称*"\n"1","村"\n\n,\n'.encode(),
        "名称, 代 码 ,备注\n村,1,其他\n".encode(),
    ],
)
def test_a_csv_is_read_in_the_encodings_and_with_the_marks_that_spreadsheets_write(content):
    rows, faults = read(content)
    assert rows == ROW
    assert not faults


def test_a_cell_of_two_lines_is_one_row():
    rows, _ = read('代码,名称\n1,"村\n民"\n2,镇\n'.encode())
    assert [number for number, _ in rows] == [2, 3]


def test_a_workbook_is_read_from_the_sheet_that_has_the_heading():
    book = openpyxl.Workbook()
    book.active.append(["填写说明"])
    book.active.append(["代码", "填 12 位"])
    hidden = book.create_sheet("旧")
    hidden.append(["代码", "名称"])
    hidden.append(["9", "旧村"])
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("名单")
    sheet.append([])
    sheet.append([None, "名称", "代码"])
    sheet.append([None, "村", "1"])
    buffer = io.BytesIO()
    book.save(buffer)
    assert read(buffer.getvalue())[0] == [(3, {"code": "1", "name": "村"})]


def test_a_formula_is_not_taken_for_the_value_that_it_showed_last():
    book = openpyxl.Workbook()
    book.active.append(["代码", "名称"])
    book.active.append(["1", '=VLOOKUP("1",A:B,2)'])
    buffer = io.BytesIO()
    book.save(buffer)
    [(_, cells)] = read(buffer.getvalue())[0]
    assert cells == {"code": "1", "name": guard.FORMULA}
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as with_result:
        sheet = with_result.add_worksheet()
        sheet.write_row(0, 0, ["代码", "名称"])
        sheet.write_formula(1, 0, "=1+1", None, 2)
        sheet.write_string(1, 1, "村")
    assert read(buffer.getvalue())[0] == [(2, {"code": guard.FORMULA, "name": "村"})]


def test_five_rows_are_read_and_six_are_too_many():
    lines = [f"{n},村" for n in range(6)]
    assert len(read("\n".join(["代码,名称", *lines[:5]]).encode())[0]) == 5
    with pytest.raises(Unprocessable) as refused:
        read("\n".join(["代码,名称", *lines]).encode())
    assert refused.value.errors[0].code == "too_many_rows"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xd0\xcf\x11\xe0 an old .xls or a password",
        b"PK\x03\x04 not really",
        b"\x89PNG\r\n\x1a\n\0\0",
        "代码,名称\n1,村\n".encode("utf-16"),
        "代码,名称\n".encode() + b"\xff\xff",
        "代码,名称\n".encode() + b'"' + b"x" * 200_000,
    ],
)
def test_what_cannot_be_read_is_refused(content):
    with pytest.raises(Unprocessable) as refused:
        read(content)
    assert refused.value.errors[0].code in {"file_unreadable", "heading_not_found"}


def test_a_bomb_is_refused_before_it_is_unpacked():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (guard.MAX_UNPACKED_BYTES + 1))
    assert len(buffer.getvalue()) < 100_000
    with pytest.raises(TooLarge):
        read(buffer.getvalue())


def test_a_bomb_that_lies_about_its_size_unpacks_to_no_more_than_it_says():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 50_000_000)
    content = buffer.getvalue().replace((50_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    with pytest.raises(Unprocessable) as refused:
        read(content)
    assert refused.value.errors[0].code == "file_unreadable"
    honest_checksum = zlib.crc32(b" " * 50_000_000).to_bytes(4, "little")
    content = content.replace(honest_checksum, zlib.crc32(b" " * 1000).to_bytes(4, "little"))
    with pytest.raises(Problem):
        read(content)


def test_a_far_cell_is_refused_and_far_formatting_is_not():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["代码", "名称"])
        sheet.write_row(1, 0, ["1", "村"])
        sheet.write_blank(1_048_575, 16_383, None, book.add_format({"bold": True}))
    assert read(buffer.getvalue())[0] == ROW
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["代码", "名称"])
        sheet.write(1_048_575, 16_383, "x")
    with pytest.raises(TooLarge):
        read(buffer.getvalue())


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="XFD1048576"><v>1</v></c>',
        "<c r='xfd1048576' ><v>1</v></c>",
        '<c s="1" t="n"\n r = "XFD1048576"><v>1</v></c>',
        '<c t="a>b" r="XFD1048576"><v>1</v></c>',
        '<x:c r="XFD1048576"><x:v>1</x:v></x:c>',
        '<c r="XFD1"><v>1</v></c></row><row r="1048576"><c><v>1</v></c>',
    ],
)
def test_a_far_cell_is_found_however_it_is_written(cell):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("any/where.xml", f'<sheetData><row r="1">{cell}</row></sheetData>')
    with pytest.raises(TooLarge):
        guard.check_workbook(buffer.getvalue())


GOOD = xlsx_file([{"代码": str(n), "名称": "村"} for n in range(3)], heading=["代码", "名称"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=8), st.integers(1, len(GOOD)))
def test_a_damaged_workbook_is_read_or_refused_but_never_a_crash(damages, length):
    content = bytearray(GOOD)
    for place, value in damages:
        content[place] = value
    with contextlib.suppress(Problem):
        read(bytes(content[:length] if length < len(GOOD) // 2 else content))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>/=\"'crvtx:rowsheetData 01AZ&;", max_size=200))
def test_any_sheet_is_read_or_refused_but_never_a_crash(text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as good, zipfile.ZipFile(buffer, "w") as archive:
        for part in good.infolist():
            data = good.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                data = data.replace(b"</sheetData>", text.encode() + b"</sheetData>")
            archive.writestr(part.filename, data)
    with contextlib.suppress(Problem):
        read(buffer.getvalue())
