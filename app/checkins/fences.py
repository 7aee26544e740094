"""The fences of villages, as the policy wants them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import Fence as StoredFence
from app.policy.geofence import Circle, Fence, Polygon


def load_fences(session: Session, village_codes: Collection[str]) -> dict[str, list[Fence]]:
    """By village; a village without a fence is missing."""
    fences: dict[str, list[Fence]] = defaultdict(list)
    for area_code, geometry in session.execute(_FENCES, {"villages": list(village_codes)}):
        fences[area_code].append(as_fence(geometry))
    return fences


def load_fences_by_id(session: Session, ids: Iterable[UUID]) -> dict[UUID, Fence]:
    """By id; one that somebody has replaced is missing."""
    return {fence_id: as_fence(geometry) for fence_id, geometry in session.execute(_FENCES_BY_ID, {"ids": list(ids)})}


_FENCES_BY_ID = select(StoredFence.id, StoredFence.geometry).where(StoredFence.id.in_(bindparam("ids", expanding=True)))
_FENCES = select(StoredFence.area_code, StoredFence.geometry).where(
    StoredFence.area_code.in_(bindparam("villages", expanding=True))
)


def as_fence(geometry: dict[str, Any]) -> Fence:
    """A stored WGS-84 geometry as the policy's shape."""
    circle = geometry.get("circle")
    if circle is not None:
        return Circle(circle["lng"], circle["lat"], circle["radius_m"])
    return Polygon.from_geojson(geometry["polygon"])
