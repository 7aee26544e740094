"""Signing in and the own account. Passwords are hashed between transactions, never inside one: SQLite has a single
writing connection, and PostgreSQL's are few.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import audit, backoff, tokens
from app.access.activation import code_matches
from app.access.call import Call, Visit, Visiting
from app.access.passwords import Passwords, require_acceptable
from app.access.random_secrets import secret_matches
from app.access.scope import visible
from app.access.viewer import Role, Viewer
from app.errors import Unauthenticated, Unprocessable
from app.identity import sessions
from app.identity.problems import ActivationFailed, InvalidClient, InvalidGrant
from app.identity.schemas import Me, OwnPosting, Tokens
from app.models import Account, Area, DispatchUnit, Posting
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """What signing somebody in takes."""

    visit: Visit
    keyring: tokens.KeyRing
    passwords: Passwords
    settings: Settings

    @property
    def refresh_lifetime(self) -> timedelta:
        return timedelta(days=self.settings.refresh_token_days)

    def tokens(self, account_id: UUID, refresh_token: str | None) -> Tokens:
        seconds = self.settings.access_token_seconds
        access = tokens.issue(self.keyring, account_id, self.visit.now, timedelta(seconds=seconds))
        return Tokens(access_token=access, expires_in=seconds, refresh_token=refresh_token)


def get_desk(request: Request, visit: Visiting) -> Desk:
    state = request.app.state
    return Desk(visit, state.keyring, state.passwords, state.settings)


SigningIn = Annotated[Desk, Depends(get_desk)]


def sign_in(desk: Desk, login: str, password: str) -> Tokens:
    """A person's first pair of tokens."""
    account = _attempt(desk.visit, login)
    stored = account.password_hash if account and account.active and account.role != Role.DASHBOARD else None
    if not desk.passwords.matches(password, stored):
        raise InvalidGrant.password()
    with desk.visit.database.writing() as session:
        account = _unchanged(session, login, stored)
        if account is None:
            raise InvalidGrant.password()
        backoff.forget_attempts(session, login, desk.visit.address)
        refresh = sessions.start_family(session, account, desk.visit.now, desk.refresh_lifetime)
    return desk.tokens(account.id, refresh)


def sign_in_client(desk: Desk, client_id: str, client_secret: str) -> Tokens:
    """A dashboard's access token; it asks again when that runs out, so it gets no refresh token."""
    account = _attempt(desk.visit, client_id)
    stored = account.password_hash if account and account.active and account.role == Role.DASHBOARD else None
    if account is None or not secret_matches(client_secret, stored):
        raise InvalidClient
    with desk.visit.database.writing() as session:
        backoff.forget_attempts(session, client_id, desk.visit.address)
    return desk.tokens(account.id, None)


def refresh(desk: Desk, refresh_token: str) -> Tokens:
    with desk.visit.database.writing() as session:
        rotated = sessions.rotate(session, refresh_token, desk.visit.now, desk.refresh_lifetime)
    # Only now: the end of a family that was replayed has to outlive this refusal.
    if rotated is None:
        raise InvalidGrant.refresh_token()
    return desk.tokens(rotated.account_id, rotated.refresh_token)


def revoke(visit: Visit, refresh_token: str) -> None:
    with visit.database.writing() as session:
        sessions.revoke_family(session, refresh_token, visit.now)


def activate(desk: Desk, login: str, code: str, password: str) -> Tokens:
    """The first password, set with the one-time code; signs in at once."""
    require_acceptable(password, login, "/password")
    now = desk.visit.now
    account = _attempt(desk.visit, login)
    if account is None or not account.active or not code_matches(account, code, now):
        raise ActivationFailed
    password_hash = desk.passwords.hash(password)
    with desk.visit.database.writing() as session:
        account = _locked(session, login)
        if account is None or not account.active or not code_matches(account, code, now):
            raise ActivationFailed
        account.password_hash = password_hash
        account.activation_hash = account.activation_expires_at = None
        backoff.forget_attempts(session, login, desk.visit.address)
        sessions.revoke_all(session, account.id, now)
        refresh_token = sessions.start_family(session, account, now, desk.refresh_lifetime)
        _record(session, desk, "account.activated", account)
    return desk.tokens(account.id, refresh_token)


def _record(session: Session, desk: Desk, action: str, account: Account) -> None:
    """Put on record that the account's own holder did this."""
    at, by = desk.visit.now, account.id
    audit.record(session, chain=audit.SERVICE, at=at, by=by, action=action, target=str(account.id))


def change_password(desk: Desk, viewer: Viewer, current: str, new: str) -> None:
    """Ends every refresh-token family of the account: whoever knew the old password is out."""
    with desk.visit.database.reading() as session:
        login = session.scalars(select(Account.login).where(Account.id == viewer.account_id)).one()
    require_acceptable(new, login, "/new_password")
    account = _attempt(desk.visit, login)
    stored = account.password_hash if account else None
    if not desk.passwords.matches(current, stored):
        raise Unprocessable.field(
            "/current_password", "wrong_password", "当前密码不正确", "the current password is wrong"
        )
    password_hash = desk.passwords.hash(new)
    with desk.visit.database.writing() as session:
        account = _unchanged(session, login, stored)
        if account is None:
            raise Unauthenticated
        account.password_hash = password_hash
        backoff.forget_attempts(session, login, desk.visit.address)
        sessions.revoke_all(session, account.id, desk.visit.now)
        _record(session, desk, "account.password_changed", account)


def describe_me(call: Call) -> Me:
    viewer = call.viewer
    return Me(
        id=viewer.account_id,
        name=viewer.name,
        role=viewer.role,
        area_code=viewer.area_code,
        unit_id=viewer.unit_id,
        posting=_own_posting(call) if viewer.role is Role.CADRE else None,
    )


def _attempt(visit: Visit, login: str) -> Account | None:
    """Count the attempt, committed whatever becomes of it, and read the account."""
    with visit.database.writing() as session:
        backoff.take_attempt(session, login, visit.address, visit.now)
        return _by_login(session, login)


def _by_login(session: Session, login: str, *, lock: bool = False) -> Account | None:
    if "\x00" in login or not login.isprintable():
        return None
    query = select(Account).where(Account.login == login)
    return session.scalar(query.with_for_update() if lock else query)


def _locked(session: Session, login: str) -> Account | None:
    return _by_login(session, login, lock=True)


def _unchanged(session: Session, login: str, password_hash: str | None) -> Account | None:
    """The account, locked, unless somebody switched it off or changed its password while ours was being checked."""
    account = _locked(session, login)
    if account is None or not account.active or account.password_hash != password_hash:
        return None
    return account


def _own_posting(call: Call) -> OwnPosting | None:
    row = call.session.execute(
        select(Posting, Area.name, DispatchUnit.name)
        .join(Area, Area.code == Posting.village_code)
        .join(DispatchUnit, DispatchUnit.id == Posting.unit_id)
        .where(visible(call.viewer, Posting), Posting.held_on(call.today))
        .order_by(Posting.starts_on.desc(), Posting.id)
        .limit(1)
    ).first()
    if row is None:
        return None
    posting, village, unit = row
    return OwnPosting(
        id=posting.id,
        village_code=posting.village_code,
        village=village,
        duty=posting.duty,
        unit=unit,
        starts_on=posting.starts_on,
        ends_on=posting.ends_on,
    )
