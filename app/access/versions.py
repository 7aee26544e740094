"""Counts a county's roster changes, so that an unchanged ETag is cheap to tell."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import RosterVersion


def bump_roster(session: Session, county_code: str) -> None:
    """To be called by whatever changes a county's areas, units, cadres or postings, in the same transaction."""
    bumped = session.execute(
        update(RosterVersion)
        .where(RosterVersion.county_code == county_code)
        .values(version=RosterVersion.version + 1)
        .returning(RosterVersion.version)
    ).scalar()
    if bumped is None:
        session.add(RosterVersion(county_code=county_code, version=1))
        session.flush()
