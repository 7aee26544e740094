"""Divisions and the fences drawn in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.models.mixins import AREA_CODE, Identified


class Area(Base):
    """One division; `code` is its 12-digit 统计用区划代码."""

    __tablename__ = "areas"
    __table_args__ = (
        Index("ix_areas_level_code", "level", "code"),
        CheckConstraint("length(code) = 12", name="code_length"),
        CheckConstraint("level IN ('province', 'city', 'county', 'township', 'village')", name="level"),
    )

    code: Mapped[str] = mapped_column(AREA_CODE, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(10))
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("areas.code"), index=True)


class Fence(Identified, Base):
    """`geometry` is WGS-84: {"circle": {"lng", "lat", "radius_m"}} or {"polygon": <GeoJSON>};
    `drawn` is what the county sent, in the datum in which it sent it.
    """

    __tablename__ = "fences"

    area_code: Mapped[str] = mapped_column(ForeignKey("areas.code"), index=True)
    geometry: Mapped[dict[str, Any]]
    drawn: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
