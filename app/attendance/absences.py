"""From days to absences: what the ledger says of a posting's past, judged for the recall grounds."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.attendance import counters
from app.attendance.bulk import json_text
from app.attendance.flags import flagged, hold_flags, update_flags
from app.attendance.heads import last_closed_day
from app.attendance.law import load_provisions
from app.attendance.posted import Posted, PostingRow
from app.models import DayEntry, Posting
from app.policy.absence_state import AbsenceState, fewest_days
from app.policy.attendance import Status
from app.policy.calendar import Calendar
from app.policy.provisions import Provisions
from app.policy.recall import HistoryDay, judge_recall

WINDOW = timedelta(days=2 * 366)
"""How far back the ledger is read: a year's window, and a run that began before it."""

COUNTED = (Status.ABSENT, Status.REST)
"""Every other status ends a run just as a missing day does, so only these are read."""

POSTINGS_A_QUERY = 500

FEW = 20
"""Postings whose days are sooner looked up one by one than found among those of a county of hundreds."""

T = TypeVar("T")


def refresh_absences(
    session: Session,
    postings: Sequence[Posted],
    *,
    now: datetime,
    by: UUID | None,
    calendar: Calendar,
    provisions: Provisions | None = None,
) -> None:
    """The past of these postings has changed: read it anew as of their county's last closed day, judge its absences,
    turn their flags.
    """
    by_county: dict[str, list[Posted]] = defaultdict(list)
    for posting in postings:
        by_county[posting.county_code].append(posting)
    if by_county and provisions is None:
        provisions = load_provisions(session)
    for county_code, concerned in sorted(by_county.items()):
        closed = last_closed_day(session, county_code)
        if provisions is None or closed is None:
            continue
        for group in _groups(sorted(concerned, key=lambda posting: posting.id)):
            counters.take_counters(session, county_code, [posting.id for posting in group])
            # Asked again: whoever held the counters may have been closing another day.
            as_of = last_closed_day(session, county_code) or closed
            histories = load_histories(session, county_code, [p.id for p in group], as_of, calendar)
            states = {posting_id: AbsenceState.of(history, as_of) for posting_id, history in histories.items()}
            counters.store_states(session, county_code, states)
            judged = [
                (posting, judge_recall(histories[posting.id], as_of, provisions, posting.village_code))
                for posting in group
            ]
            held = hold_flags(session, [posting.id for posting in group])
            update_flags(session, held, judged, now=now, by=by)


def count_closed_day(
    session: Session,
    county_codes: Sequence[str],
    day: date,
    standing: Any,
    *,
    now: datetime,
    calendar: Calendar,
    provisions: Provisions,
) -> None:
    """Move the absence counters of these counties on by the day that they have just closed (`standing`: its entries as
    a subquery), and turn the flags that it may turn: of who was absent, of who has one that today's end of the year's
    window thins out; and of anybody on the day on which another rule of absence comes into force.
    """

    def make_anew(posting_ids: Sequence[UUID]) -> None:
        postings = session.scalars(select(Posting).where(Posting.id.in_(posting_ids))).all()
        refresh_absences(session, postings, now=now, by=None, calendar=calendar)

    fewest = fewest_days(provisions, day)
    amended = [county for county in county_codes if provisions.any_begins("absence.", day, county)]
    due = flagged(session, county_codes, day, amended)
    turning = counters.move_on(
        session, county_codes, day, standing, flagged=due.keys(), fewest_days=fewest, make_anew=make_anew
    )
    turning.update(posting_id for posting_id, is_due in due.items() if is_due)
    if amended:
        turning.update(counters.with_absences(session, amended))
    _judge_counted(session, county_codes, turning, day, now, calendar, provisions)


def _judge_counted(
    session: Session,
    county_codes: Sequence[str],
    posting_ids: Collection[UUID],
    day: date,
    now: datetime,
    calendar: Calendar,
    provisions: Provisions,
) -> None:
    for group in _groups(sorted(posting_ids)):
        held = hold_flags(session, group)
        postings = [PostingRow(*row) for row in session.execute(_POSTINGS, {"posting_ids": group})]
        states = counters.load_states(session, county_codes, group)
        judged = [
            (posting, states[posting.id].judge(day, provisions, posting.village_code, calendar.is_rest))
            for posting in postings
        ]
        update_flags(session, held, judged, now=now, by=None)


_POSTINGS = (
    select(Posting.id, Posting.county_code, Posting.township_code, Posting.village_code, Posting.unit_id)
    .where(Posting.id.in_(bindparam("posting_ids", expanding=True)))
    .order_by(Posting.id)
)


def load_histories(
    session: Session, county_code: str, posting_ids: Sequence[UUID], as_of: date, calendar: Calendar
) -> dict[UUID, list[HistoryDay]]:
    """The absent and rest days of postings of one county, oldest first, up to `as_of` inclusive."""
    histories: dict[UUID, list[HistoryDay]] = {posting_id: [] for posting_id in posting_ids}
    for posting_id, day, status, confirmed in _counted_days(session, county_code, posting_ids, as_of):
        histories[posting_id].append(
            HistoryDay(day, Status(status), confirmed=confirmed, working=not calendar.is_rest(day))
        )
    return histories


def _counted_days(session: Session, county_code: str, posting_ids: Sequence[UUID], as_of: date) -> Iterable[Any]:
    asked: dict[str, Any] = {"county_code": county_code, "posting_ids": list(posting_ids)}
    first = as_of - WINDOW
    if len(posting_ids) <= FEW and session.get_bind().dialect.name == "sqlite":
        days = [date.fromordinal(n).isoformat() for n in range(first.toordinal(), as_of.toordinal() + 1)]
        return session.execute(_DAY_BY_DAY, asked | {"days": json_text(days)})
    return session.execute(_ALL_DAYS, asked | {"first": first, "last": as_of})


_THEIRS = (
    select(DayEntry.posting_id, DayEntry.date, DayEntry.status, DayEntry.confirmed)
    .where(
        DayEntry.county_code == bindparam("county_code"),
        DayEntry.posting_id.in_(bindparam("posting_ids", expanding=True)),
        DayEntry.status.in_(COUNTED),
    )
    .order_by(DayEntry.posting_id, DayEntry.date)
)
_ALL_DAYS = _THEIRS.where(DayEntry.date.between(bindparam("first"), bindparam("last")))
_DAYS = func.json_each(bindparam("days")).table_valued("value")
_DAY_BY_DAY = _THEIRS.where(DayEntry.date.in_(select(_DAYS.c.value)))
"""Each day is looked up by its key. SQLite would walk through all that the county has within the window, while nobody
else can write; PostgreSQL skips from day to day by itself.
"""


def _groups(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), POSTINGS_A_QUERY):
        yield items[start : start + POSTINGS_A_QUERY]
