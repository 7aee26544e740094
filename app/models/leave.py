"""请假: the request, its frozen route, its attachments."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Json
from app.models.mixins import Identified, OfPosting


class Leave(OfPosting, Base):
    """A request. `id` comes from the phone; both dates inclusive; `covered_until` is the last day that the leave
    covers once approved (earlier than `ends_on` after a return, before `starts_on` when it covers none). The place is
    that of the posting in which it was asked for; the days that it covers are the cadre's, in whichever posting.
    """

    __tablename__ = "leaves"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("state IN ('pending', 'approved', 'rejected', 'withdrawn', 'ended')", name="state"),
        Index("ix_leaves_cadre_id_starts_on", "cadre_id", "starts_on"),
        Index("ix_leaves_county_code_created_at", "county_code", "created_at"),
        Index("ix_leaves_unit_id_created_at", "unit_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    cadre_id: Mapped[UUID] = mapped_column(ForeignKey("cadres.id"))
    kind: Mapped[str] = mapped_column(String(20))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(500))
    destination: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10))
    days: Mapped[int]
    counted_days: Mapped[int]
    adjoining: Mapped[list[str]] = mapped_column(Json, default=list)
    """Ids of the requests whose days were added up with these."""
    calendar_assumed: Mapped[bool] = mapped_column(default=False)
    """Whether adding up rests on a year whose calendar was not loaded."""
    locked_days: Mapped[list[str]] = mapped_column(Json, default=list)
    """Days whose month the township had already filed when the request last turned: only the county changes them."""
    basis: Mapped[list[Any]]
    covered_until: Mapped[date]
    returned_on: Mapped[date | None]
    created_at: Mapped[datetime]
    body_hash: Mapped[str] = mapped_column(String(64))

    steps: Mapped[list["LeaveStep"]] = relationship(order_by="LeaveStep.position", lazy="raise")


class LeaveStep(Base):
    """One office's say on a request."""

    __tablename__ = "leave_steps"
    __table_args__ = (
        CheckConstraint("office IN ('township', 'county', 'city', 'unit')", name="office"),
        CheckConstraint("state IN ('open', 'waiting', 'approved', 'rejected')", name="state"),
    )

    leave_id: Mapped[UUID] = mapped_column(ForeignKey("leaves.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    office: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None]
    comment: Mapped[str | None] = mapped_column(String(500))


class LeaveAttachment(Identified, Base):
    """A hospital note or the like; the bytes lie under the storage folder, named by `id`."""

    __tablename__ = "leave_attachments"

    leave_id: Mapped[UUID] = mapped_column(ForeignKey("leaves.id"), index=True)
    filename: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(50))
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    uploaded_by: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    uploaded_at: Mapped[datetime]
