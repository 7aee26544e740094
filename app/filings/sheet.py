"""The sheet that is filed, built from the ledger as it stands; once stored it is never built again."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.access import scope
from app.access.areas import in_area
from app.access.call import Call
from app.attendance.law import load_calendar
from app.filings import schemas
from app.models import Area, DayEntry, Filing, Posting
from app.policy.filing import FilingKind, Period


def build_sheet(call: Call, area: Area, period: Period) -> schemas.Sheet:
    """A row for each posting of the area that the period touches, a cell for each of its entries in the ledger, the
    sums. Days from before the county began to close days have no entry and no cell.
    """
    days = _entries(call, area, period)
    postings = _postings(call, area, period, days)
    villages = _names(call.session, {posting.village_code for posting in postings})
    rows = [_row(posting, days.get(posting.id, []), villages) for posting in postings]
    calendar = load_calendar(call.session)
    return schemas.Sheet(
        kind=period.kind,
        period=period.text,
        first=period.first,
        last=period.last,
        area_code=area.code,
        area=area.name,
        people=len(rows),
        numbers=_sum(row.numbers for row in rows),
        calendar_assumed=any(calendar.assumed(day) for day in period.days),
        rows=rows,
        townships=_townships(call.session, rows, period) if period.kind is FilingKind.WEEKLY else None,
    )


def canonical(sheet: dict[str, Any]) -> bytes:
    """One byte string for one content, whichever database has kept it."""
    return json.dumps(sheet, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(sheet: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(sheet)).hexdigest()


def _entries(call: Call, area: Area, period: Period) -> dict[UUID, list[schemas.SheetDay]]:
    query = (
        select(DayEntry.posting_id, DayEntry.date, DayEntry.status, DayEntry.confirmed, DayEntry.exceptions)
        .where(
            scope.visible(call.viewer, DayEntry),
            in_area(DayEntry, area.code),
            DayEntry.date.between(period.first, period.last),
        )
        .order_by(DayEntry.date)
    )
    days: dict[UUID, list[schemas.SheetDay]] = defaultdict(list)
    for posting_id, day, status, confirmed, exceptions in call.session.execute(query):
        days[posting_id].append(
            schemas.SheetDay(date=day, status=status, confirmed=confirmed, exceptions=sorted(exceptions))
        )
    return days


def _postings(call: Call, area: Area, period: Period, with_days: Iterable[UUID]) -> Sequence[Posting]:
    posted = and_(Posting.starts_on <= period.last, or_(Posting.ends_on.is_(None), Posting.ends_on >= period.first))
    query = (
        select(Posting)
        .where(
            scope.visible(call.viewer, Posting),
            in_area(Posting, area.code),
            # A posting whose end was moved keeps its entries in months that had been filed.
            or_(posted, Posting.id.in_(set(with_days))),
        )
        .options(joinedload(Posting.cadre), joinedload(Posting.unit))
        .order_by(Posting.village_code, Posting.starts_on, Posting.id)
    )
    return call.session.scalars(query).all()


def _names(session: Session, codes: Iterable[str]) -> dict[str, str]:
    return dict(session.execute(select(Area.code, Area.name).where(Area.code.in_(set(codes)))).all())


def _row(posting: Posting, days: list[schemas.SheetDay], villages: dict[str, str]) -> schemas.SheetRow:
    return schemas.SheetRow(
        posting_id=posting.id,
        name=posting.cadre.name,
        township_code=posting.township_code,
        village_code=posting.village_code,
        village=villages[posting.village_code],
        unit=posting.unit.name,
        duty=posting.duty,
        days=days,
        numbers=_count(days),
    )


def _count(days: Sequence[schemas.SheetDay]) -> schemas.Numbers:
    numbers = dict.fromkeys(schemas.Numbers.model_fields, 0)
    for day in days:
        numbers[day.status.value] += 1
        numbers["unconfirmed"] += 0 if day.confirmed else 1
    return schemas.Numbers(**numbers)


def _sum(items: Iterable[schemas.Numbers]) -> schemas.Numbers:
    numbers = dict.fromkeys(schemas.Numbers.model_fields, 0)
    for item in items:
        for name in numbers:
            numbers[name] += getattr(item, name)
    return schemas.Numbers(**numbers)


def _townships(session: Session, rows: Sequence[schemas.SheetRow], period: Period) -> list[schemas.TownshipWeek]:
    by_township: dict[str, list[schemas.SheetRow]] = defaultdict(list)
    for row in rows:
        by_township[row.township_code].append(row)
    names = _names(session, by_township)
    filed = _daily_filings(session, by_township, period)
    return [
        schemas.TownshipWeek(
            township_code=code,
            township=names[code],
            people=len(theirs),
            numbers=_sum(row.numbers for row in theirs),
            daily_filings=filed.get(code, 0),
        )
        for code, theirs in sorted(by_township.items())
    ]


def _daily_filings(session: Session, townships: Iterable[str], period: Period) -> dict[str, int]:
    query = (
        select(Filing.area_code, func.count())
        .where(Filing.area_code.in_(set(townships)), Filing.period.in_([day.isoformat() for day in period.days]))
        .group_by(Filing.area_code)
    )
    return dict(session.execute(query).all())
