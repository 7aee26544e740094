"""A check-in as it is answered, whichever way it was recorded."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from app.clock import SHANGHAI
from app.policy.attendance import Status
from app.policy.presence import is_presence


def answer_of(
    row: Mapping[str, Any], posting_id: UUID | str, basis: orjson.Fragment, day_status: Status
) -> dict[str, Any]:
    """The content of `schemas.CheckInOut`, for orjson: building the model would cost more than judging the check-in."""
    return {
        "id": row["id"],
        "posting_id": posting_id,
        "date": row["date"],
        "captured_at": row["captured_at"].astimezone(SHANGHAI),
        "received_at": row["received_at"].astimezone(SHANGHAI),
        "verdict": row["verdict"],
        "reason": row["reason"],
        "distance_m": row["distance_m"],
        "counts": is_presence(needs_acceptance=bool(row["needs_acceptance"]), accepted=flag_of(row.get("accepted"))),
        "risk_flags": row["risk_flags"],
        "basis": basis,
        "day_status": day_status,
    }


def flag_of(stored: bool | int | None) -> bool | None:
    """A truth value as every answer writes it; the embedded database stores a number."""
    return None if stored is None else bool(stored)


def dashed(stored_id: str) -> str:
    """An id as every answer writes it; the embedded database stores it without dashes."""
    if len(stored_id) == 36:
        return stored_id
    return "-".join((stored_id[:8], stored_id[8:12], stored_id[12:16], stored_id[16:20], stored_id[20:]))


def instant_of(stored: str) -> datetime:
    """An instant as a database writes it into JSON."""
    instant = datetime.fromisoformat(stored)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
