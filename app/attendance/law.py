"""What is in force: the text's provisions with the counties' own, the loaded calendars, the months that are locked."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import CalendarYear, Filing, LocalProvision
from app.policy.calendar import Calendar
from app.policy.provisions import Kind, Provision, Provisions, load_text


def load_provisions(session: Session) -> Provisions:
    """The text and every local provision; `in_force` picks by day and area."""
    local = [as_provision(row) for row in session.scalars(_LOCAL)]
    return load_text().adding(local) if local else load_text()


_LOCAL = select(LocalProvision).order_by(LocalProvision.entered_at, LocalProvision.id)


def as_provision(row: LocalProvision) -> Provision:
    return Provision(
        key=row.key,
        value=row.value,
        in_force_from=row.in_force_from,
        article=row.article,
        quote=row.quote,
        reading=row.reading,
        kind=Kind.LOCAL,
        area_code=row.area_code,
        approval_document=row.approval_document,
        id=row.id,
    )


def load_calendar(session: Session) -> Calendar:
    """All published years; years that are not loaded are assumed by weekday."""
    return Calendar.from_json(dict(session.execute(_YEARS).all()))


_YEARS = select(CalendarYear.year, CalendarYear.days)


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"


def is_locked(session: Session, township_code: str, day: date) -> bool:
    """Whether the township has filed the month of `day`: from then on only the county corrects."""
    return (township_code, month_of(day)) in locked_months(session, [township_code], [day])


def locked_months(session: Session, townships: Iterable[str], days: Iterable[date]) -> set[tuple[str, str]]:
    """The (township, YYYY-MM) among these that have been filed."""
    asked = {"townships": list(set(townships)), "months": list({month_of(day) for day in days})}
    return {(area, period) for area, period in session.execute(_FILED, asked)}


_FILED = select(Filing.area_code, Filing.period).where(
    Filing.kind == "monthly",
    Filing.area_code.in_(bindparam("townships", expanding=True)),
    Filing.period.in_(bindparam("months", expanding=True)),
)
