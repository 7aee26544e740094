"""Who is posted where, and by whom."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base
from app.models.mixins import AREA_CODE, Identified, InVillage

DUTIES = ("first_secretary", "leader", "member")


class DispatchUnit(Identified, Base):
    """派出单位. `area_code` is the province, city or county that it belongs to."""

    __tablename__ = "dispatch_units"
    __table_args__ = (
        UniqueConstraint("area_code", "name"),
        CheckConstraint("level IN ('province', 'city', 'county')", name="level"),
    )

    area_code: Mapped[str] = mapped_column(AREA_CODE)
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]


class Cadre(Identified, Base):
    """驻村干部: a person on one county's roster."""

    __tablename__ = "cadres"
    __table_args__ = (UniqueConstraint("county_code", "id_number"),)

    county_code: Mapped[str] = mapped_column(AREA_CODE)
    name: Mapped[str] = mapped_column(String(50))
    id_number: Mapped[str] = mapped_column(String(18))
    phone: Mapped[str] = mapped_column(String(20), unique=True)
    created_at: Mapped[datetime]


class Posting(Identified, InVillage, Base):
    """派驻: one cadre, one village, one duty; both dates inclusive, `ends_on` open while unknown."""

    __tablename__ = "postings"
    __table_args__ = (
        CheckConstraint("duty IN ('first_secretary', 'leader', 'member')", name="duty"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        Index("ix_postings_county_code_village_code", "county_code", "village_code"),
    )

    cadre_id: Mapped[UUID] = mapped_column(ForeignKey("cadres.id"), index=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("dispatch_units.id"), index=True)
    duty: Mapped[str] = mapped_column(String(20))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    end_reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]

    cadre: Mapped[Cadre] = relationship(lazy="raise")
    unit: Mapped[DispatchUnit] = relationship(lazy="raise")


class Vacancy(Identified, InVillage, Base):
    """A post left open by a recall or reassignment, until the unit sends somebody (第九条（五）)."""

    __tablename__ = "vacancies"

    posting_id: Mapped[UUID] = mapped_column(ForeignKey("postings.id"), unique=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("dispatch_units.id"))
    opened_on: Mapped[date]
    filled_by: Mapped[UUID | None] = mapped_column(ForeignKey("postings.id"), unique=True)
    filled_on: Mapped[date | None]
