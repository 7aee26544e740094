"""Divisions: who sees which, and adding one."""

from sqlalchemy import and_, select

from app.access.areas import contains
from app.access.call import Call
from app.access.scope import visible
from app.access.versions import bump_roster
from app.access.viewer import Role
from app.access.visible_areas import find_visible_area, path_to, visible_areas
from app.errors import Conflict, NotFound, Unprocessable
from app.models import Area, Posting
from app.roster import schemas
from app.roster.area_rules import code_fault
from app.roster.faults import text_of
from app.roster.fences import fences_of
from app.roster.turns import take_roster
from app.web.paging import PageRequest


def list_areas(
    call: Call, paging: PageRequest, parent: str | None, level: str | None
) -> tuple[list[schemas.AreaOut], str | None]:
    """The areas that the viewer sees, by code; with `parent` only those directly below it."""
    query = select(Area).where(visible_areas(call.viewer))
    if parent is not None:
        find_visible_area(call.session, call.viewer, parent)
        query = query.where(Area.parent_code == parent)
    if level is not None:
        query = query.where(Area.level == level)
    areas, cursor = paging.fetch(call.session, query, Area.code)
    return [schemas.AreaOut.model_validate(area) for area in areas], cursor


def show_area(call: Call, code: str) -> schemas.AreaDetail:
    area = find_visible_area(call.session, call.viewer, code)
    above = call.session.scalars(select(Area).where(Area.code.in_(path_to(code))).order_by(Area.code))
    fences = fences_of(call.session, code) if _may_see_fences(call, code) else None
    return schemas.AreaDetail(
        code=area.code,
        name=area.name,
        level=schemas.AreaLevel(area.level),
        parent_code=area.parent_code,
        path=[schemas.AreaOut.model_validate(row) for row in above],
        fences=fences,
    )


def _may_see_fences(call: Call, code: str) -> bool:
    """Officers see the fences of their area; cadres and their units those of the villages that they serve now."""
    viewer = call.viewer
    if viewer.role in {Role.TOWNSHIP, Role.COUNTY, Role.CITY}:
        return contains(viewer.area_code or "", code)
    if viewer.role not in {Role.UNIT, Role.CADRE}:
        return False
    serving = and_(visible(viewer, Posting), Posting.village_code == code, Posting.held_on(call.today))
    return call.session.scalar(select(Posting.id).where(serving).limit(1)) is not None


def create_area(call: Call, body: schemas.AreaIn) -> schemas.AreaOut:
    """Add a township or village to the viewer's own county."""
    own = call.viewer.area_code or ""
    if not contains(own, body.code):
        raise NotFound
    fault = code_fault(body.code, body.level, body.parent_code)
    if fault is not None:
        pointer = {"area_level": "/level", "area_code_format": "/code"}.get(fault, "/parent_code")
        raise Unprocessable.field(pointer, fault, *text_of(fault))
    take_roster(call.session, own)
    if call.session.get(Area, body.code) is not None:
        raise Conflict("area_exists", "该代码已登记。", "An area with this code exists already.")
    if call.session.get(Area, body.parent_code) is None:
        raise Unprocessable.field("/parent_code", "area_parent_unknown", *text_of("area_parent_unknown"))
    area = Area(code=body.code, name=body.name, level=body.level, parent_code=body.parent_code)
    call.session.add(area)
    call.session.flush()
    bump_roster(call.session, own)
    call.audit(
        chain=own,
        action="area.created",
        target=body.code,
        name=body.name,
    )
    return schemas.AreaOut.model_validate(area)
