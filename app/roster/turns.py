"""Changes of one county's roster, one after the other: what a check found still holds when the write comes."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def take_roster(session: Session, county_code: str) -> None:
    """Wait for other roster changes of the county and keep them waiting until the commit. To be called before the
    first look at what the change depends on. SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"roster:{county_code}"))))
