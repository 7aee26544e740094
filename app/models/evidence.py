"""What a day's status rests on: check-ins, registrations, corrections. Rows are added, never edited away."""

import datetime as dt
from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Double, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, only_on
from app.models.mixins import AREA_CODE, DayOfPosting, Identified, OfPosting


class CheckIn(DayOfPosting, Base):
    """到岗登记 by phone. `id` comes from the phone. Only the acceptance columns are ever filled in later."""

    __tablename__ = "check_ins"
    __table_args__ = (
        # A county's day. What is embedded holds a city at most, and finds it among the day's.
        Index("ix_check_ins_county_code_date", "county_code", "date", info=only_on("postgresql")),
        Index("ix_check_ins_date", "date", info=only_on("sqlite")),
        # What a check-in is compared with of those before it, whose rows are each on a page of its own.
        Index(
            "ix_check_ins_recent",
            *("posting_id", "date"),
            postgresql_include=[
                *("county_code", "captured_at", "fixed_at", "lng", "lat", "wgs84_lng", "wgs84_lat"),
                *("verdict", "late", "needs_acceptance", "accepted"),
            ],
            info=only_on("postgresql"),
        ),
        Index(
            "ix_check_ins_recent",
            *("posting_id", "date", "fixed_at", "lng", "lat", "wgs84_lng", "wgs84_lat"),
            info=only_on("sqlite"),
        ),
        CheckConstraint("verdict IN ('inside', 'uncertain', 'outside')", name="verdict"),
        {"postgresql_partition_by": "RANGE (date)"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-3)
    """First in the key: it is looked for by itself, and ids that tell the time are written side by side."""
    township_code: Mapped[str] = mapped_column(AREA_CODE)
    village_code: Mapped[str] = mapped_column(AREA_CODE)
    posting_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    account_id: Mapped[UUID]
    captured_at: Mapped[datetime]
    received_at: Mapped[datetime]
    lng: Mapped[float | None] = mapped_column(Double)
    lat: Mapped[float | None] = mapped_column(Double)
    datum: Mapped[str | None] = mapped_column(String(5))
    accuracy_m: Mapped[float | None] = mapped_column(Double)
    fixed_at: Mapped[datetime | None]
    mock: Mapped[bool | None]
    wgs84_lng: Mapped[float | None] = mapped_column(Double)
    wgs84_lat: Mapped[float | None] = mapped_column(Double)
    device_id: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(500))
    body_hash: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(30))
    distance_m: Mapped[float | None] = mapped_column(Double)
    risk_flags: Mapped[list[str]]
    late: Mapped[bool]
    """Received after its day had closed."""
    needs_acceptance: Mapped[bool]
    """Does not count until the township has accepted it."""
    accepted: Mapped[bool | None] = mapped_column(Boolean)
    accepted_by: Mapped[UUID | None]
    accepted_at: Mapped[datetime | None]
    acceptance_reason: Mapped[str | None] = mapped_column(String(500))


class StrayCheckIn(Base):
    """A check-in whose id tells of another day than its own (`app.checkins.ids`): where the id is looked up besides."""

    __tablename__ = "stray_check_ins"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(AREA_CODE, primary_key=True)
    date: Mapped[dt.date]


class Registration(Identified, OfPosting, Base):
    """到岗登记 entered by the township: paper sheet, visit or phone call. Counts like a check-in."""

    __tablename__ = "registrations"
    __table_args__ = (
        Index("ix_registrations_posting_id_date", "posting_id", "date"),
        CheckConstraint("source IN ('paper', 'visit', 'phone')", name="source"),
    )

    date: Mapped[dt.date]
    source: Mapped[str] = mapped_column(String(10))
    note: Mapped[str | None] = mapped_column(String(500))
    entered_by: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    entered_at: Mapped[datetime]


class Correction(Identified, OfPosting, Base):
    """An officer's status for a day; the newest wins, the older ones stay on record."""

    __tablename__ = "corrections"
    __table_args__ = (Index("ix_corrections_posting_id_date", "posting_id", "date"),)

    date: Mapped[dt.date]
    status: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(500))
    corrected_by: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    corrected_at: Mapped[datetime]


class DeviceUse(Base):
    """Which accounts a phone was used for; two of them raise `shared_device`."""

    __tablename__ = "device_uses"

    device_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime]
