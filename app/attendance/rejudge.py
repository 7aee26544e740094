"""Judging days again after something changed: the one way in which a status comes about, besides the close."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.attendance.absences import refresh_absences
from app.attendance.codes import Cause
from app.attendance.entries import Author, Change, Standing, last_revisions, write_changes
from app.attendance.facts import Span
from app.attendance.facts_of_one import load_facts_of
from app.attendance.heads import take_heads
from app.attendance.law import load_calendar, locked_months, month_of
from app.attendance.posted import Posted
from app.attendance.signatures import CLOSED, facts_on, is_unrecorded, is_unsettled, looked_at, with_confirmed
from app.clock import business_day
from app.policy.attendance import DayJudgment, Status, judge_day
from app.policy.calendar import Calendar
from app.policy.days import days_between
from app.policy.provisions import Provisions

Confirm = Callable[[Row[Any], DayJudgment], bool]
"""Whether a day is confirmed from now on; asked with the facts row and the judgment under the standing confirmation."""

MAX_SPAN_DAYS = 31
"""Days in one query."""


def rejudge(
    session: Session,
    postings: Sequence[Posted],
    first: date,
    last: date,
    *,
    now: datetime,
    by: UUID | None,
    cause: Cause,
    reason: str | None = None,
) -> int:
    """Judge the postings' days from `first` to `last` (inclusive, as far as they have begun) from the facts in the
    tables, and append a revision where the result differs. Days of months that the township has filed stay as they
    are. Returns the number of days that changed.
    """
    rejudging = Rejudging(session, Author(now, by, cause, reason))
    return len(rejudging.run(postings, first, min(last, business_day(now))))


def rejudge_corrected(session: Session, posting: Posted, day: date, author: Author) -> list[Change]:
    """As `rejudge`, for the day that an officer has just corrected: it counts as confirmed, in a locked month too."""
    rejudging = Rejudging(session, author, even_locked=True, confirm=lambda _row, _judgment: True)
    return rejudging.run([posting], day, day)


@dataclass(slots=True)
class Rejudging:
    """One judging of days by one author. Unless `confirm` says otherwise a day stays confirmed while its status does,
    and loses its confirmation with it: what the township confirmed is no longer what the ledger says.
    """

    session: Session
    author: Author
    even_locked: bool = False
    days_held: bool = False
    """Whether the caller holds the heads of the days."""
    confirm: Confirm | None = None
    provisions: Provisions | None = None
    calendar: Calendar | None = None
    """What is in force, from whoever has read it in this transaction."""
    statuses: dict[tuple[UUID, date], Status] = field(default_factory=dict)
    """What the days that were looked at come to, by posting and date."""

    def run(self, postings: Sequence[Posted], first: date, last: date) -> list[Change]:
        if first > last or not postings:
            return []
        calendar = self.calendar or load_calendar(self.session)
        changes: list[Change] = []
        for start, end in _pieces(first, last):
            changes += self._piece(postings, start, end, calendar)
        write_changes(self.session, changes, self.author)
        touched = {change.posting_id for change in changes if _bears_on_absence(change)}
        refresh_absences(
            self.session,
            [p for p in postings if p.id in touched],
            now=self.author.at,
            by=self.author.by,
            calendar=calendar,
            provisions=self.provisions,
        )
        return changes

    def _piece(self, postings: Sequence[Posted], first: date, last: date, calendar: Calendar) -> list[Change]:
        counties = tuple(sorted({posting.county_code for posting in postings}))
        days = days_between(first, last)
        if not self.days_held:
            take_heads(self.session, [(county, day) for county in counties for day in days])
        span = Span(counties, first, last, tuple(posting.id for posting in postings))
        locked = self._locked(postings, days)
        found = load_facts_of(self.session, span)
        self.statuses.update({(row.posting_id, row.date): status_of(row, calendar) for row in found})
        rows = [row for row in found if (row.township_code, month_of(row.date)) not in locked]
        revisions = self._left_behind([row for row in rows if row.status is None])
        judged = (judge_row(row, calendar, revisions.get((row.posting_id, row.date), 0), self.confirm) for row in rows)
        changes = [change for change in judged if change is not None]
        self.statuses.update({(c.posting_id, c.date): c.after.status or Status.PENDING for c in changes})
        return changes

    def _left_behind(self, rows: Sequence[Row[Any]]) -> dict[tuple[UUID, date], int]:
        """The newest revisions of days that have no entry: one that was taken out has left its own."""
        if not rows:
            return {}
        days, counties, postings = (
            {getattr(row, name) for row in rows} for name in ("date", "county_code", "posting_id")
        )
        return last_revisions(self.session, Span(tuple(counties), min(days), max(days), tuple(postings)))

    def _locked(self, postings: Sequence[Posted], days: Sequence[date]) -> set[tuple[str, str]]:
        if self.even_locked:
            return set()
        townships = {posting.township_code for posting in postings}
        return locked_months(self.session, townships, days)


def status_of(row: Any, calendar: Calendar) -> Status:
    """What the day of a facts row comes to: as its entry says, or as it is judged while it has none."""
    return status_from(row.status, row.signature, row.date, calendar)


def status_from(stored: str | None, signature: int, day: date, calendar: Calendar) -> Status:
    """As `status_of`, of an entry's status and a day's facts."""
    if stored is not None:
        return Status(stored)
    if is_unrecorded(stored, signature):
        return Status.PENDING
    return judge_day(facts_on(signature, day, calendar)).status or Status.PENDING


def judge_row(row: Any, calendar: Calendar, last_revision: int, confirm: Confirm | None = None) -> Change | None:
    """What becomes of the day that a facts row tells of; None where it stays as it is."""
    before = standing_of(row)
    decide = None if confirm is None else lambda judgment: confirm(row, judgment)
    after = judge_standing(row.signature, before, row.date, calendar, decide)
    if after is None:
        return None
    revision = before.revision or last_revision
    return change_of(
        row,
        before,
        *after,
        revision + 1,
        closed=bool(row.signature & CLOSED),
        confirms=confirm is not None and after[1],
    )


def judge_standing(
    signature: int,
    before: Standing,
    day: date,
    calendar: Calendar,
    confirm: Callable[[DayJudgment], bool] | None = None,
) -> tuple[DayJudgment, bool] | None:
    """As `settle`; None where the entry stays as it stands. A confirmation that settles something is written down even
    if it says nothing new.
    """
    judgment, confirmed = settle(signature, before, day, calendar, confirm)
    settles = confirm is not None and confirmed and is_unsettled(signature)
    if settles or _worth_writing(before, judgment, confirmed, closed=bool(signature & CLOSED)):
        return judgment, confirmed
    return None


def settle(
    signature: int,
    before: Standing,
    day: date,
    calendar: Calendar,
    confirm: Callable[[DayJudgment], bool] | None = None,
) -> tuple[DayJudgment, bool]:
    """What a day's facts come to, and whether it is confirmed then: as `confirm` decides, else if it was and keeps its
    status.
    """
    judgment = judge_day(facts_on(signature, day, calendar))
    confirmed = confirm(judgment) if confirm else before.confirmed and judgment.status == before.status
    then = looked_at(signature) if confirm and confirmed else with_confirmed(signature, confirmed)
    if then != signature:
        judgment = judge_day(facts_on(then, day, calendar))
    return judgment, confirmed


def standing_of(row: Any) -> Standing:
    """The stored entry that a facts row carries."""
    if row.status is None:
        return Standing()
    return Standing(Status(row.status), row.confirmed, tuple(row.exceptions), row.revision)


def change_of(
    row: Any,
    before: Standing,
    judgment: DayJudgment,
    confirmed: bool,
    revision: int,
    *,
    closed: bool,
    confirms: bool = False,
) -> Change:
    after = (
        Standing() if judgment.status is None else Standing(judgment.status, confirmed, judgment.exceptions, revision)
    )
    return Change(
        county_code=row.county_code,
        date=row.date,
        posting_id=row.posting_id,
        township_code=row.township_code,
        village_code=row.village_code,
        unit_id=row.unit_id,
        closed=closed,
        before=before,
        after=after,
        confirms=confirms,
    )


def _worth_writing(before: Standing, judgment: DayJudgment, confirmed: bool, *, closed: bool) -> bool:
    if before.status is None:
        nothing_yet = judgment.status is Status.PENDING and not judgment.exceptions and not closed
        return judgment.status is not None and not nothing_yet
    return (before.status, before.confirmed, before.exceptions) != (judgment.status, confirmed, judgment.exceptions)


def _bears_on_absence(change: Change) -> bool:
    """Whether a change can move an absence count: any change of status, and the confirmation of an absence. A day that
    is still open is counted when it closes.
    """
    if not change.closed:
        return False
    return change.before.status is not change.after.status or change.after.status is Status.ABSENT


def _pieces(first: date, last: date) -> Iterable[tuple[date, date]]:
    start, end = first.toordinal(), last.toordinal()
    for ordinal in range(start, end + 1, MAX_SPAN_DAYS):
        yield date.fromordinal(ordinal), date.fromordinal(min(ordinal + MAX_SPAN_DAYS - 1, end))
