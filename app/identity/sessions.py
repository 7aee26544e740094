"""Families of refresh tokens. Each token is good for one use; whoever uses one twice ends its family, because one of
the two users has stolen it.

A token is `<family>.<secret>`. Of a family only the newest token and the one before it are kept: anything older that
names the family is a replay all the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Update, delete, select, update
from sqlalchemy.orm import Session

from app.access.random_secrets import hash_secret, new_secret
from app.ids import new_id
from app.models import Account, RefreshToken


@dataclass(frozen=True, slots=True)
class Rotated:
    account_id: UUID
    refresh_token: str


def start_family(session: Session, account: Account, now: datetime, lifetime: timedelta) -> str:
    """A first refresh token; also sweeps away what the account has left over."""
    session.execute(delete(RefreshToken).where(RefreshToken.account_id == account.id, RefreshToken.expires_at <= now))
    return _add(session, account.id, new_id(), now, lifetime)


def rotate(session: Session, token: str, now: datetime, lifetime: timedelta) -> Rotated | None:
    """The next token in exchange for this one; None where it does not hold. A replay ends the family in this
    transaction, so the caller commits before refusing.
    """
    found = session.scalar(select(RefreshToken).where(RefreshToken.token_hash == hash_secret(token)).with_for_update())
    if found is None or found.used_at is not None:
        revoke_family(session, token, now)
        return None
    account = session.get(Account, found.account_id)
    if found.revoked_at is not None or now >= found.expires_at or account is None or not account.active:
        return None
    session.execute(
        delete(RefreshToken).where(
            RefreshToken.family_id == found.family_id, RefreshToken.token_hash != found.token_hash
        )
    )
    found.used_at = now
    return Rotated(found.account_id, _add(session, found.account_id, found.family_id, now, lifetime))


def revoke_family(session: Session, token: str, now: datetime) -> None:
    """End the family that a token names, whichever of its tokens it is; nothing happens where there is none."""
    family_id = _family_of(token)
    if family_id is not None:
        session.execute(_revoking(now).where(RefreshToken.family_id == family_id))


def revoke_all(session: Session, account_id: UUID, now: datetime) -> None:
    """End every family of an account."""
    session.execute(_revoking(now).where(RefreshToken.account_id == account_id))


def _revoking(now: datetime) -> Update:
    return update(RefreshToken).where(RefreshToken.revoked_at.is_(None)).values(revoked_at=now)


def _family_of(token: str) -> UUID | None:
    try:
        return UUID(hex=token.partition(".")[0])
    except ValueError:
        return None


def _add(session: Session, account_id: UUID, family_id: UUID, now: datetime, lifetime: timedelta) -> str:
    token = f"{family_id.hex}.{new_secret()}"
    session.add(
        RefreshToken(
            token_hash=hash_secret(token),
            family_id=family_id,
            account_id=account_id,
            issued_at=now,
            expires_at=now + lifetime,
        )
    )
    session.flush()
    return token
