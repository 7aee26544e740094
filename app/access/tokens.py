"""Access tokens: ES256 JWTs of ten minutes, signed and verified here and nowhere else.

python-jose leaves much to its caller, so everything is stated: one algorithm, a key from our own set by `kid`, every
claim required and of its type, the size and the alphabet bounded before anything is parsed; whatever goes wrong is
a 401.
"""

import hmac
import re
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import structlog
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jose import jwt
from jose.backends.cryptography_backend import CryptographyECKey
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.errors import Problem, Unauthenticated, Unavailable
from app.ids import new_id
from app.models import SigningKey

log = structlog.get_logger()

ISSUER = "zaigang"
AUDIENCE = "zaigang-api"
ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - the media type of RFC 9068, no secret
MAX_TOKEN_BYTES = 2048
RELOAD_SECONDS = 5.0
"""How often a new key is looked for at most: a flood of made-up `kid`s does not become a flood of queries."""
STALE_SECONDS = 60.0
"""How long a retired or withdrawn key can go unnoticed."""
LONGEST_LIFETIME = timedelta(hours=1)
"""What the settings allow at most; so long a retired key goes on verifying."""
CLOCK_LEEWAY_SECONDS = 5
"""Clocks of several servers differ; for `nbf` and `iat` alone, a token ends exactly at `exp`."""

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""python-jose skips characters outside the alphabet, so that one token would have many spellings."""
_HEADER_KEYS = {"alg", "kid", "typ"}


class RepeatableKey(CryptographyECKey):
    """Signs the same bytes with the same signature (RFC 6979), so that its holder can check one by making it again."""

    _MODE = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)

    def sign(self, msg: bytes) -> bytes:
        numbers = decode_dss_signature(self.prepared_key.sign(msg, self._MODE))
        return b"".join(number.to_bytes(32, "big") for number in numbers)


@dataclass(frozen=True, slots=True)
class Key:
    """A key built once; building it costs more than verifying with it."""

    kid: str
    private: RepeatableKey
    public: CryptographyECKey
    retired_at: datetime | None

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is this key's of `message`. Making it anew costs a third of what verifying costs, and
        decides for every token of ours; one that was signed with another nonce is verified.
        """
        if hmac.compare_digest(self.private.sign(message), signature):
            return True
        return bool(self.public.verify(message, signature))  # type: ignore[no-untyped-call]

    def verifies_at(self, now: datetime) -> bool:
        """A retired key outlives the last token that it signed, and no more: whoever finds it later can't use it."""
        return self.retired_at is None or now < self.retired_at + LONGEST_LIFETIME


