"""The ledger: one entry per posting and day, every revision of it, and the head that each day hangs on."""

import datetime as dt
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Json
from app.models.mixins import AREA_CODE, DayOfPosting

_STATUS = "status IN ('on_post', 'official', 'leave', 'rest', 'absent', 'pending')"


class DayHead(DayOfPosting, Base):
    """One county's day. Whoever writes to the day takes this row first: it is the day's lock, and its version is
    what makes an unchanged ETag cheap.
    """

    __tablename__ = "day_heads"

    version: Mapped[int] = mapped_column(default=0)
    closed_at: Mapped[datetime | None]


class DayEntry(DayOfPosting, Base):
    """The status of one posting on one day, as last judged. An open day has an entry once something happened on it."""

    __tablename__ = "day_entries"
    __table_args__ = (
        CheckConstraint(_STATUS, name="status"),
        {"postgresql_partition_by": "RANGE (date)"},
    )

    posting_id: Mapped[UUID] = mapped_column(primary_key=True)
    township_code: Mapped[str] = mapped_column(AREA_CODE)
    village_code: Mapped[str] = mapped_column(AREA_CODE)
    unit_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(String(10))
    confirmed: Mapped[bool]
    exceptions: Mapped[list[str]] = mapped_column(Json)
    revision: Mapped[int]
    judged_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    """When an officer last confirmed or corrected the day; it stays where a later judgment takes the confirmation back:
    what had come in by then has been looked at.
    """


class DayRevision(DayOfPosting, Base):
    """What an entry was from one moment on: who, when, why. Appended only."""

    __tablename__ = "day_revisions"
    __table_args__ = (
        CheckConstraint(_STATUS, name="status"),
        {"postgresql_partition_by": "RANGE (date)"},
    )

    posting_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(10))
    confirmed: Mapped[bool]
    exceptions: Mapped[list[str]] = mapped_column(Json)
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    """The account that caused it; null where the service judged by itself."""
    cause: Mapped[str] = mapped_column(String(30))
    reason: Mapped[str | None] = mapped_column(String(500))


class Counted:
    """Entries by status; `people` is their sum, and `unconfirmed` those that the township has not confirmed."""

    people: Mapped[int] = mapped_column(default=0)
    on_post: Mapped[int] = mapped_column(default=0)
    official: Mapped[int] = mapped_column(default=0)
    leave: Mapped[int] = mapped_column(default=0)
    rest: Mapped[int] = mapped_column(default=0)
    absent: Mapped[int] = mapped_column(default=0)
    pending: Mapped[int] = mapped_column(default=0)
    unconfirmed: Mapped[int] = mapped_column(default=0)


class TeamRollup(Counted, DayOfPosting, Base):
    """A closed day of one village and dispatch unit; kept in the transaction that changes an entry."""

    __tablename__ = "team_rollups"

    village_code: Mapped[str] = mapped_column(AREA_CODE, primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(primary_key=True)


class CountyRollup(Counted, DayOfPosting, Base):
    """A closed day of one county: what makes a month of a whole province cheap."""

    __tablename__ = "county_rollups"


class CountyMonth(Counted, DayOfPosting, Base):
    """The closed days of one county's month added up; `date` is the month's first. What makes a month of a whole
    country cheap: both its numbers and whether they changed are read from one row a county.
    """

    __tablename__ = "county_months"

    date: Mapped[dt.date] = mapped_column(primary_key=True, sort_order=-3)
    days: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)


class AbsenceCounter(Base):
    """What the recall judgment needs of a posting's past (policy.absence_state), up to its county's last closed day:
    kept for postings that were absent, moved on by the close, made anew from the ledger when the past changes.
    """

    __tablename__ = "absence_counters"

    county_code: Mapped[str] = mapped_column(AREA_CODE, primary_key=True)
    posting_id: Mapped[UUID] = mapped_column(primary_key=True)
    runs: Mapped[str] = mapped_column(Text, default="")
    unbroken_through: Mapped[dt.date | None]
