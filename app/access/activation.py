"""One-time codes with which a new user sets the first password.

A code is random and long enough that a fast hash of it is safe to store; the login backoff bounds the guesses.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from hmac import compare_digest

from app.models import Account

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0, O, 1, I and L, which look alike on paper."""
_GROUPS = 3
_GROUP_LENGTH = 4


def new_code() -> tuple[str, str]:
    """A fresh code as it is handed out ("K7QM-2XRB-9TDE"), and the hash of it to be stored."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    plain = "-".join(groups)
    return plain, hash_code(plain)


def hash_code(plain: str) -> str:
    """The same for a code however it was typed: small letters, spaces and missing hyphens do not matter."""
    typed = "".join(character for character in plain.upper() if character.isalnum())
    return hashlib.sha256(typed.encode()).hexdigest()


def issue_activation_code(account: Account, now: datetime, days: int) -> str:
    """Give the account a new code, valid for `days`; an earlier one is void. The plain code is nowhere stored."""
    plain, account.activation_hash = new_code()
    account.activation_expires_at = now + timedelta(days=days)
    return plain


def code_matches(account: Account, plain: str, now: datetime) -> bool:
    """Whether this is the account's code and it has not run out (its last instant is exclusive)."""
    if account.activation_hash is None or account.activation_expires_at is None:
        return False
    return now < account.activation_expires_at and compare_digest(account.activation_hash, hash_code(plain))
