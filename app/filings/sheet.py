"""The sheet that is filed: the ledger's own month sheet, over the period's days, as it stands when it is filed. Once
stored it is never built again.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access import scope
from app.access.areas import in_area
from app.access.call import Call
from app.attendance.sheet import NUMBERS, Row
from app.attendance.sheet import Sheet as LedgerSheet
from app.attendance.sheet_loading import load_sheet
from app.attendance.sheet_question import ask_sheet
from app.filings import schemas
from app.models import Area, DayEntry, Filing
from app.policy.filing import FilingKind, Period
from app.policy.team import DUTY_LABELS_ZH

Exceptions = Mapping[tuple[UUID, date], list[str]]


def build_sheet(call: Call, area: Area, period: Period) -> schemas.FiledSheet:
    """A row for each posting of the area that the period touches, with its days that are in the ledger. Days from
    before the county began to close days are not.
    """
    ledger = load_sheet(
        call.session, ask_sheet(call.session, call.viewer, area.code, period.first, period.last, call.today)
    )
    exceptions = _exceptions(call, area, period)
    return schemas.FiledSheet(
        kind=period.kind,
        period=period.text,
        first=period.first,
        last=period.last,
        area_code=area.code,
        area=ledger.area_path,
        people=len(ledger.rows),
        numbers=schemas.FiledNumbers(**ledger.numbers),
        calendar_assumed=ledger.calendar_assumed,
        rows=[_row(row, ledger, exceptions) for row in ledger.rows],
        townships=_townships(call.session, ledger, period) if period.kind is FilingKind.WEEKLY else None,
    )


def _exceptions(call: Call, area: Area, period: Period) -> Exceptions:
    query = select(DayEntry.posting_id, DayEntry.date, DayEntry.exceptions).where(
        scope.visible(call.viewer, DayEntry),
        in_area(DayEntry, area.code),
        DayEntry.date.between(period.first, period.last),
    )
    return {(posting_id, day): sorted(names) for posting_id, day, names in call.session.execute(query) if names}


def _row(row: Row, ledger: LedgerSheet, exceptions: Exceptions) -> schemas.FiledRow:
    days = [
        schemas.FiledDay(
            date=column.date,
            status=cell.status,
            text=cell.text,
            confirmed=cell.confirmed,
            exceptions=exceptions.get((row.posting_id, column.date), []),
        )
        for column, cell in zip(ledger.days, row.cells, strict=True)
        if cell.status is not None
    ]
    return schemas.FiledRow(
        posting_id=row.posting_id,
        name=row.name,
        duty=row.duty,
        duty_label=DUTY_LABELS_ZH[row.duty],
        unit=row.unit,
        township_code=row.township_code,
        township=row.township,
        village_code=row.village_code,
        village=row.village,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        days=days,
        numbers=schemas.FiledNumbers(**row.numbers),
    )


def canonical(sheet: dict[str, Any]) -> bytes:
    """One byte string for one content, whichever database has kept it."""
    return json.dumps(sheet, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(sheet: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(sheet)).hexdigest()


def _townships(session: Session, ledger: LedgerSheet, period: Period) -> list[schemas.TownshipWeek]:
    by_township: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in ledger.rows:
        by_township[row.township_code, row.township].append(row)
    filed = _daily_filings(session, [code for code, _ in by_township], period)
    return [
        schemas.TownshipWeek(
            township_code=code,
            township=name,
            people=len(rows),
            numbers=_sum(rows),
            daily_filings=filed.get(code, 0),
        )
        for (code, name), rows in sorted(by_township.items())
    ]


def _sum(rows: Sequence[Row]) -> schemas.FiledNumbers:
    return schemas.FiledNumbers(**{name: sum(row.numbers[name] for row in rows) for name in NUMBERS})


def _daily_filings(session: Session, townships: Iterable[str], period: Period) -> dict[str, int]:
    query = (
        select(Filing.area_code, func.count())
        .where(Filing.area_code.in_(set(townships)), Filing.period.in_([day.isoformat() for day in period.days]))
        .group_by(Filing.area_code)
    )
    return dict(session.execute(query).all())
