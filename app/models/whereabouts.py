"""去向牌: what cadres declare, and what residents say of it."""

import datetime as dt
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.mixins import Identified, OfPosting


class Whereabouts(OfPosting, Base):
    """A declaration; `id` comes from the phone. The newest `since` is the one in force. `first_day` and `last_day`
    are the business days that it touches until `expected_back_at` or the next declaration (null: open end).
    """

    __tablename__ = "whereabouts"
    __table_args__ = (
        CheckConstraint("state IN ('in_village', 'visiting', 'official', 'training', 'leave', 'rest')", name="state"),
        Index("ix_whereabouts_posting_id_since", "posting_id", "since"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    destination: Mapped[str | None] = mapped_column(String(200))
    since: Mapped[datetime]
    expected_back_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(String(500))
    received_at: Mapped[datetime]
    first_day: Mapped[dt.date]
    last_day: Mapped[dt.date | None]
    body_hash: Mapped[str] = mapped_column(String(64))


class BoardReport(Identified, OfPosting, Base):
    """A resident's "shown in the village, not there": once per day and device, an item for the township."""

    __tablename__ = "board_reports"
    __table_args__ = (UniqueConstraint("posting_id", "date", "device_hash"),)

    date: Mapped[dt.date]
    device_hash: Mapped[str] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(500))
    reported_at: Mapped[datetime]
    handled_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    handled_at: Mapped[datetime | None]
    remark: Mapped[str | None] = mapped_column(String(500))
