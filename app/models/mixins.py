"""Columns that several tables share."""

import datetime as dt
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.ids import new_id

AREA_CODE = String(12)


class Identified:
    """A UUIDv7 made by the server, or by the phone where a subclass says so."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-3)


class InVillage:
    """Where a row belongs; stored with it, so that every scope is a condition on the row itself."""

    county_code: Mapped[str] = mapped_column(AREA_CODE)
    township_code: Mapped[str] = mapped_column(AREA_CODE)
    village_code: Mapped[str] = mapped_column(AREA_CODE)


class OfPosting(InVillage):
    """As above, for what belongs to one posting; the unit is there for the unit officer's scope."""

    @declared_attr
    def posting_id(cls) -> Mapped[UUID]:  # noqa: N805 - SQLAlchemy hands the class
        return mapped_column(ForeignKey("postings.id"), index=True)

    @declared_attr
    def unit_id(cls) -> Mapped[UUID]:  # noqa: N805
        return mapped_column(ForeignKey("dispatch_units.id"))


class DayOfPosting:
    """The key of the large tables: distributable by county, partitionable by month."""

    county_code: Mapped[str] = mapped_column(AREA_CODE, primary_key=True, sort_order=-2)
    date: Mapped[dt.date] = mapped_column(primary_key=True, sort_order=-1)
