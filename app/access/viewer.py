"""Who is asking. Role and scope are read from the database on each request, so a withdrawal holds at once."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from app.errors import Unauthenticated
from app.models import Account


class Role(StrEnum):
    CADRE = "cadre"
    TOWNSHIP = "township_officer"
    COUNTY = "county_officer"
    CITY = "city_officer"
    UNIT = "unit_officer"
    DASHBOARD = "dashboard"
    ADMIN = "admin"


AREA_ROLES = frozenset({Role.TOWNSHIP, Role.COUNTY, Role.CITY, Role.DASHBOARD})
"""Roles whose scope is an area."""

OFFICERS = frozenset({Role.TOWNSHIP, Role.COUNTY, Role.CITY, Role.UNIT})
"""Roles that read attendance by name."""


@dataclass(frozen=True, slots=True)
class Viewer:
    account_id: UUID
    role: Role
    name: str
    area_code: str | None
    unit_id: UUID | None
    cadre_id: UUID | None


def load_viewer(session: Session, account_id: UUID) -> Viewer:
    """The viewer as of now; Unauthenticated where the account is gone or switched off."""
    account = session.get(Account, account_id)
    if account is None or not account.active:
        raise Unauthenticated
    return viewer_of(account)


def viewer_of(account: Account) -> Viewer:
    return Viewer(
        account_id=account.id,
        role=Role(account.role),
        name=account.name,
        area_code=account.area_code,
        unit_id=account.unit_id,
        cadre_id=account.cadre_id,
    )
