"""The administrator's accounts: officers and dashboards. Cadres' accounts come with the roster."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.access import audit
from app.access.activation import issue_activation_code
from app.access.call import Call
from app.access.random_secrets import hash_secret, new_secret
from app.access.viewer import Role
from app.errors import Conflict, NotFound, Unprocessable
from app.identity import sessions
from app.identity.schemas import AccountChange, AccountOut, AccountWithSecret, NewAccount
from app.ids import new_id
from app.models import Account, Area, DispatchUnit
from app.policy.areas import LEVEL_LABELS_ZH

AREA_LEVELS_OF_ROLE: dict[Role, tuple[str, ...]] = {
    Role.TOWNSHIP: ("township",),
    Role.COUNTY: ("county",),
    Role.CITY: ("city",),
    Role.DASHBOARD: ("province", "city", "county", "township"),
}


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an answer shows once."""

    activation_code: str | None = None
    client_secret: str | None = None


def describe(account: Account) -> AccountOut:
    return AccountOut(**_described(account))


def matching(role: Role | None, area: str | None, active: bool | None) -> list[ColumnElement[bool]]:
    wanted = []
    if role is not None:
        wanted.append(Account.role == role)
    if area is not None:
        wanted.append(Account.area_code == area)
    if active is not None:
        wanted.append(Account.active.is_(active))
    return wanted


def create(call: Call, body: NewAccount, activation_days: int) -> AccountWithSecret:
    role = Role(body.role)
    _require_place(call.session, role, body.area_code, body.unit_id)
    if call.session.scalar(select(Account.id).where(Account.login == body.login)) is not None:
        raise Conflict("login_taken", "登录名已被使用。", "The login is taken.")
    account = Account(
        id=new_id(),
        login=body.login,
        name=body.name,
        role=role,
        area_code=body.area_code,
        unit_id=body.unit_id,
        active=True,
        created_at=call.now,
    )
    call.session.add(account)
    secrets = _new_secrets(account, call, activation_days)
    call.session.flush()
    _record(call, "account.created", account, role=role, area_code=body.area_code, unit_id=body.unit_id)
    return _with(account, secrets)


def change(call: Call, account_id: UUID, body: AccountChange, activation_days: int) -> AccountWithSecret:
    sent = body.model_dump(exclude_unset=True)
    if not {"active", "role"}.isdisjoint(sent):
        # Taken before the account itself, always: two administrators who switch each other off wait here.
        call.session.execute(select(Account.id).where(_IS_ADMIN).order_by(Account.id).with_for_update())
    account = call.session.get(Account, account_id, with_for_update=True)
    if account is None:
        raise NotFound
    _require_allowed(account, body, sent)
    needed = _IS_ADMIN & _CAN_SIGN_IN if _is_working_admin(account) else _IS_ADMIN
    fields = {name: sent[name] for name in ("name", "role", "area_code", "unit_id", "active") if name in sent}
    for name, value in fields.items():
        setattr(account, name, value)
    if account.role != Role.CADRE:
        _require_place(call.session, Role(account.role), account.area_code, account.unit_id)
    if not account.active:
        sessions.revoke_all(call.session, account.id, call.now)
    secrets = _wanted_secrets(account, body, call, activation_days)
    call.session.flush()
    _require_an_admin(call.session, needed)
    recorded = {name: value for name, value in fields.items() if name != "name"}
    renewed = [name for name in ("new_activation_code", "new_client_secret") if sent.get(name)]
    _record(call, "account.changed", account, changed=sorted(fields), renewed=renewed, **recorded)
    return _with(account, secrets)


def require_no_admin(session: Session) -> None:
    if session.scalar(select(Account.id).where(Account.role == Role.ADMIN).limit(1)) is not None:
        raise Conflict(
            "admin_exists",
            "已有管理员，请由其在账号管理中新建其他账号。",
            "There is an administrator already, who makes the other accounts.",
        )


def create_first_admin(session: Session, body: NewAccount, password_hash: str, now: datetime) -> None:
    """An installation's first account; nobody is signed in to ask for it, so nobody stands behind it on record."""
    require_no_admin(session)
    account = Account(
        id=new_id(),
        login=body.login,
        name=body.name,
        role=Role.ADMIN,
        active=True,
        password_hash=password_hash,
        created_at=now,
    )
    session.add(account)
    session.flush()
    audit.record(
        session,
        chain=audit.SERVICE,
        at=now,
        by=None,
        action="account.created",
        target=str(account.id),
        role=Role.ADMIN,
    )


