"""From days to absences: what the ledger says of a posting's past, judged for the recall grounds."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attendance.flags import update_flags
from app.attendance.heads import last_closed_day
from app.attendance.law import load_provisions
from app.models import DayEntry, Posting
from app.policy.attendance import Status
from app.policy.calendar import Calendar
from app.policy.recall import HistoryDay, judge_recall

WINDOW = timedelta(days=2 * 366)
"""How far back the ledger is read: a year's window, and a run that began before it."""

COUNTED = (Status.ABSENT, Status.REST)
"""Every other status ends a run just as a missing day does, so only these are read."""

POSTINGS_A_QUERY = 500


def refresh_absences(
    session: Session, postings: Sequence[Posting], *, now: datetime, by: UUID | None, calendar: Calendar
) -> None:
    """Judge the absences of these postings as of their county's last closed day, and turn their flags."""
    by_county: dict[str, list[Posting]] = defaultdict(list)
    for posting in postings:
        by_county[posting.county_code].append(posting)
    provisions = load_provisions(session) if by_county else None
    for county_code, concerned in sorted(by_county.items()):
        as_of = last_closed_day(session, county_code)
        if as_of is None or provisions is None:
            continue
        for group in _groups(concerned):
            histories = load_histories(session, county_code, [p.id for p in group], as_of, calendar)
            judged = [
                (posting, judge_recall(histories[posting.id], as_of, provisions, posting.village_code))
                for posting in group
            ]
            update_flags(session, judged, now=now, by=by)


def load_histories(
    session: Session, county_code: str, posting_ids: Sequence[UUID], as_of: date, calendar: Calendar
) -> dict[UUID, list[HistoryDay]]:
    """The absent and rest days of postings of one county, oldest first, up to `as_of` inclusive."""
    query = (
        select(DayEntry.posting_id, DayEntry.date, DayEntry.status, DayEntry.confirmed)
        .where(
            DayEntry.county_code == county_code,
            DayEntry.date.between(as_of - WINDOW, as_of),
            DayEntry.posting_id.in_(posting_ids),
            DayEntry.status.in_(COUNTED),
        )
        .order_by(DayEntry.posting_id, DayEntry.date)
    )
    histories: dict[UUID, list[HistoryDay]] = {posting_id: [] for posting_id in posting_ids}
    for posting_id, day, status, confirmed in session.execute(query):
        histories[posting_id].append(
            HistoryDay(day, Status(status), confirmed=confirmed, working=not calendar.is_rest(day))
        )
    return histories


def _groups(postings: Sequence[Posting]) -> Iterator[Sequence[Posting]]:
    for start in range(0, len(postings), POSTINGS_A_QUERY):
        yield postings[start : start + POSTINGS_A_QUERY]
