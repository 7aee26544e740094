"""召回 and 调整: flags, their history, their papers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.mixins import Identified, OfPosting


class RecallFlag(Identified, OfPosting, Base):
    """One ground against one posting. `live_key` is set while the flag is open, so that a ground has one open flag."""

    __tablename__ = "recall_flags"
    __table_args__ = (
        CheckConstraint(
            "state IN ('warning', 'provisional', 'candidate', 'opinion', 'noticed', 'recalled', 'reassigned',"
            " 'dismissed', 'lifted')",
            name="state",
        ),
        Index("ix_recall_flags_county_code_state", "county_code", "state"),
    )

    ground: Mapped[str] = mapped_column(String(30))
    state: Mapped[str] = mapped_column(String(12))
    live_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    counts: Mapped[dict[str, Any]]
    threshold: Mapped[int | None]
    days: Mapped[list[str]]
    basis: Mapped[list[Any]]
    raised_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    statement: Mapped[str | None] = mapped_column(Text)
    statement_at: Mapped[datetime | None]
    statement_due_on: Mapped[date | None]
    consequences: Mapped[dict[str, Any] | None]
    facts: Mapped[dict[str, Any] | None]
    """What the office recorded for a ground that it raised itself; null for the absence grounds."""
    facts_changed: Mapped[dict[str, Any] | None]
    """Set while an opinion or notice rests on days that the ledger no longer counts, until the county has looked:
    {"days_gone": those days, "counts": what is counted now}.
    """
    judge_again_on: Mapped[date | None]
    """The first day on which time alone may change what the posting's days come to: the close of that day looks at its
    flags again, and those before it need not. Null: the next close does, whichever it is; so what makes days of the
    past count otherwise (an amended text that reaches back) either judges again at once or empties this.
    """


class RecallFlagEvent(Identified, Base):
    """One turn of a flag. Appended only."""

    __tablename__ = "recall_flag_events"

    flag_id: Mapped[UUID] = mapped_column(ForeignKey("recall_flags.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(String(20))
    from_state: Mapped[str | None] = mapped_column(String(12))
    to_state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(Text)
    document: Mapped[str | None] = mapped_column(String(200))
    """Number of the paper that the turn rests on."""
    counts: Mapped[dict[str, Any] | None]
