"""Signatures after Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
_SECRET_BYTES = 32
"""The standard takes 24 to 64."""


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def signature_header(keys: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>` for each secret, separated by spaces: a receiver takes the message if one of them is right."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_sign(key, content)}" for key in keys)


def _sign(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode("ascii")
