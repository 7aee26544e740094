"""Which officer speaks for which office of a route."""

from sqlalchemy import ColumnElement, and_, false

from app.access.areas import city_of, county_column_in
from app.access.viewer import Role, Viewer
from app.models import Leave, LeaveStep

OFFICE_OF_ROLE = {
    Role.TOWNSHIP: "township",
    Role.COUNTY: "county",
    Role.CITY: "city",
    Role.UNIT: "unit",
}


def is_own(viewer: Viewer, leave: Leave) -> bool:
    """Whether the viewer is the person who asks. An officer's account that belongs to a person on the roster names
    the cadre; there is no other link between an office's account and a person.
    """
    return viewer.cadre_id is not None and viewer.cadre_id == leave.cadre_id


def speaks_for(viewer: Viewer, leave: Leave, office: str) -> bool:
    """Whether the viewer's account is that of exactly this office: a higher one never stands in for a lower one."""
    if OFFICE_OF_ROLE.get(viewer.role) != office:
        return False
    if viewer.role is Role.UNIT:
        return viewer.unit_id == leave.unit_id
    seat = {
        "township": leave.township_code,
        "county": leave.county_code,
        "city": city_of(leave.county_code),
    }[office]
    return viewer.area_code == seat


def awaiting(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that a request waits for the viewer's decision. In SQL what `speaks_for` is in Python."""
    office = OFFICE_OF_ROLE.get(viewer.role)
    if office is None:
        return false()
    open_step = Leave.steps.any(and_(LeaveStep.office == office, LeaveStep.state == "open"))
    of_others = Leave.cadre_id.is_distinct_from(viewer.cadre_id)
    return and_(Leave.state == "pending", open_step, of_others, _seated(viewer))


def _seated(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.role is Role.UNIT:
        return Leave.unit_id == viewer.unit_id
    if viewer.area_code is None:
        return false()
    if viewer.role is Role.TOWNSHIP:
        return Leave.township_code == viewer.area_code
    if viewer.role is Role.COUNTY:
        return Leave.county_code == viewer.area_code
    return county_column_in(Leave.county_code, viewer.area_code)


def on_route(viewer: Viewer, leave: Leave) -> bool:
    """Whether the viewer's office has a step on this request; `leave.steps` is loaded."""
    return any(speaks_for(viewer, leave, step.office) for step in leave.steps)
