"""The first screen of everybody who opened it at the same moment, from one statement.

It is the content of `schemas.Today`, for orjson: building the models would cost more than everything else. What the day
comes to is judged by the same functions as everywhere.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from app.access.viewer import Role
from app.attendance.law import load_calendar
from app.attendance.rejudge import status_from
from app.checkins.answers import dashed, flag_of, instant_of
from app.checkins.lane_day import signature_of
from app.checkins.today_store import Found, TodayStore
from app.clock import SHANGHAI, business_day
from app.database import Database
from app.errors import Forbidden, Problem, Unauthenticated
from app.policy.calendar import Calendar
from app.policy.presence import is_presence


class TodayReader:
    """Reads one group after another; keeps the calendar while the database has the same."""

    def __init__(self, database: Database, store: TodayStore) -> None:
        self._database = database
        self._store = store
        self._changes: str | None = None
        self._calendar = Calendar()

    def read(self, account_ids: Sequence[UUID], now: datetime) -> list[bytes | Problem]:
        """What each account is answered `now`, in their order."""
        day = business_day(now)
        changes, found = self._store.read(account_ids, day, now)
        if changes != self._changes:
            with Session(self._database.reader) as session:
                self._calendar = load_calendar(session)
            self._changes = changes
        return [self._answer(one, day, now) for one in sorted(found, key=lambda one: one.number)]

    def _answer(self, found: Found, day: date, now: datetime) -> bytes | Problem:
        if found.role is None or not found.active:
            return Unauthenticated()
        if found.role != Role.CADRE:
            return Forbidden()
        parts = _NOTHING if found.posting_id is None else self._parts(found, found.posting_id, day)
        return orjson.dumps({"date": day, "server_time": now.astimezone(SHANGHAI), **parts})

    def _parts(self, found: Found, posting_id: str, day: date) -> dict[str, Any]:
        bits, check_ins = found.checked_in
        stored = found.entry[0] if found.entry else None
        status = status_from(stored, signature_of(found.bits | bits, found), day, self._calendar)
        return {
            "posting": {
                "id": dashed(posting_id),
                "village_code": found.village_code,
                "duty": found.duty,
                "unit": found.unit,
                "starts_on": found.starts_on,
                "ends_on": found.ends_on,
            },
            "village": {"code": found.village_code, "name": found.village, "fences": found.fences or []},
            "day": {"status": status, "confirmed": bool(found.entry and found.entry[1])},
            "check_ins": _check_ins(check_ins or []),
            "whereabouts": _whereabouts(found.whereabouts),
            "leave": _leave(found.leave),
        }


_NOTHING: dict[str, Any] = {
    "posting": None,
    "village": None,
    "day": None,
    "check_ins": [],
    "whereabouts": None,
    "leave": None,
}
"""While there is no posting."""


def _check_ins(rows: list[list[Any]]) -> list[dict[str, Any]]:
    return [
        {
            "id": dashed(row_id),
            "captured_at": _in_beijing(captured_at),
            "verdict": verdict,
            "counts": is_presence(needs_acceptance=bool(needs_acceptance), accepted=flag_of(accepted)),
        }
        for row_id, captured_at, verdict, needs_acceptance, accepted in sorted(rows, key=_by_time)
    ]


def _by_time(row: list[Any]) -> tuple[datetime, str]:
    return instant_of(row[1]), row[0]


def _whereabouts(row: list[Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    row_id, state, destination, since, back = row
    return {
        "id": dashed(row_id),
        "state": state,
        "destination": destination,
        "since": _in_beijing(since),
        "expected_back_at": back and _in_beijing(back),
    }


def _leave(row: list[Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    row_id, kind, state, starts_on, ends_on = row
    return {"id": dashed(row_id), "kind": kind, "state": state, "starts_on": starts_on, "ends_on": ends_on}


def _in_beijing(stored: str) -> datetime:
    return instant_of(stored).astimezone(SHANGHAI)
