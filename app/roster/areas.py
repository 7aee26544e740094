"""Divisions: who sees which, and adding one."""

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from app.access import audit
from app.access.areas import city_of, contains, county_of, province_of, township_of
from app.access.call import Call
from app.access.scope import visible
from app.access.versions import bump_roster
from app.access.viewer import AREA_ROLES, Role, Viewer
from app.errors import Conflict, NotFound, Unprocessable
from app.models import Area, Posting
from app.roster import schemas
from app.roster.area_rules import code_fault, prefix_range
from app.roster.faults import text_of
from app.roster.fences import fences_of
from app.roster.turns import take_roster
from app.web.paging import PageRequest


def visible_areas(viewer: Viewer) -> ColumnElement[bool]:
    """Areas are public facts, but nobody's picker needs another county's: officers and dashboards see their own area
    with all below it and the path above it; unit officers and cadres the villages of their postings with the path
    above them; the administrator sees all.
    """
    if viewer.role is Role.ADMIN:
        return true()
    if viewer.role in AREA_ROLES:
        least, greatest = prefix_range(viewer.area_code or "")
        return or_(Area.code.between(least, greatest), Area.code.in_(path_to(viewer.area_code or "")))
    village = Posting.village_code
    paths = [village, *(func.substr(village, 1, length) + "0" * (12 - length) for length in (2, 4, 6, 9))]
    return or_(*(Area.code.in_(select(code).where(visible(viewer, Posting))) for code in paths))


def path_to(code: str) -> tuple[str, ...]:
    """The codes above an area, highest first (not all of them need be on record)."""
    above = (province_of(code), city_of(code), county_of(code), township_of(code))
    return tuple(dict.fromkeys(candidate for candidate in above if candidate != code and contains(candidate, code)))


def find_visible(session: Session, viewer: Viewer, code: str) -> Area:
    area = session.scalar(select(Area).where(Area.code == code, visible_areas(viewer)))
    if area is None:
        raise NotFound
    return area


def list_areas(
    call: Call, paging: PageRequest, parent: str | None, level: str | None
) -> tuple[list[schemas.AreaOut], str | None]:
    """The areas that the viewer sees, by code; with `parent` only those directly below it."""
    query = select(Area).where(visible_areas(call.viewer))
    if parent is not None:
        find_visible(call.session, call.viewer, parent)
        query = query.where(Area.parent_code == parent)
    if level is not None:
        query = query.where(Area.level == level)
    areas, cursor = paging.fetch(call.session, query, Area.code)
    return [schemas.AreaOut.model_validate(area) for area in areas], cursor


def show_area(call: Call, code: str) -> schemas.AreaDetail:
    area = find_visible(call.session, call.viewer, code)
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
    serving = and_(
        visible(viewer, Posting),
        Posting.village_code == code,
        Posting.starts_on <= call.today,
        or_(Posting.ends_on.is_(None), Posting.ends_on >= call.today),
    )
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
    audit.record(
        call.session,
        chain=own,
        at=call.now,
        by=call.viewer.account_id,
        action="area.created",
        target=body.code,
        name=body.name,
    )
    return schemas.AreaOut.model_validate(area)
