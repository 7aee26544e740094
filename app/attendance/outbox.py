"""Events for webhooks, written in the transaction that brings them about."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.models import OutboxMessage

EventType = Literal["day.closed", "leave.decided", "flag.raised", "flag.lifted"]


def emit(
    session: Session, event_type: EventType, *, county_code: str | None, payload: dict[str, Any], at: datetime
) -> None:
    """Queue an event; it is sent after the commit, at least once. No names in a payload."""
    session.add(OutboxMessage(type=event_type, county_code=county_code, payload=payload, at=at, fanned_out_at=None))
