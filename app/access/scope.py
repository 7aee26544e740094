"""The one door to what a viewer may see.

Every query that returns rows about people passes `visible`; every object named by an id comes through `find`. What lies
outside answers exactly like what does not exist.
"""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.access.areas import contains, county_column_in, county_of, in_area, level_of, prefix_range
from app.access.viewer import AREA_ROLES, Role, Viewer
from app.errors import NotFound
from app.models import Area, Cadre, Posting

Row = TypeVar("Row")

NAMELESS = frozenset({Role.DASHBOARD, Role.ADMIN})
"""Roles that never see a row about a person."""


def visible(viewer: Viewer, model: Any) -> ColumnElement[bool]:
    """The condition under which the viewer sees a row of `model`, a table about postings (Posting itself or one with
    `posting_id`, `unit_id` and the three area columns).
    """
    if viewer.role in NAMELESS:
        return false()
    if viewer.role is Role.CADRE:
        if model is Posting:
            return Posting.cadre_id == viewer.cadre_id
        own = select(Posting.id).where(Posting.cadre_id == viewer.cadre_id)
        return _posting_column(model).in_(own)
    if viewer.role is Role.UNIT:
        return model.unit_id == viewer.unit_id  # type: ignore[no-any-return]
    if viewer.area_code is None:
        return false()
    return in_area(model, viewer.area_code)


def on_public_board(model: Any, village_code: str) -> ColumnElement[bool]:
    """The condition under which a row may stand behind a village's public board, which anybody reads (第九条（二）)."""
    return in_area(model, village_code)


def visible_cadres(viewer: Viewer) -> ColumnElement[bool]:
    """The condition under which the viewer sees a Cadre: by a posting in scope, or the county's own roster."""
    by_posting = Cadre.id.in_(select(Posting.cadre_id).where(visible(viewer, Posting)))
    if viewer.role is Role.COUNTY:
        return by_posting | (Cadre.county_code == viewer.area_code)
    return by_posting


def _posting_column(model: Any) -> InstrumentedAttribute[UUID]:
    return model.posting_id  # type: ignore[no-any-return]


def find(session: Session, viewer: Viewer, model: type[Row], row_id: UUID, *, lock: bool = False) -> Row:
    """The row with this id, if the viewer sees it; NotFound otherwise. `lock` takes it for writing."""
    query = select(model).where(model.id == row_id, visible(viewer, model))  # type: ignore[attr-defined]
    if lock:
        query = query.with_for_update()
    found = session.scalar(query)
    if found is None:
        raise NotFound
    return found


def find_area(session: Session, viewer: Viewer, code: str) -> Area:
    """An area whose rows the viewer may ask for: inside its own; a unit officer may name any, and sees its cadres."""
    area = session.get(Area, code)
    if area is None or not may_ask(viewer, code):
        raise NotFound
    return area


def find_area_names(session: Session, viewer: Viewer, code: str, *, below: bool) -> dict[str, str]:
    """As `find_area`, by code: the area's name, and those of the areas one level below it where they are wanted."""
    named = session.execute(_NAMES_BELOW if below else _NAME, {"code": code}).all()
    names = {area_code: name for area_code, name in named}  # noqa: C416 - typed rows, not a dict of rows
    if code not in names or not may_ask(viewer, code):
        raise NotFound
    return names


_NAME = select(Area.code, Area.name).where(Area.code == bindparam("code"))
_NAMES_BELOW = select(Area.code, Area.name).where(
    or_(Area.code == bindparam("code"), Area.parent_code == bindparam("code"))
)


def may_ask(viewer: Viewer, code: str) -> bool:
    if viewer.role is Role.UNIT:
        return True
    if viewer.role in AREA_ROLES and viewer.area_code is not None:
        return contains(viewer.area_code, code)
    return False


def countable(viewer: Viewer, rows: Any, code: str) -> ColumnElement[bool]:
    """The condition under which a row counts into the numbers of an area, which carry no names: all of the area's for
    those whose area it lies in, a unit officer's own cadres. `rows` has `county_code`, `unit_id` for a unit officer,
    and `village_code` for an area inside a county.
    """
    if not may_ask(viewer, code):
        return false()
    if level_of(code) in {"township", "village"}:
        within = and_(rows.county_code == county_of(code), rows.village_code.between(*prefix_range(code)))
    else:
        within = county_column_in(rows.county_code, code)
    return and_(within, rows.unit_id == viewer.unit_id) if viewer.role is Role.UNIT else within


def visible_in(session: Session, viewer: Viewer, model: Any, code: str | None) -> ColumnElement[bool]:
    """`visible`, narrowed to an area where one is named; NotFound where the viewer may not ask for it."""
    if code is None:
        return visible(viewer, model)
    find_area(session, viewer, code)
    return and_(visible(viewer, model), in_area(model, code))
