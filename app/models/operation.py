"""Filings, outages, local provisions, calendars, complaints, webhooks, and the audit trail."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Json
from app.models.mixins import AREA_CODE, Identified


class Outage(Identified, Base):
    """A county's declaration that checking in was not possible; both days inclusive. One that was taken back has its
    `last_day` before its `first_day`, and covers none.
    """

    __tablename__ = "outages"
    __table_args__ = (
        CheckConstraint("declared_last_day >= first_day AND last_day <= declared_last_day", name="dates"),
    )

    county_code: Mapped[str] = mapped_column(AREA_CODE, index=True)
    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"))
    area_prefix: Mapped[str] = mapped_column(String(12))
    """The significant digits of `area_code`, which the codes of all areas below it begin with."""
    first_day: Mapped[date]
    last_day: Mapped[date]
    """The one in force; `declared_last_day` is the one that was declared."""
    declared_last_day: Mapped[date]
    reason: Mapped[str] = mapped_column(String(500))
    declared_by: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    declared_at: Mapped[datetime]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(500))


class Filing(Identified, Base):
    """日报告, 周报, 月报 as it was filed; a monthly one locks the township's month."""

    __tablename__ = "filings"
    __table_args__ = (
        UniqueConstraint("area_code", "period"),
        CheckConstraint("kind IN ('daily', 'weekly', 'monthly')", name="kind"),
    )

    county_code: Mapped[str] = mapped_column(AREA_CODE, index=True)
    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"))
    kind: Mapped[str] = mapped_column(String(10))
    period: Mapped[str] = mapped_column(String(10))
    """YYYY-MM-DD, YYYY-Www or YYYY-MM."""
    sheet: Mapped[dict[str, Any]]
    sheet_sha256: Mapped[str] = mapped_column(String(64))
    filed_by: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    filed_at: Mapped[datetime]


class LocalProvision(Identified, Base):
    """A county's own provision. Amending means adding one; of two from the same day the one entered last holds."""

    __tablename__ = "local_provisions"
    __table_args__ = (Index("ix_local_provisions_area_code_key", "area_code", "key"),)

    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"))
    key: Mapped[str] = mapped_column(String(60))
    value: Mapped[Any] = mapped_column(Json)
    in_force_from: Mapped[date]
    article: Mapped[str | None] = mapped_column(String(100))
    quote: Mapped[str | None] = mapped_column(Text)
    reading: Mapped[str | None] = mapped_column(Text)
    approval_document: Mapped[str | None] = mapped_column(String(100))
    entered_by: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    entered_at: Mapped[datetime]


class CalendarYear(Base):
    """A published year: {"off": [dates], "working": [dates]}, in the shape of policy.calendar."""

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    days: Mapped[dict[str, Any]]
    source: Mapped[str] = mapped_column(String(200))
    loaded_by: Mapped[UUID | None]
    loaded_at: Mapped[datetime]


class Feedback(Identified, Base):
    """A complaint or suggestion, by a user or a resident."""

    __tablename__ = "feedback"

    county_code: Mapped[str | None] = mapped_column(AREA_CODE, index=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    text: Mapped[str] = mapped_column(Text)
    contact: Mapped[str | None] = mapped_column(String(100))
    received_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    answered_at: Mapped[datetime | None]


class WebhookEndpoint(Identified, Base):
    """Where another system hears of events. Its secrets are kept as they are: signing takes them."""

    __tablename__ = "webhook_endpoints"

    url: Mapped[str] = mapped_column(String(500), unique=True)
    secret: Mapped[str] = mapped_column(String(100))
    previous_secret: Mapped[str | None] = mapped_column(String(100))
    """Signs beside `secret` until the instant below, so that the receiver can be given the new one."""
    previous_secret_until: Mapped[datetime | None]
    events: Mapped[list[str]]
    area_code: Mapped[str | None] = mapped_column(AREA_CODE)
    active: Mapped[bool] = mapped_column(default=True)
    switched_off_by: Mapped[str | None] = mapped_column(String(20))
    """`administrator`, or `receiver`: it answered 410 Gone."""
    created_by: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]


class OutboxMessage(Identified, Base):
    """An event to be told to the world, written in the transaction that brought it about."""

    __tablename__ = "outbox_messages"

    type: Mapped[str] = mapped_column(String(30))
    county_code: Mapped[str | None] = mapped_column(AREA_CODE)
    payload: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    fanned_out_at: Mapped[datetime | None] = mapped_column(index=True)


class WebhookDelivery(Base):
    """One message for one endpoint; attempted until delivered or given up."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_next_attempt_at", "next_attempt_at"),
        Index("ix_webhook_deliveries_endpoint_id_message_id", "endpoint_id", "message_id"),
    )

    message_id: Mapped[UUID] = mapped_column(ForeignKey("outbox_messages.id"), primary_key=True)
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id"), primary_key=True)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    """Null once delivered or given up. While an attempt is under way: when it counts as lost with its process."""
    last_attempt_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(200))


class AuditEvent(Base):
    """One officer's or administrator's act. Each row carries a hash over its chain, so that a row that was changed or
    taken out shows (`app.cli audit verify`). One chain per county, and one ("") for the service as a whole.
    """

    __tablename__ = "audit_events"

    chain: Mapped[str] = mapped_column(AREA_CODE, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(String(60))
    target: Mapped[str] = mapped_column(String(100))
    details: Mapped[dict[str, Any]]
    hash: Mapped[str] = mapped_column(String(64))


class RosterVersion(Base):
    """Counts the changes of a county's areas, units, cadres and postings; part of every ETag."""

    __tablename__ = "roster_versions"

    county_code: Mapped[str] = mapped_column(AREA_CODE, primary_key=True)
    version: Mapped[int] = mapped_column(default=0)
