"""Who is asking. Role and scope are read from the database on each request, so a withdrawal holds at once."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
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
    account = session.execute(_ACCOUNT, {"account_id": account_id}).one_or_none()
    if account is None:
        raise Unauthenticated
    return viewer_of(account)


_ACCOUNT = select(Account.id, Account.role, Account.name, Account.area_code, Account.unit_id, Account.cadre_id).where(
    Account.id == bindparam("account_id"), Account.active.is_(True)
)
"""Columns, not the mapped object: every request asks."""


def viewer_of(account: Any) -> Viewer:
    """Of an account, or of a row that has its columns."""
    return Viewer(
        account_id=account.id,
        role=Role(account.role),
        name=account.name,
        area_code=account.area_code,
        unit_id=account.unit_id,
        cadre_id=account.cadre_id,
    )
