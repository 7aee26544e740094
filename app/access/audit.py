"""The audit trail of officers' and administrators' acts: one hash chain per county."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import AuditEvent

SERVICE = ""
"""The chain of acts that belong to no county."""


def record(
    session: Session, *, chain: str, at: datetime, by: UUID | None, action: str, target: str, **details: Any
) -> None:
    """Append an act to its chain, in the transaction of the act. Acts of one chain wait for each other's commit."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"audit:{chain}"))))
    last = session.scalar(
        select(AuditEvent).where(AuditEvent.chain == chain).order_by(AuditEvent.number.desc()).limit(1)
    )
    event = AuditEvent(
        chain=chain,
        number=last.number + 1 if last else 1,
        at=at,
        by=by,
        action=action,
        target=target,
        details=json.loads(json.dumps(details, default=str)),
        hash="",
    )
    event.hash = _hash(last.hash if last else "", event)
    session.add(event)
    session.flush()


def broken_links(session: Session) -> Iterator[AuditEvent]:
    """The events at which a chain no longer holds."""
    chain, previous, number = None, "", 0
    query = select(AuditEvent).order_by(AuditEvent.chain, AuditEvent.number).execution_options(yield_per=1000)
    for event in session.scalars(query):
        if event.chain != chain:
            chain, previous, number = event.chain, "", 0
        if event.number != number + 1 or event.hash != _hash(previous, event):
            yield event
        previous, number = event.hash, event.number


def _hash(previous: str, event: AuditEvent) -> str:
    body = [
        previous,
        event.chain,
        event.number,
        event.at.astimezone(UTC).isoformat(),
        str(event.by),
        event.action,
        event.target,
        event.details,
    ]
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
