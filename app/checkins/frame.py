"""What check-ins are judged by, read in one statement; what parsing costs is kept between two of them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.attendance.bulk import json_text
from app.checkins.answers import instant_of
from app.checkins.frame_sql import FRAME_POSTGRESQL, FRAME_SQLITE
from app.checkins.ids import days_of_all
from app.checkins.kept import FoundFence, Known, Law, kept_of
from app.errors import Unavailable
from app.policy.geofence import Fence
from app.policy.risks import RECENT, Fix, Trail


class Place(NamedTuple):
    """A posting as far as check-ins and their days are judged by it."""

    id: UUID
    county_code: str
    township_code: str
    village_code: str
    unit_id: UUID
    starts_on: date
    ends_on: date | None
    fences: Sequence[Fence] = ()
    """Of its village."""

    def holds_on(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or self.ends_on >= day)


@dataclass(slots=True)
class Frame:
    """What the database says around some check-ins."""

    law: Law
    postings: Mapping[UUID, list[Place]]
    """By account; one that may not check in is missing."""
    fixes: dict[UUID, Trail]
    """Recent ones by posting."""
    devices: dict[str, set[UUID]]
    """The accounts that a phone was used for."""
    any_stored: bool
    """Whether one of the ids is on record."""


class Asked(NamedTuple):
    """What a frame is read for: accounts, ids and phones of the check-ins, and the first of their days."""

    accounts: Collection[UUID]
    ids: Collection[UUID]
    devices: Collection[str]
    first: date


class _Found(NamedTuple):
    """What the statement answers."""

    changes: str
    accounts: Sequence[str]
    places: Sequence["_FoundPlace"]
    uses: Sequence[tuple[str, str]]
    """Of a phone by an account."""
    stored: int


class _FoundPlace(NamedTuple):
    """A posting, as the statement writes it."""

    account_id: str
    id: str
    county_code: str
    township_code: str
    village_code: str
    unit_id: str
    starts_on: str
    ends_on: str | None
    fences: Collection[FoundFence] | None
    fixes: Sequence[Sequence[Any]] | None


_READINGS = 2
"""A fence may be drawn anew between the statement and the reading of its polygon; hardly twice."""


def load_frame(session: Session, asked: Asked) -> Frame:
    """Unavailable where fences change faster than they can be read."""
    session.flush()
    connection = session.connection()
    for _ in range(_READINGS):
        found = _ask(connection, asked)
        known = kept_of(connection.engine).update(
            lambda: nullcontext(session), found.changes, [place.fences for place in found.places]
        )
        frame = _frame(found, known)
        if frame is not None:
            return frame
    raise Unavailable("busy")


def _frame(found: _Found, known: Known) -> Frame | None:
    """None where somebody has drawn other fences meanwhile."""
    postings: dict[UUID, list[Place]] = {UUID(account_id): [] for account_id in found.accounts}
    fixes: dict[UUID, Trail] = defaultdict(Trail)
    for found_place in found.places:
        fences = known.fences_of(found_place.fences)
        if fences is None:
            return None
        place = _place(found_place, fences)
        postings[UUID(found_place.account_id)].append(place)
        for fix in found_place.fixes or ():
            fixes[place.id].add(fix_of(fix))
    devices: dict[str, set[UUID]] = defaultdict(set)
    for device_id, account_id in found.uses:
        devices[device_id].add(UUID(account_id))
    return Frame(known.law, postings, fixes, devices, bool(found.stored))


def _ask(connection: Connection, asked: Asked) -> _Found:
    account_ids, ids = ([each.hex for each in listed] for listed in (asked.accounts, asked.ids))
    ids_from, ids_to = days_of_all(asked.ids)
    days = {
        "first": (asked.first - RECENT).isoformat(),
        "ids_from": ids_from.isoformat(),
        "ids_to": ids_to.isoformat(),
    }
    if connection.dialect.name == "postgresql":
        # As one text each: a parameter an id would cost more than the question.
        listed = {name: f"{{{','.join(each)}}}" for name, each in (("accounts", account_ids), ("ids", ids))}
        parameters = {**listed, "devices": list(asked.devices), **days}
        row = connection.exec_driver_sql(FRAME_POSTGRESQL, parameters).one()
        changes, *found, stored = row
        accounts, places, uses = (each or [] for each in found)
    else:
        lists = {"accounts": account_ids, "ids": ids, "devices": list(asked.devices)}
        parameters = {**{name: json_text(each) for name, each in lists.items()}, **days}
        changes, *texts, stored = connection.exec_driver_sql(FRAME_SQLITE, parameters).one()
        accounts, places, uses = (orjson.loads(each) for each in texts)
    return _Found(changes, accounts, [_FoundPlace._make(place) for place in places], uses, stored)


def _place(found: _FoundPlace, fences: Sequence[Fence]) -> Place:
    return Place(
        UUID(found.id),
        found.county_code,
        found.township_code,
        found.village_code,
        UUID(found.unit_id),
        date.fromisoformat(found.starts_on),
        date.fromisoformat(found.ends_on) if found.ends_on else None,
        fences,
    )


def fix_of(stored: Sequence[Any]) -> Fix:
    """A fix as the statements write it: day and instant as texts, or as numbers, by which a database can compare fixes:
    first the instant's seconds since 1970, then the day's ordinal.
    """
    first, second, lng, lat, wgs84_lng, wgs84_lat = stored
    if isinstance(first, str):
        day, at = date.fromisoformat(first), instant_of(second)
    else:
        day, at = date.fromordinal(int(second)), datetime.fromtimestamp(first, UTC)
    return Fix(day, at, lng, lat, (wgs84_lng, wgs84_lat))
