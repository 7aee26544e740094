"""Random secrets that machines keep: refresh tokens and the dashboards' client secrets.

Nobody can guess 256 random bits, so a fast hash of them is safe to store; argon2 is for what people make up.
"""

import hashlib
import secrets
from hmac import compare_digest

_BYTES = 32


def new_secret() -> str:
    """43 characters that need no escaping in a URL, a form or a header."""
    return secrets.token_urlsafe(_BYTES)


def hash_secret(plain: str) -> str:
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def secret_matches(plain: str, stored_hash: str | None) -> bool:
    return stored_hash is not None and compare_digest(hash_secret(plain), stored_hash)