def _require_allowed(account: Account, body: AccountChange, sent: Collection[str]) -> None:
    for name in ("name", "role", "active"):
        if name in sent and getattr(body, name) is None:
            raise Unprocessable.field(f"/{name}", "missing", "此项不能为空", "may not be empty")
    if account.role == Role.CADRE:
        for name in ("name", "role", "area_code", "unit_id"):
            if name in sent:
                raise Unprocessable.field(
                    f"/{name}", "kept_by_roster", "驻村干部的信息由花名册维护", "the roster keeps cadres' data"
                )
    if "role" in sent and Role.DASHBOARD in {account.role, body.role} and account.role != body.role:
        raise Unprocessable.field(
            "/role",
            "role_fixed",
            "看板程序与人员账号不能互换，请另建账号",
            "a dashboard can't become a person, nor a person a dashboard",
        )
    if body.new_activation_code and account.role == Role.DASHBOARD:
        raise Unprocessable.field(
            "/new_activation_code", "not_a_person", "看板程序使用密钥，不使用激活码", "dashboards have a secret"
        )
    if body.new_client_secret and account.role != Role.DASHBOARD:
        raise Unprocessable.field(
            "/new_client_secret", "not_a_dashboard", "只有看板程序使用密钥", "only dashboards have a secret"
        )


def _require_place(session: Session, role: Role, area_code: str | None, unit_id: UUID | None) -> None:
    """A role belongs to an area of its level, to a unit, or to nothing; whatever else is named is a mistake."""
    levels = AREA_LEVELS_OF_ROLE.get(role, ())
    if not levels and area_code is not None:
        raise Unprocessable.field("/area_code", "not_for_role", "该角色不属于区划", "this role has no area")
    if levels:
        area = session.get(Area, area_code) if area_code else None
        if area is None or area.level not in levels:
            wanted = "、".join(LEVEL_LABELS_ZH[level] for level in levels)
            raise Unprocessable.field(
                "/area_code",
                "wrong_area_level",
                f"该角色须指定已有的{wanted}级区划",
                f"this role needs an existing area of the level {' or '.join(levels)}",
            )
    if role is not Role.UNIT and unit_id is not None:
        raise Unprocessable.field("/unit_id", "not_for_role", "该角色不属于派出单位", "this role has no unit")
    if role is Role.UNIT and (unit_id is None or session.get(DispatchUnit, unit_id) is None):
        raise Unprocessable.field(
            "/unit_id", "unknown_unit", "该角色须指定已有的派出单位", "this role needs an existing dispatch unit"
        )


_IS_ADMIN = (Account.role == Role.ADMIN) & Account.active.is_(True)
_CAN_SIGN_IN = Account.password_hash.is_not(None)
"""Not so before the account has been activated."""


def _is_working_admin(account: Account) -> bool:
    return account.role == Role.ADMIN and account.active and account.password_hash is not None


def _require_an_admin(session: Session, needed: ColumnElement[bool]) -> None:
    if session.scalar(select(Account.id).where(needed).limit(1)) is None:
        raise Conflict(
            "last_admin",
            "至少要保留一个启用并已激活的管理员账号。",
            "At least one administrator who can sign in has to remain.",
        )


def _wanted_secrets(account: Account, body: AccountChange, call: Call, activation_days: int) -> Secrets:
    if body.new_activation_code or body.new_client_secret:
        return _new_secrets(account, call, activation_days)
    return Secrets()


def _new_secrets(account: Account, call: Call, activation_days: int) -> Secrets:
    if account.role == Role.DASHBOARD:
        plain = new_secret()
        account.password_hash = hash_secret(plain)
        return Secrets(client_secret=plain)
    return Secrets(activation_code=issue_activation_code(account, call.now, activation_days))


def _record(call: Call, action: str, account: Account, **details: object) -> None:
    call.audit(
        chain=audit.SERVICE,
        action=action,
        target=str(account.id),
        **details,
    )


def _with(account: Account, secrets: Secrets) -> AccountWithSecret:
    return AccountWithSecret(
        **_described(account), activation_code=secrets.activation_code, client_secret=secrets.client_secret
    )


def _described(account: Account) -> dict[str, Any]:
    columns = ("id", "login", "name", "role", "area_code", "unit_id", "cadre_id", "active")
    return {
        **{name: getattr(account, name) for name in columns},
        "activated": account.password_hash is not None,
        "activation_expires_at": account.activation_expires_at,
        "created_at": account.created_at,
    }
