"""The sheet's sums and its three forms, on sheets made at random."""

from datetime import date, datetime, timedelta
from random import Random

import orjson
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.attendance.sheet import (
    JUDGED,
    NOT_BEGUN,
    OUTSIDE,
    UNRECORDED,
    Cell,
    Day,
    Filed,
    Row,
    Sheet,
    count_row,
    remark_of,
)
from app.clock import SHANGHAI
from app.ids import new_id
from app.ledger.forms import csv_pieces, json_pieces
from app.ledger.schemas import Ledger
from app.ledger.workbook import build_workbook, pieces_of
from app.policy.attendance import Status
from app.policy.team import DUTIES
from tests.ledger.support import sheet_of, table_of_csv, table_of_json, table_of_xlsx

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)
CELLS = [*JUDGED.values(), OUTSIDE, NOT_BEGUN, UNRECORDED]
NAMES = ("李建国", "欧阳秀兰", "\U00020bb7田", "O'Neil", "a,b", '引"号')
HOSTILE = ("=1+1", "+SUM(A1)", "@x", "-2", "=cmd|' /C calc'!A0")


def some_sheet(random: Random, names: tuple[str, ...] = NAMES) -> Sheet:
    first = date(random.randint(2000, 2099), random.randint(1, 12), 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    month = [first + timedelta(days=number) for number in range(last.day)]
    counted = {day: frozenset(random.sample([Status.ON_POST, Status.OFFICIAL], random.randint(0, 2))) for day in month}
    rows = []
    for _ in range(random.randint(0, 5)):
        cells = tuple(random.choices(CELLS, k=last.day))
        starts_on = first + timedelta(days=random.randint(-40, 27))
        ends_on = random.choice([None, starts_on + timedelta(days=random.randint(0, 60))])
        rows.append(
            Row(
                posting_id=new_id(),
                cadre_id=new_id(),
                name=random.choice(names),
                duty=random.choice(DUTIES),
                unit=random.choice(names),
                township_code="990101001000",
                township="石桥乡",
                village_code="990101001001",
                village="上庄村",
                starts_on=starts_on,
                ends_on=ends_on,
                cells=cells,
                numbers=count_row(cells, month, counted),
                remark=remark_of(starts_on, ends_on, first, last),
            )
        )
    county = random.random() < 0.5
    return Sheet(
        area_code="990101000000" if county else "990101001000",
        area="云岭县" if county else "石桥乡",
        area_path="云岭县" if county else "云岭县石桥乡",
        by_township=county,
        first=first,
        last=last,
        over=random.random() < 0.5,
        days=[Day(day, day.weekday() > 4, random.random() < 0.1, random.random() < 0.9) for day in month],
        rows=rows,
        filings=[Filed("990101001000", "石桥乡", random.choice([None, NOON]))],
        basis=(),
    )


sheets = st.integers(0, 2**32).map(lambda seed: some_sheet(Random(seed)))
"""Made from a seed: drawing each cell by itself would take longer than the tests."""


def bytes_of(sheet: Sheet) -> tuple[bytes, bytes, bytes]:
    workbook = b"".join(pieces_of(build_workbook(sheet, NOON)))
    return b"".join(json_pieces(sheet)), "".join(csv_pieces(sheet)).encode(), workbook


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(sheets)
def test_the_three_forms_are_equal_to_the_cell(sheet):
    as_json, as_csv, as_xlsx = bytes_of(sheet)
    body = orjson.loads(as_json)
    table, below = table_of_csv(as_csv)
    assert table == table_of_json(body)
    printed, around = table_of_xlsx(as_xlsx)
    assert printed == table
    assert around[0] == sheet.title == below[0][0]
    for note in body["notes"]:
        assert [f"注：{note}"] in below
        assert f"注：{note}" in around
    assert "制表人：" in around[-1]
    assert "审核人：" in below[-1][0]


@settings(max_examples=50, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(sheets)
def test_the_body_is_the_sheet_and_what_the_interface_description_says(sheet):
    body = orjson.loads(b"".join(json_pieces(sheet)))
    assert body == orjson.loads(orjson.dumps(sheet.as_json()))
    assert Ledger.model_validate(body).model_dump(mode="json") == body


@settings(max_examples=200, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(sheets)
def test_the_totals_are_what_counting_the_days_one_by_one_gives(sheet):
    everything: list[Cell] = [cell for row in sheet.rows for cell in row.cells]
    for status in Status:
        assert sheet.numbers[status] == len([c for c in everything if c.status is status])
        for row in sheet.rows:
            assert row.numbers[status] == len([c for c in row.cells if c.status is status])
        for position, numbers in enumerate(sheet.day_numbers):
            assert numbers[status] == len([r for r in sheet.rows if r.cells[position].status is status])
    waiting = [c for c in everything if c.status is not None and not c.confirmed]
    assert sheet.numbers["unconfirmed"] == len(waiting) == sum(day["unconfirmed"] for day in sheet.day_numbers)
    for numbers in sheet.day_numbers:
        assert numbers["people"] == sum(numbers[status] for status in Status)


@settings(max_examples=50, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(sheets)
def test_days_on_post_for_the_allowance_are_the_days_whose_status_counts_then(sheet):
    month = [day.date for day in sheet.days]
    odd_days_count_trips = {
        day: frozenset({Status.ON_POST, Status.OFFICIAL} if day.day % 2 else {Status.ON_POST}) for day in month
    }
    for row in sheet.rows:
        expected = [
            cell
            for cell, day in zip(row.cells, month, strict=True)
            if cell.status is Status.ON_POST or (cell.status is Status.OFFICIAL and day.day % 2)
        ]
        numbers = count_row(row.cells, month, odd_days_count_trips)
        assert numbers["allowance_days"] == len(expected)
        assert numbers["allowance_unconfirmed"] == len([cell for cell in expected if not cell.confirmed])


@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.integers(0, 2**32).map(lambda seed: some_sheet(Random(seed), HOSTILE)))
def test_no_name_becomes_a_formula(sheet):
    _, as_csv, as_xlsx = bytes_of(sheet)
    for row in sheet_of(as_xlsx).iter_rows():
        assert not [cell for cell in row if cell.data_type == "f"]
    for line in table_of_csv(as_csv)[0]:
        assert not [cell for cell in line if cell.startswith(("=", "+", "-", "@"))]


def test_every_symbol_is_the_one_that_the_printed_sheet_has():
    confirmed = {status.value: cell.text for (status, sure), cell in JUDGED_BY_STATUS if sure}
    assert confirmed == {"on_post": "√", "official": "公", "leave": "假", "rest": "休", "absent": "×", "pending": ""}
    unconfirmed = {status.value: cell.text for (status, sure), cell in JUDGED_BY_STATUS if not sure}
    assert unconfirmed == {name: f"{text}*" if text else "" for name, text in confirmed.items()}
    assert len({OUTSIDE.text, UNRECORDED.text, JUDGED["pending", False].text}) == 3


JUDGED_BY_STATUS = [((Status(name), sure), cell) for (name, sure), cell in JUDGED.items()]


def test_the_workbook_prints_one_landscape_page_wide_with_its_heading_on_each_page():
    month = [date(2026, 11, 1) + timedelta(days=number) for number in range(30)]
    sheet = Sheet(
        area_code="990101001000",
        area="石桥乡",
        area_path="云岭县石桥乡",
        by_township=False,
        first=month[0],
        last=month[-1],
        over=True,
        days=[Day(day, day.weekday() > 4, assumed=False, begun=True) for day in month],
        rows=[],
        filings=[],
        basis=(),
    )
    page = sheet_of(bytes_of(sheet)[2])
    assert page.page_setup.orientation == "landscape"
    assert page.page_setup.paperSize == 9
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert (page.page_setup.fitToWidth or 1, page.page_setup.fitToHeight) == (1, 0), "one wide, as many as needed high"
    assert page.print_title_rows == "$1:$4"
    assert page.freeze_panes == "D5", "the heading and the names stay in sight"
