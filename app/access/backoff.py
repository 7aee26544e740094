"""Waiting times after failed sign-ins, counted in the database per login and address.

An attempt is counted before it is judged, and forgotten once it has succeeded: attempts made at once can't slip through
between the check and the count. A stranger's failures slow the stranger down, not the owner at another address.
"""

import hashlib
import math
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.errors import TooManyRequests
from app.models import LoginFailure

FREE_FAILURES = 5
_FIRST_WAIT_SECONDS = 5
_LONGEST_WAIT_SECONDS = 15 * 60
_DOUBLINGS_TO_LONGEST = 8
_FORGOTTEN_AFTER = timedelta(hours=24)


def wait_after(failures: int) -> timedelta:
    """How long after so many failures in a row the next attempt has to wait: nothing before the fifth, then 5 s, 10 s,
    20 s … up to 15 minutes.
    """
    if failures < FREE_FAILURES:
        return timedelta(0)
    doublings = min(failures - FREE_FAILURES, _DOUBLINGS_TO_LONGEST)
    return timedelta(seconds=min(_FIRST_WAIT_SECONDS << doublings, _LONGEST_WAIT_SECONDS))


def take_attempt(session: Session, login: str, address: str, now: datetime) -> None:
    """Count an attempt, in a transaction that the caller commits before judging it; TooManyRequests while it has to
    wait, which is not counted.
    """
    session.execute(delete(LoginFailure).where(LoginFailure.last_at <= now - _FORGOTTEN_AFTER))
    key = {"login": _key(login), "address": address}
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(LoginFailure).values(**key, failures=0, last_at=now).on_conflict_do_nothing())
    row = session.execute(select(LoginFailure).filter_by(**key).with_for_update()).scalar_one()
    remaining = row.last_at + wait_after(row.failures) - now
    if row.failures and remaining > timedelta(0):
        raise TooManyRequests(math.ceil(remaining.total_seconds()))
    row.failures += 1
    row.last_at = now


def forget_attempts(session: Session, login: str, address: str) -> None:
    """After a success."""
    session.execute(delete(LoginFailure).filter_by(login=_key(login), address=address))


def _key(login: str) -> str:
    """People type passwords into the wrong box: what was typed is not stored."""
    return hashlib.sha256(login.encode("utf-8", "surrogatepass")).hexdigest()
