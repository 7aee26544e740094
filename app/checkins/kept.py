"""What parsing costs, kept from one look at a database to the next: the law in force, and the polygons of fences."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.attendance.law import load_calendar, load_provisions
from app.checkins.fences import as_fence, load_fences_by_id
from app.checkins.judging import RuleBook
from app.policy.calendar import Calendar
from app.policy.geofence import Fence

POLYGONS_KEPT = 50_000

FoundFence = tuple[str, dict[str, Any] | None]
"""A fence as the statements write it: its id, and the geometry of a circle. A polygon may have hundreds of corners and
is read once.
"""


class Law(NamedTuple):
    """What was in force when the database told so."""

    changes: str
    """Another text once somebody has entered a provision or loaded a calendar."""
    book: RuleBook
    calendar: Calendar


class Known(NamedTuple):
    """The law, and the polygons that some check-ins are judged by."""

    law: Law
    polygons: Mapping[str, Fence]
    """By id, as the database writes it. A fence never changes; another one takes its place."""

    def fences_of(self, found: Collection[FoundFence] | None) -> list[Fence] | None:
        """Parsed; None where somebody has drawn others since they were found."""
        fences: list[Fence] = []
        for fence_id, circle in found or ():
            fence = self.polygons.get(fence_id) if circle is None else as_fence(circle)
            if fence is None:
                return None
            fences.append(fence)
        return fences


class Kept:
    """What was read of one database. Several threads may use it: what they hold is added to or replaced."""

    def __init__(self) -> None:
        self._law: Law | None = None
        self._polygons: dict[str, Fence] = {}

    def update(
        self,
        session_for: Callable[[], AbstractContextManager[Session]],
        changes: str,
        found: Collection[Collection[FoundFence] | None],
    ) -> Known:
        """Read what has changed, and the polygons that are new; most often there is neither, and no session is opened.
        `changes` is what the database tells of its law (`lane_sql.LAW_CHANGES`).
        """
        needed = {fence_id for fences in found for fence_id, circle in fences or () if circle is None}
        law, polygons = self._law, self._polygons
        if law is None or law.changes != changes or not needed <= polygons.keys():
            with session_for() as session:
                if law is None or law.changes != changes:
                    law = self._law = Law(changes, RuleBook(load_provisions(session)), load_calendar(session))
                polygons = self._read(session, polygons, needed)
        return Known(law, polygons)

    def _read(self, session: Session, polygons: dict[str, Fence], needed: set[str]) -> dict[str, Fence]:
        missing = needed - polygons.keys()
        if len(polygons) + len(missing) > POLYGONS_KEPT:
            missing, polygons = needed, {}
        if missing:
            by_id = {UUID(fence_id): fence_id for fence_id in missing}
            loaded = load_fences_by_id(session, by_id)
            polygons.update({by_id[fence_id]: fence for fence_id, fence in loaded.items()})
        self._polygons = polygons
        return polygons


_KEPT: WeakKeyDictionary[Engine, Kept] = WeakKeyDictionary()


def kept_of(engine: Engine) -> Kept:
    return _KEPT.setdefault(engine, Kept())
