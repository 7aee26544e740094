"""Flags judged again: the gravest state that each ground reaches, under the law in force and under the proposal."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.attendance.histories import COUNTED, WINDOW
from app.models import DayEntry, DayHead, Posting, RecallFlag
from app.policy.attendance import Status
from app.policy.calendar import Calendar
from app.policy.provisions import Provisions
from app.policy.recall import ABSENCE_GROUNDS, FlagState, HistoryDay, gravity_of, judge_recall
from app.replay.presence import StatusChange
from app.replay.report import Peak

PREFIX = "absence."
"""What the keys begin with that decide on flags."""

History = Mapping[date, HistoryDay]


def load_histories(
    session: Session, postings: Sequence[Posting], first: date, last: date, calendar: Calendar
) -> dict[UUID, dict[date, HistoryDay]]:
    """The absent and rest days that bear on any day from `first` to `last`, oldest first, as far as they are closed."""
    query = (
        select(DayEntry.posting_id, DayEntry.date, DayEntry.status, DayEntry.confirmed)
        .join(DayHead, and_(DayHead.county_code == DayEntry.county_code, DayHead.date == DayEntry.date))
        .where(
            DayHead.closed_at.is_not(None),
            DayEntry.county_code.in_({posting.county_code for posting in postings}),
            DayEntry.posting_id.in_([posting.id for posting in postings]),
            DayEntry.date.between(first - WINDOW, last),
            DayEntry.status.in_(COUNTED),
        )
        .order_by(DayEntry.date)
    )
    histories: dict[UUID, dict[date, HistoryDay]] = {posting.id: {} for posting in postings}
    for posting_id, day, status, confirmed in session.execute(query):
        histories[posting_id][day] = HistoryDay(
            day, Status(status), confirmed=confirmed, working=not calendar.is_rest(day)
        )
    return histories


def with_changes(history: History, changes: Iterable[StatusChange], calendar: Calendar) -> History:
    """A history in which days have other statuses. Whoever confirmed the old one has not confirmed the new one."""
    changed = dict(history)
    for change in changes:
        changed.pop(change.date, None)
        if change.after in COUNTED:
            changed[change.date] = HistoryDay(
                change.date, change.after, confirmed=False, working=not calendar.is_rest(change.date)
            )
    return dict(sorted(changed.items()))


def peaks(history: History, days: Iterable[date], law: Provisions, village_code: str) -> dict[str, Peak]:
    """By ground: the gravest state as of any of these days. It can only rise on an absent day, on the first day that is
    looked at, and on a day on which the law changes.
    """
    found = dict.fromkeys(ABSENCE_GROUNDS, Peak())
    past = list(history.values())
    for day in sorted(days):
        for judged in judge_recall(past, day, law, village_code).grounds:
            if gravity_of(judged.state) > gravity_of(found[judged.ground].state):
                found[judged.ground] = Peak(judged.state, day, len(judged.days))
    return found


def telling_days(histories: Sequence[History], first: date, last: date, law_days: Iterable[date]) -> set[date]:
    """The days as of which `peaks` has to look."""
    absent = {day.date for history in histories for day in history.values() if day.status is Status.ABSENT}
    return {day for day in {first, last, *absent, *law_days} if first <= day <= last}


def standing_flags(session: Session, postings: Sequence[Posting]) -> Mapping[tuple[UUID, str], FlagState]:
    """The newest flag on record of each posting and ground, unless it was lifted."""
    query = (
        select(RecallFlag.posting_id, RecallFlag.ground, RecallFlag.state)
        .where(RecallFlag.posting_id.in_([posting.id for posting in postings]), RecallFlag.state != FlagState.LIFTED)
        .order_by(RecallFlag.id)
    )
    standing: dict[tuple[UUID, str], FlagState] = defaultdict()
    for posting_id, ground, state in session.execute(query):
        standing[posting_id, ground] = FlagState(state)
    return standing
