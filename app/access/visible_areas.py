"""Which divisions a viewer may name."""

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from app.access.areas import city_of, contains, county_of, prefix_range, province_of, township_of
from app.access.scope import visible
from app.access.viewer import AREA_ROLES, Role, Viewer
from app.errors import NotFound
from app.models import Area, Posting


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


def find_visible_area(session: Session, viewer: Viewer, code: str) -> Area:
    area = session.scalar(select(Area).where(Area.code == code, visible_areas(viewer)))
    if area is None:
        raise NotFound
    return area
