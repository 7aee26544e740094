"""The month sheet as a table of cells, which the CSV and the workbook both write down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.attendance.sheet import DAY_NUMBERS, LEGEND, NUMBERS, SIGNATURES, Row, Sheet
from app.policy.team import DUTY_LABELS_ZH

Cells = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Table:
    """`lead` names the columns before the days, `days` the days, `tail` those behind them."""

    sheet: Sheet
    lead: Sequence[str]
    days: Sequence[str]
    tail: Sequence[str]

    @property
    def heading(self) -> Sequence[str]:
        return (*self.lead, *self.days, *self.tail)

    @property
    def rows(self) -> Iterator[Cells]:
        for number, row in enumerate(self.sheet.rows, start=1):
            texts = (cell.text for cell in row.cells)
            yield (*self._lead_of(number, row), *texts, *(row.numbers[name] for name in NUMBERS), row.remark)

    def _lead_of(self, number: int, row: Row) -> Cells:
        township = (row.township,) if self.sheet.by_township else ()
        return (number, *township, row.village, row.name, DUTY_LABELS_ZH[row.duty], row.unit)

    @property
    def totals(self) -> Iterator[Cells]:
        """For each status how many people a day, and for all of them how many were posted."""
        for name in (*DAY_NUMBERS, "people"):
            label = "合计" if name == "people" else NUMBERS[name]
            lead = (label, *("" for _ in self.lead[1:]))
            days = (day[name] for day in self.sheet.day_numbers)
            own = (self.sheet.numbers[other] if name in {other, "people"} else "" for other in NUMBERS)
            yield (*lead, *days, *own, "")

    @property
    def legend(self) -> str:
        return "图例：" + "　".join(f"{text or '空白'} {label}" for text, label in LEGEND)

    @property
    def signatures(self) -> str:
        return "".join(f"{label}：＿＿＿＿＿＿　　　　" for label in SIGNATURES).rstrip()

    @property
    def footing(self) -> Sequence[str]:
        """What stands below the table, a line each."""
        return (self.legend, *(f"注：{note}" for note in self.sheet.notes), self.signatures)


def table_of(sheet: Sheet) -> Table:
    township = ("乡镇",) if sheet.by_township else ()
    return Table(
        sheet=sheet,
        lead=("序号", *township, "村", "姓名", "职务", "派出单位"),
        days=[str(day.date.day) for day in sheet.days],
        tail=(*NUMBERS.values(), "备注"),
    )
