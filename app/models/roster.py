"""Who is posted where, and by whom."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, UniqueConstraint, and_, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base
from app.models.mixins import AREA_CODE, Identified, InVillage


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

    @classmethod
    def held_between(cls, first: date, last: date) -> ColumnElement[bool]:
        """The condition that it holds on any of the days from `first` to `last`."""
        return and_(cls.starts_on <= last, or_(cls.ends_on.is_(None), cls.ends_on >= first))

    @classmethod
    def held_on(cls, day: date) -> ColumnElement[bool]:
        return cls.held_between(day, day)

    def holds_on(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or self.ends_on >= day)


class Vacancy(Identified, InVillage, Base):
    """A post left open by a recall or reassignment, until the unit sends somebody (第九条（五）)."""

    __tablename__ = "vacancies"

    posting_id: Mapped[UUID] = mapped_column(ForeignKey("postings.id"), unique=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("dispatch_units.id"))
    opened_on: Mapped[date]
    filled_by: Mapped[UUID | None] = mapped_column(ForeignKey("postings.id"), unique=True)
    filled_on: Mapped[date | None]