class KeyRing:
    """The signing keys of this process, read from the database again every few seconds at most.

    While the database is away the keys in hand go on verifying: a phone must not be told that its token is no good
    because nobody could look. Whoever needs a key that is not in hand is told to come back (Unavailable).
    """

    def __init__(self, load: Callable[[], list[SigningKey]], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._monotonic = monotonic
        self._keys: dict[str, Key] = {}
        self._loaded_at = self._failed_at = float("-inf")
        self._lock = threading.Lock()

    def signing(self) -> Key:
        """The newest key that is not retired."""
        self._refresh(RELOAD_SECONDS)
        if not self._that_sign():
            self.reload()
        if not (keys := self._that_sign()):
            raise Unavailable
        return keys[-1]

    def verifying(self, kid: str) -> Key | None:
        """The database is asked if need be, so not on the event loop: those who have its connections need the loop."""
        if kid in self._keys:
            self._refresh(STALE_SECONDS)
        else:
            self._refresh(RELOAD_SECONDS)
            if kid not in self._keys and self._failed_at > self._loaded_at:
                raise Unavailable("database_unavailable")
        return self._keys.get(kid)

    def in_hand(self, kid: str) -> Key | None:
        """As `verifying`, without the database: None also where that would have to be asked."""
        fresh = self._monotonic() - self._loaded_at < STALE_SECONDS
        return self._keys.get(kid) if fresh else None

    def public_keys(self, now: datetime) -> list[dict[str, str]]:
        """The keys that verify now, as JWKs (RFC 7517)."""
        self._refresh(RELOAD_SECONDS)
        return [
            {**_public_jwk(key.public), "kid": key.kid, "use": "sig", "alg": ALGORITHM}
            for key in self._keys.values()
            if key.verifies_at(now)
        ]

    def reload(self) -> None:
        self._refresh(0)

    def _that_sign(self) -> list[Key]:
        return [key for key in self._keys.values() if key.retired_at is None]

    def _refresh(self, oldest_seconds: float) -> None:
        if self._rests(oldest_seconds):
            return
        with self._lock:
            if self._rests(oldest_seconds):
                return
            try:
                rows = self._load()
            except SQLAlchemyError:
                self._failed_at = self._monotonic()
                if not self._keys:
                    raise
                log.warning("signing_keys_unread", exc_info=True)
            else:
                self._keys = {row.kid: _build(row) for row in rows}
                self._loaded_at = self._monotonic()

    def _rests(self, oldest_seconds: float) -> bool:
        """Whether the last look at the database is recent enough, or the last try that failed is."""
        at = self._monotonic()
        return at - self._loaded_at < oldest_seconds or (bool(self._keys) and at - self._failed_at < RELOAD_SECONDS)


def _public_jwk(key: CryptographyECKey) -> dict[str, str]:
    described: Mapping[str, str] = key.to_dict()  # type: ignore[no-untyped-call]
    return {name: described[name] for name in ("kty", "crv", "x", "y")}


def _build(row: SigningKey) -> Key:
    private = RepeatableKey(row.private_pem, ALGORITHM)
    return Key(row.kid, private, private.public_key(), row.retired_at)  # type: ignore[no-untyped-call]


def create_signing_key(session: Session, now: datetime) -> SigningKey:
    """A new key; from its commit on it signs, and the older ones go on verifying."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key = SigningKey(kid=new_id().hex, private_pem=pem.decode("ascii"), created_at=now, retired_at=None)
    session.add(key)
    return key


def ensure_signing_key(session: Session, now: datetime) -> None:
    """Create the first key, where there is none that signs."""
    if session.scalar(select(SigningKey.kid).where(SigningKey.retired_at.is_(None)).limit(1)) is None:
        create_signing_key(session, now)
        session.flush()


def rotate_signing_keys(session: Session, now: datetime, *, withdraw: bool = False) -> SigningKey:
    """A new key takes over; those before it are retired, and deleted once no token of theirs can be alive. `withdraw`
    deletes them now: whoever holds an access token has to fetch a new one.
    """
    for key in load_signing_keys(session):
        if withdraw or (key.retired_at is not None and now >= key.retired_at + LONGEST_LIFETIME):
            session.delete(key)
        elif key.retired_at is None:
            key.retired_at = now
    return create_signing_key(session, now)


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
    """The account that a token speaks for; Unauthenticated for every token that is not wholly in order, Unavailable
    where its key would have to be read and can't be. Not on the event loop (`verify_at_once`).
    """
    return _verified(ring.verifying, token, now)


def verify_at_once(ring: KeyRing, token: str, now: datetime) -> UUID | None:
    """As `verify`, by the keys in hand; None for every other token, which may be in order all the same."""
    try:
        return _verified(ring.in_hand, token, now)
    except Unauthenticated:
        return None


def _verified(key_of: Callable[[str], Key | None], token: str, now: datetime) -> UUID:
    """The signature is checked before the claims are parsed, and nothing is done twice: a morning's tokens are all
    different, so no cache would help.
    """
    if len(token) > MAX_TOKEN_BYTES or not _SHAPE.fullmatch(token):
        raise Unauthenticated
    try:
        return _subject(orjson.loads(_signed_claims(key_of, token, now)), now)
    except (Problem, SQLAlchemyError):
        raise
    except Exception as error:
        # The libraries raise TypeError, RecursionError and more for tokens made to break them.
        raise Unauthenticated from error


def _signed_claims(key_of: Callable[[str], Key | None], token: str, now: datetime) -> bytes:
    signed, _, signature = token.rpartition(".")
    header, _, claims = signed.partition(".")
    key = key_of(_kid_of(header))
    if key is None or not key.verifies_at(now):
        raise Unauthenticated
    if not key.signed(signed.encode("ascii"), _decoded(signature)):
        raise Unauthenticated
    return _decoded(claims)


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "==")  # more padding than needed is fine


@lru_cache(maxsize=64)
def _kid_of(header: str) -> str:
    """The key that a header names. All tokens of one key have the same header."""
    named = orjson.loads(_decoded(header))
    if set(named) != _HEADER_KEYS or named["typ"] != TOKEN_TYPE or named["alg"] != ALGORITHM:
        raise Unauthenticated
    return _text(named["kid"])


def _subject(claims: Mapping[str, Any], now: datetime) -> UUID:
    """Whoever the claims name; a claim that is missing is a KeyError."""
    expires, issued, begins = claims["exp"], claims["iat"], claims["nbf"]
    subject, token_id = claims["sub"], claims["jti"]
    if not (type(expires) is type(issued) is type(begins) is int and type(subject) is type(token_id) is str):
        raise Unauthenticated
    if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE:
        raise Unauthenticated
    instant = now.timestamp()
    if not max(begins, issued) - CLOCK_LEEWAY_SECONDS <= instant < expires:
        raise Unauthenticated
    return UUID(subject)


def _text(claim: object) -> str:
    if not isinstance(claim, str):
        raise Unauthenticated
    return claim
