"""Days that a leave can no longer change by itself."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.attendance.law import locked_months, month_of


def locked_days(session: Session, township_code: str, first: date, last: date) -> list[date]:
    """The days from `first` to `last` (inclusive) in months that the township has filed: the filed sheet stands until
    the county corrects it.
    """
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    locked = {month for _township, month in locked_months(session, [township_code], days)}
    return [day for day in days if month_of(day) in locked]
