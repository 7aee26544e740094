"""Identifiers made by the server: UUIDv7, so that rows arrive in the order of their keys."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    return uuid7()
