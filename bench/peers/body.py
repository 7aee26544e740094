"""The body that all of them take: the fields of a check-in."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class Position(BaseModel):
    lng: float
    lat: float
    datum: Literal["wgs84", "gcj02", "bd09"]
    accuracy_m: float | None = None
    fixed_at: datetime | None = None
    mock: bool | None = None


class CheckIn(BaseModel):
    id: UUID
    captured_at: datetime
    position: Position
    device_id: str | None = None
    note: str | None = None


class Answer(BaseModel):
    id: UUID
    status: str
