"""Check-ins as phones send them."""

import asyncio
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID, uuid4

import orjson
from sqlalchemy import delete, select

from app.checkins.judging import Submission
from app.checkins.lane import Lane
from app.checkins.lane_group import Answer, GroupRecorder, Odd
from app.checkins.lane_store import open_store
from app.checkins.recording import record_check_ins
from app.checkins.schemas import CheckInIn, CheckInOut
from app.checkins.service import answer_to
from app.errors import Problem
from app.models import (
    CheckIn,
    Correction,
    DayEntry,
    DayHead,
    DayRevision,
    DeviceUse,
    Fence,
    Leave,
    Outage,
    Registration,
    StrayCheckIn,
    Whereabouts,
)
from tests.support.world import CENTER

METRE_NORTH = 1 / 110_940
"""Degrees of latitude at the villages, near enough for a metre in a kilometre."""

WRITTEN = (CheckIn, DayEntry, DayRevision, DeviceUse, StrayCheckIn)


def body(captured_at="2026-11-23T08:05:00+08:00", lng=CENTER[0], lat=CENTER[1], **position):
    return {
        "id": str(uuid4()),
        "captured_at": captured_at,
        "position": {"lng": lng, "lat": lat, "datum": "wgs84", "accuracy_m": 18, **position},
        "device_id": "a3f0",
        "note": "入户走访",
    }


def square(lng: float, lat: float, side: float = 0.02) -> dict:
    """A polygon around a point; the villages' circles are about as large."""
    west, east, south, north = lng - side, lng + side, lat - side, lat + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"polygon": {"type": "Polygon", "coordinates": [ring]}}


def replace_fence(session, village: str, geometry: dict, now: datetime) -> None:
    """As a county draws a village's fence anew."""
    session.execute(delete(Fence).where(Fence.area_code == village))
    session.add(Fence(area_code=village, geometry=geometry, drawn=geometry, created_at=now, created_by=None))


def id_made_at(instant: datetime, number: int = 0) -> UUID:
    """The UUIDv7 that a phone makes."""
    milliseconds = int(instant.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | number)


def submission(world, who: str, sent: dict) -> Submission:
    return Submission(world.accounts[who], CheckInIn.model_validate(sent))


def generally(world, submissions: list[Submission], now: datetime) -> list[tuple[int, object]]:
    """What the general way answers."""
    with world.database.writing() as session:
        outcomes = record_check_ins(session, submissions, now)
    return [
        (outcome.status, outcome.code)
        if isinstance(outcome, Problem)
        else (201 if outcome.created else 200, answered(orjson.dumps(answer_to(outcome))))
        for outcome in outcomes
    ]


def answered(content: bytes) -> dict:
    """What a client reads, which is what the contract says."""
    return CheckInOut.model_validate_json(content).model_dump(mode="json")


def in_lane(recorder: GroupRecorder, world, submissions: list[Submission], now: datetime) -> list[tuple[int, object]]:
    """What the lane answers for a group; the odd ones go the general way after it."""
    found = []
    for sent, outcome in zip(submissions, recorder.record(submissions, now), strict=True):
        if isinstance(outcome, Odd):
            found.append(generally(world, [sent], now)[0])
        elif isinstance(outcome, Answer):
            found.append((outcome.status, answered(outcome.content)))
        else:
            found.append((outcome.status, outcome.code))
    return found


@contextmanager
def recorder_of(world):
    store = open_store(world.database)
    try:
        yield GroupRecorder(world.database, store)
    finally:
        store.close()


def ledger(world) -> dict[str, list]:
    """Every row that a check-in writes, but for when heads were counted."""
    found = {}
    with world.database.reading() as session:
        for model in WRITTEN:
            columns = list(model.__table__.columns)
            key = list(model.__table__.primary_key)
            found[model.__tablename__] = [tuple(row) for row in session.execute(select(*columns).order_by(*key))]
    return found


def forget(world) -> None:
    """Nothing has happened yet."""
    with world.database.writing() as session:
        for model in (*WRITTEN, DayHead, Registration, Correction, Leave, Whereabouts, Outage):
            session.execute(delete(model))


async def through(lane: Lane, submissions: list[Submission]) -> list:
    return await asyncio.gather(*(lane.record(one) for one in submissions), return_exceptions=True)
