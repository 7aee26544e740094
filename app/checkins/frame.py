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
from app.checkins.kept import Law, kept_of
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


def load_frame(session: Session, asked: Asked) -> Frame:
    session.flush()
    connection = session.connection()
    changes, accounts, places, uses, stored = _ask(connection, asked)
    known = kept_of(connection.engine).update(lambda: nullcontext(session), changes, [place[8] for place in places])
    postings: dict[UUID, list[Place]] = {UUID(account_id): [] for account_id in accounts}
    fixes: dict[UUID, Trail] = defaultdict(Trail)
    for account_id, *columns, found_fences, found in places:
        fences = known.fences_of(found_fences)
        if fences is None:
            return load_frame(session, asked)
        place = _place(columns, fences)
        postings[UUID(account_id)].append(place)
        for fix in found or ():
            fixes[place.id].add(fix_of(fix))
    devices: dict[str, set[UUID]] = defaultdict(set)
    for device_id, account_id in uses:
        devices[device_id].add(UUID(account_id))
    return Frame(known.law, postings, fixes, devices, bool(stored))


def _ask(connection: Connection, asked: Asked) -> tuple[str, list[Any], list[Any], list[Any], int]:
    accounts, ids = ([each.hex for each in given] for given in (asked.accounts, asked.ids))
    ids_from, ids_to = days_of_all(asked.ids)
    days = {
        "first": (asked.first - RECENT).isoformat(),
        "ids_from": ids_from.isoformat(),
        "ids_to": ids_to.isoformat(),
    }
    if connection.dialect.name == "postgresql":
        # As one text each: a parameter an id would cost more than the question.
        given = {"accounts": f"{{{','.join(accounts)}}}", "ids": f"{{{','.join(ids)}}}", "devices": list(asked.devices)}
        row = connection.exec_driver_sql(FRAME_POSTGRESQL, {**given, **days}).one()
        changes, *found, stored = row
        return changes, *(each or [] for each in found), stored
    given = {"accounts": json_text(accounts), "ids": json_text(ids), "devices": json_text(list(asked.devices))}
    changes, *texts, stored = connection.exec_driver_sql(FRAME_SQLITE, {**given, **days}).one()
    return changes, *(orjson.loads(each) for each in texts), stored


def _place(columns: Sequence[Any], fences: Sequence[Fence]) -> Place:
    posting_id, county_code, township_code, village_code, unit_id, starts_on, ends_on = columns
    return Place(
        UUID(posting_id),
        county_code,
        township_code,
        village_code,
        UUID(unit_id),
        date.fromisoformat(starts_on),
        date.fromisoformat(ends_on) if ends_on else None,
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
