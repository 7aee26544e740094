"""From days to absences: what the ledger says of a posting's past, judged for the recall grounds."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.attendance import counters
from app.attendance.flags import flagged, hold_flags, update_flags
from app.attendance.heads import last_closed_day
from app.attendance.histories import load_histories
from app.attendance.law import load_provisions
from app.attendance.posted import Posted, PostingRow
from app.models import Posting
from app.policy.absence_state import AbsenceState, fewest_days
from app.policy.calendar import Calendar
from app.policy.provisions import Provisions
from app.policy.recall import judge_recall

POSTINGS_A_QUERY = 500

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
            held = hold_flags(session, [posting.id for posting in group], calendar)
            judged = [
                (p, judge_recall(histories[p.id], as_of, provisions, p.village_code, held.settled(p.id))) for p in group
            ]
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
        held = hold_flags(session, group, calendar)
        postings = [PostingRow(*row) for row in session.execute(_POSTINGS, {"posting_ids": group})]
        states = counters.load_states(session, county_codes, group)
        judged = [
            (p, states[p.id].judge(day, provisions, p.village_code, calendar.is_rest, held.settled(p.id)))
            for p in postings
        ]
        update_flags(session, held, judged, now=now, by=None)


_POSTINGS = (
    select(Posting.id, Posting.county_code, Posting.township_code, Posting.village_code, Posting.unit_id)
    .where(Posting.id.in_(bindparam("posting_ids", expanding=True)))
    .order_by(Posting.id)
)


def _groups(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), POSTINGS_A_QUERY):
        yield items[start : start + POSTINGS_A_QUERY]
