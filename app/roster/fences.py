"""Fences of villages: checked, brought to WGS-84, and kept as they were drawn."""

from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.areas import county_of
from app.access.call import Call
from app.access.scope import find_area
from app.access.versions import bump_roster
from app.attendance.law import load_provisions
from app.errors import Unprocessable
from app.ids import new_id
from app.models import Fence
from app.policy.datum import to_wgs84
from app.policy.geofence import InvalidPolygon, Path, Polygon, Ring
from app.roster import schemas
from app.roster.turns import take_roster

MAX_VERTICES: Final = 2000
"""Of all fences of one village together."""
MAX_EXTENT_DEGREES: Final = 1.0
"""About the diameter of the largest circle."""

Polygons = tuple[tuple[Ring, ...], ...]

_SHAPE_TEXTS: Final = {
    "not_geojson": ("应为 GeoJSON 坐标数组", "must be an array of GeoJSON coordinates"),
    "not_a_position": ("应为 [经度, 纬度]", "must be [longitude, latitude]"),
    "position_out_of_range": ("经度应在 ±180、纬度应在 ±90 之内", "longitude ±180, latitude ±90"),
    "ring_too_short": ("环至少要有 4 个点（首尾相同）", "a ring needs four positions, the last equal to the first"),
    "ring_open": ("环没有闭合：最后一点须与第一点相同", "the ring is open: its last position must equal its first"),
}
"""What `InvalidPolygon` finds; its type is one of the two by then."""

_INVALID: Final = (
    ("Self-intersection", "self_intersection", "边界自相交", "the boundary crosses itself"),
    ("Ring Self-intersection", "self_intersection", "边界自相交", "a ring touches itself"),
    ("Hole lies outside", "hole_outside", "内环在外环之外", "a hole lies outside its shell"),
    ("Holes are nested", "holes_nested", "内环互相嵌套", "holes are nested"),
    ("Interior is disconnected", "interior_disconnected", "区域被边界分割", "the interior is disconnected"),
    ("Nested shells", "shells_nested", "多个外环互相嵌套", "shells are nested"),
    ("Duplicate Rings", "rings_duplicate", "环重复", "rings are duplicate"),
    ("Too few points", "too_few_points", "不同的顶点少于 3 个", "fewer than three different vertices"),
)


def fences_of(session: Session, code: str) -> list[schemas.FenceOut]:
    fences = session.scalars(select(Fence).where(Fence.area_code == code).order_by(Fence.id))
    return [schemas.FenceOut.model_validate(fence) for fence in fences]


def replace_fences(call: Call, code: str, body: schemas.FencesIn) -> None:
    """Put the fences of a village in the place of its earlier ones. Check-ins that were judged by the earlier ones
    keep their verdicts; the audit trail keeps what was drawn.
    """
    area = find_area(call.session, call.viewer, code)
    if area.level != "village":
        raise Unprocessable.field("/path/code", "not_a_village", "只能为村设置电子围栏", "only villages have fences")
    county = county_of(code)
    take_roster(call.session, county)
    drawn, geometries = _read_shapes(call, code, body)
    call.session.execute(delete(Fence).where(Fence.area_code == code))
    call.session.add_all(
        Fence(
            id=new_id(),
            area_code=code,
            geometry=geometry,
            drawn=sent,
            created_at=call.now,
            created_by=call.viewer.account_id,
        )
        for sent, geometry in zip(drawn, geometries, strict=True)
    )
    call.session.flush()
    bump_roster(call.session, county)
    call.audit(
        chain=county,
        action="fence.replaced",
        target=code,
        drawn=drawn,
    )


def _read_shapes(call: Call, code: str, body: schemas.FencesIn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What was sent, with the radius filled in, and the same in WGS-84."""
    default_radius_m = float(load_provisions(call.session).value("presence.fence_radius_m", call.today, code))
    drawn, geometries, vertices = [], [], 0
    for pointer, shape in body.shapes():
        if isinstance(shape, schemas.CircleIn):
            sent, geometry = _circle(shape, default_radius_m)
        else:
            sent, geometry, count = _polygon(shape, f"{pointer}/polygon/coordinates", MAX_VERTICES - vertices)
            vertices += count
        drawn.append(sent)
        geometries.append(geometry)
    return drawn, geometries


def _circle(circle: schemas.CircleIn, default_radius_m: float) -> tuple[dict[str, Any], dict[str, Any]]:
    center, radius_m = circle.center, circle.radius_m or default_radius_m
    lng, lat = to_wgs84(center.lng, center.lat, center.datum)
    sent = {"circle": {"center": center.model_dump(mode="json"), "radius_m": radius_m}}
    return sent, {"circle": {"lng": lng, "lat": lat, "radius_m": radius_m}}


def _polygon(polygon: schemas.PolygonIn, at: str, vertices_left: int) -> tuple[dict[str, Any], dict[str, Any], int]:
    """What was sent, the geometry (without altitudes), and how many vertices it has."""
    sent = polygon.model_dump(mode="json")
    try:
        polygons = Polygon.from_geojson(sent).rings
    except InvalidPolygon as fault:
        raise Unprocessable.field(_pointer(at, fault.path), fault.code, *_SHAPE_TEXTS[fault.code]) from fault
    many = polygon.type == "MultiPolygon"
    count = _count(polygons, at, vertices_left, many=many)
    _require_valid(polygons, at)
    return (
        {"polygon": sent},
        {"polygon": {"type": polygon.type, "coordinates": polygons if many else polygons[0]}},
        count,
    )


def _count(polygons: Polygons, at: str, vertices_left: int, *, many: bool) -> int:
    """All vertices; refused at the ring that brings them over the bound."""
    count = 0
    for number, rings in enumerate(polygons):
        for place, ring in enumerate(rings):
            count += len(ring)
            if count > vertices_left:
                raise Unprocessable.field(
                    _pointer(at, (number, place) if many else (place,)),
                    "too_many_vertices",
                    f"顶点超过 {MAX_VERTICES} 个，请简化边界",
                    f"more than {MAX_VERTICES} vertices",
                )
    return count


def _pointer(at: str, path: Path) -> str:
    return "/".join((at, *map(str, path)))


def _require_valid(polygons: Polygons, at: str) -> None:
    import shapely  # noqa: PLC0415 - late: it brings numpy

    geometry = shapely.MultiPolygon([(rings[0], rings[1:]) for rings in polygons])
    if not geometry.is_valid:
        reason = shapely.is_valid_reason(geometry)
        for start, code, zh, en in _INVALID:
            if reason.startswith(start):
                raise Unprocessable.field(at, code, zh, en)
        raise Unprocessable.field(at, "polygon_invalid", "多边形无效", "the polygon is not valid")
    west, south, east, north = geometry.bounds
    if max(east - west, north - south) > MAX_EXTENT_DEGREES:
        raise Unprocessable.field(
            at, "polygon_too_large", "多边形跨度超过 1 度", "the polygon spans more than one degree"
        )
