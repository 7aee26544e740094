"""Access tokens: ES256 JWTs of ten minutes, signed and verified here and nowhere else.

python-jose leaves much to its caller, so everything is stated: one algorithm, a key from our own set by `kid`, every
claim required, the size bounded before anything is parsed; whatever goes wrong is a 401.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jws, jwt
from jose.backends.cryptography_backend import CryptographyECKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Unauthenticated
from app.ids import new_id
from app.models import SigningKey

ISSUER = "zaigang"
AUDIENCE = "zaigang-api"
ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - the media type of RFC 9068, no secret
MAX_TOKEN_BYTES = 2048
RELOAD_SECONDS = 5.0
_HEADER_KEYS = {"alg", "kid", "typ"}
_CLAIMS = ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")


@dataclass(frozen=True, slots=True)
class Key:
    """A key built once; building it costs more than verifying with it."""

    kid: str
    private: CryptographyECKey
    public: CryptographyECKey
    retired: bool


class KeyRing:
    """The signing keys of this process, read from the database again when a token names an unknown one."""

    def __init__(self, load: Callable[[], list[SigningKey]]) -> None:
        self._load = load
        self._keys: dict[str, Key] = {}
        self._loaded_at = float("-inf")
        self._lock = threading.Lock()

    def signing(self) -> Key:
        """The newest key that is not retired."""
        self._refresh(force=not self._keys)
        live = [key for key in self._keys.values() if not key.retired]
        if not live:
            self._refresh(force=True)
            live = [key for key in self._keys.values() if not key.retired]
        return live[-1]

    def verifying(self, kid: str) -> Key | None:
        if kid not in self._keys:
            self._refresh(force=False)
        return self._keys.get(kid)

    def public_jwks(self) -> dict[str, list[dict[str, Any]]]:
        self._refresh(force=not self._keys)
        jwks = []
        for key in self._keys.values():
            public = {name: _text(value) for name, value in key.public.to_dict().items()}
            jwks.append({**public, "kid": key.kid, "use": "sig", "alg": ALGORITHM})
        return {"keys": jwks}

    def reload(self) -> None:
        self._refresh(force=True)

    def _refresh(self, *, force: bool) -> None:
        with self._lock:
            if not force and time.monotonic() - self._loaded_at < RELOAD_SECONDS:
                return
            self._keys = {row.kid: _build(row) for row in self._load()}
            self._loaded_at = time.monotonic()


def _text(value: object) -> object:
    return value.decode("ascii") if isinstance(value, bytes) else value


def _build(row: SigningKey) -> Key:
    private = CryptographyECKey(row.private_pem, ALGORITHM)
    return Key(row.kid, private, private.public_key(), row.retired_at is not None)


def create_signing_key(session: Session, now: datetime) -> SigningKey:
    """A new key; from its commit on it signs, and the older ones go on verifying."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key = SigningKey(kid=new_id().hex, private_pem=pem.decode("ascii"), created_at=now, retired_at=None)
    session.add(key)
    return key


def load_signing_keys(session: Session) -> list[SigningKey]:
    return list(session.scalars(select(SigningKey).order_by(SigningKey.created_at, SigningKey.kid)))


def issue(ring: KeyRing, account_id: UUID, now: datetime, lifetime: timedelta) -> str:
    key = ring.signing()
    issued = int(now.timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(account_id),
        "jti": new_id().hex,
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(lifetime.total_seconds()),
    }
    return str(jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": TOKEN_TYPE}))


def verify(ring: KeyRing, token: str, now: datetime) -> UUID:
    """The account that a token speaks for; Unauthenticated for every token that is not wholly in order."""
    if len(token) > MAX_TOKEN_BYTES or not token.isascii():
        raise Unauthenticated
    try:
        header = jws.get_unverified_header(token)
        if set(header) - _HEADER_KEYS or header.get("typ") != TOKEN_TYPE or header.get("alg") != ALGORITHM:
            raise Unauthenticated
        key = ring.verifying(str(header["kid"]))
        if key is None:
            raise Unauthenticated
        claims = jwt.decode(
            token,
            key.public,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            # Times are checked below against our own clock.
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        return _subject(claims, now)
    except Unauthenticated:
        raise
    except Exception as error:
        raise Unauthenticated from error


def _subject(claims: dict[str, Any], now: datetime) -> UUID:
    if any(claims.get(name) is None for name in _CLAIMS):
        raise Unauthenticated
    instant = now.timestamp()
    leeway_seconds = 5  # clocks of several servers
    if not (claims["nbf"] - leeway_seconds <= instant < claims["exp"]):
        raise Unauthenticated
    return UUID(claims["sub"])
