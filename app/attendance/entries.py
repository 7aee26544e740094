"""Writing the ledger: the entry as it now stands, one more revision that keeps it, the roll-up beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.orm import Session

from app.attendance import rollups
from app.attendance.bulk import Insert, insert_all
from app.attendance.codes import Cause
from app.attendance.facts import Span, any_span, parameters_of
from app.models import DayEntry, DayRevision
from app.policy.attendance import Status

CHUNK = 5_000
"""Changes a statement, so that a county's month does not have to be held as one text."""


ENTRY_UPSERT = """
ON CONFLICT (county_code, date, posting_id) DO UPDATE SET status = excluded.status, confirmed = excluded.confirmed,
    exceptions = excluded.exceptions, revision = excluded.revision, judged_at = excluded.judged_at,
    confirmed_at = coalesce(excluded.confirmed_at, day_entries.confirmed_at)
"""
"""An entry's place never changes, and when it was last confirmed only by the next confirmation."""

OUTSIDE_POSTING = ("outside_posting",)
"""What the last revision of an entry says that was taken out."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes days, when and why; `by` is null where the service judges by itself, and where each posting has an
    author of its own (`each`).
    """

    at: datetime
    by: UUID | None
    cause: Cause
    reason: str | None = None
    each: Mapping[UUID, UUID] = field(default_factory=dict)

    def of(self, posting_id: UUID) -> UUID | None:
        return self.each.get(posting_id, self.by)


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry as it stands, or the absence of one (status null, revision 0)."""

    status: Status | None = None
    confirmed: bool = False
    exceptions: tuple[str, ...] = ()
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One posting's day, before and after. `after.status` null takes the entry out (the day is no longer posted);
    its revisions stay.
    """

    county_code: str
    date: date
    posting_id: UUID
    township_code: str
    village_code: str
    unit_id: UUID
    closed: bool
    before: Standing
    after: Standing = field(default_factory=Standing)
    confirms: bool = False
    """Whether an officer confirms or corrects the day by this."""


def write_changes(session: Session, changes: Sequence[Change], author: Author) -> None:
    """Upsert the entries, append their revisions, move the roll-ups of closed days: all in this transaction."""
    # In the order of the roll-ups' keys, so that two writers never wait for each other.
    ordered = sorted(changes, key=lambda change: (change.county_code, change.date))
    for start in range(0, len(ordered), CHUNK):
        _write(session, ordered[start : start + CHUNK], author)


def _write(session: Session, changes: Sequence[Change], author: Author) -> None:
    kept = [change for change in changes if change.after.status is not None]
    for change in changes:
        if change.after.status is None:
            _take_out(session, change, author)
    written = (
        Insert(DayEntry, [_entry_row(change, author) for change in kept], ENTRY_UPSERT),
        Insert(DayRevision, [_revision_row(change, change.after, author) for change in kept]),
        *rollups.moved_by(_delta(change) for change in changes if change.closed),
    )
    insert_all(session, written)


def _entry_row(change: Change, author: Author) -> dict[str, object]:
    return {
        "county_code": change.county_code,
        "date": change.date,
        "posting_id": change.posting_id,
        "township_code": change.township_code,
        "village_code": change.village_code,
        "unit_id": change.unit_id,
        "status": change.after.status,
        "confirmed": change.after.confirmed,
        "exceptions": list(change.after.exceptions),
        "revision": change.after.revision,
        "judged_at": author.at,
        "confirmed_at": author.at if change.confirms else None,
    }


def _revision_row(change: Change, standing: Standing, author: Author) -> dict[str, object]:
    return {
        "county_code": change.county_code,
        "date": change.date,
        "posting_id": change.posting_id,
        "revision": standing.revision,
        "status": standing.status,
        "confirmed": standing.confirmed,
        "exceptions": list(standing.exceptions),
        "at": author.at,
        "by": author.of(change.posting_id),
        "cause": author.cause,
        "reason": author.reason,
    }


def _take_out(session: Session, change: Change, author: Author) -> None:
    key = (DayEntry.county_code == change.county_code, DayEntry.date == change.date)
    session.execute(delete(DayEntry).where(*key, DayEntry.posting_id == change.posting_id))
    last = Standing(change.before.status, False, OUTSIDE_POSTING, change.before.revision + 1)
    session.execute(insert(DayRevision), [_revision_row(change, last, author)])


def last_revisions(session: Session, span: Span) -> dict[tuple[UUID, date], int]:
    """The newest revision's number of every (posting, day) of a span that has one: entries that were taken out left
    theirs behind.
    """
    statement = _last_revisions(named=span.posting_ids is not None)
    return {(posting_id, day): number for posting_id, day, number in session.execute(statement, parameters_of(span))}


@lru_cache(maxsize=2)
def _last_revisions(*, named: bool) -> Select[UUID, date, int]:
    return (
        select(DayRevision.posting_id, DayRevision.date, func.max(DayRevision.revision))
        .where(any_span(named=named).of(DayRevision))
        .group_by(DayRevision.posting_id, DayRevision.date)
    )


def _delta(change: Change) -> rollups.Delta:
    return rollups.Delta(
        county_code=change.county_code,
        date=change.date,
        village_code=change.village_code,
        unit_id=change.unit_id,
        before=_counted(change.before),
        after=_counted(change.after),
    )


def _counted(standing: Standing) -> tuple[Status, bool] | None:
    return None if standing.status is None else (standing.status, standing.confirmed)
