"""派出单位: who sends cadres."""

from sqlalchemy import ColumnElement, or_, select, true

from app.access.areas import contains, prefix_range
from app.access.call import Call
from app.access.scope import visible
from app.access.versions import bump_roster
from app.access.viewer import Role, Viewer
from app.access.visible_areas import path_to
from app.errors import Conflict
from app.ids import new_id
from app.models import DispatchUnit, Posting
from app.roster import schemas
from app.roster.roster_record import unit_areas, units_named
from app.roster.turns import take_roster
from app.web.paging import PageRequest


def visible_units(viewer: Viewer) -> ColumnElement[bool]:
    """Officers of an area see the units in it and those above it, which may send cadres there, and whoever does;
    a unit officer sees its own, a cadre those of its postings, the administrator all (their officers need accounts).
    """
    if viewer.role is Role.ADMIN:
        return true()
    if viewer.role is Role.UNIT:
        return DispatchUnit.id == viewer.unit_id
    sending = DispatchUnit.id.in_(select(Posting.unit_id).where(visible(viewer, Posting)))
    if viewer.role is Role.CADRE or viewer.area_code is None:
        return sending
    return or_(
        sending,
        DispatchUnit.area_code.between(*prefix_range(viewer.area_code)),
        DispatchUnit.area_code.in_(path_to(viewer.area_code)),
    )


def list_units(
    call: Call, paging: PageRequest, level: str | None, name: str | None
) -> tuple[list[schemas.UnitOut], str | None]:
    query = select(DispatchUnit).where(visible_units(call.viewer))
    if level is not None:
        query = query.where(DispatchUnit.level == level)
    if name is not None:
        query = query.where(DispatchUnit.name.contains(name, autoescape=True))
    units, cursor = paging.fetch(call.session, query, DispatchUnit.id)
    return [schemas.UnitOut.model_validate(unit) for unit in units], cursor


def create_unit(call: Call, body: schemas.UnitIn) -> schemas.UnitOut:
    """Add a unit of the county, or of the city or province above it. A name stands for one level only: the level
    decides who approves a long leave.
    """
    county = call.viewer.area_code or ""
    take_roster(call.session, county)
    if units_named(call.session, county, [body.name]):
        raise Conflict("unit_exists", "同名单位已登记。", "A unit of this name exists already.")
    unit = DispatchUnit(
        id=new_id(), area_code=unit_areas(county)[body.level], name=body.name, level=body.level, created_at=call.now
    )
    call.session.add(unit)
    call.session.flush()
    bump_roster(call.session, county)
    call.audit(
        chain=county,
        action="unit.created",
        target=str(unit.id),
        name=body.name,
        level=body.level,
    )
    return schemas.UnitOut.model_validate(unit)


def may_send(unit: DispatchUnit, county: str) -> bool:
    """Whether a unit is of the county or of an area above it."""
    return contains(unit.area_code, county)
