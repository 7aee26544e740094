"""Stopgap."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from app.policy.attendance import Status


@dataclass(frozen=True, slots=True)
class Delta:
    county_code: str
    date: date
    village_code: str
    unit_id: UUID
    before: tuple[Status, bool] | None
    after: tuple[Status, bool] | None


def apply(session: Session, deltas: Iterable[Delta]) -> None: ...


def rebuild(session: Session, county_codes: Sequence[str], day: date) -> None: ...
