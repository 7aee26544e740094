"""A month sheet as somebody asks for it."""

from calendar import monthrange
from datetime import date

from app.access.call import Call
from app.attendance.sheet_question import SheetQuestion, ask_sheet


def ask(call: Call, area_code: str, month: str | None) -> SheetQuestion:
    """`month` is YYYY-MM; the current one unless said otherwise."""
    year, number = (int(part) for part in (month or f"{call.today:%Y-%m}").split("-"))
    last = date(year, number, monthrange(year, number)[1])
    return ask_sheet(call.session, call.viewer, area_code, last.replace(day=1), last, call.today)
