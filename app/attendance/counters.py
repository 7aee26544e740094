"""Absence counters: what the recall judgment remembers of each posting's past (policy.absence_state)."""

from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    delete,
    exists,
    not_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from app.attendance.bulk import insert_rows
from app.attendance.scratch import TEMPORARY, fill, scratch
from app.attendance.upsert import insert_into
from app.models import AbsenceCounter
from app.policy.absence_state import AbsenceState
from app.policy.attendance import Status
from app.policy.recall import FewestDays

ABSENTEES_AT_ONCE = 20_000

_moves = Table(
    "counter_moves",
    MetaData(),
    Column("county_code", String(12)),
    Column("posting_id", Uuid),
    Column("new", Boolean),
    Column("from_runs", Text),
    Column("from_through", Date),
    Column("runs", Text),
    Column("unbroken_through", Date),
    prefixes=TEMPORARY,
)

_moved_counter = and_(
    AbsenceCounter.county_code == _moves.c.county_code, AbsenceCounter.posting_id == _moves.c.posting_id
)


def take_counters(session: Session, county_code: str, posting_ids: Collection[UUID]) -> None:
    """Lock the counters of these postings until the end of the transaction, before their past is read: two writers who
    change different days of one posting come one after the other, and the second sees what the first has done.
    """
    if not posting_ids:
        return
    rows = [{"county_code": county_code, "posting_id": posting_id, "runs": ""} for posting_id in sorted(posting_ids)]
    insert_rows(session, AbsenceCounter, rows, _TAKEN)


_TAKEN = "ON CONFLICT (county_code, posting_id) DO UPDATE SET county_code = excluded.county_code"
"""Nothing changes, but the row is locked."""


def store_states(session: Session, county_code: str, states: Mapping[UUID, AbsenceState]) -> None:
    """Write the states of counters that are held; who has no absence needs none."""
    kept = [
        {
            "county_code": county_code,
            "posting_id": posting_id,
            "runs": state.runs,
            "unbroken_through": state.unbroken_through,
        }
        for posting_id, state in sorted(states.items())
        if state.runs
    ]
    if kept:
        session.execute(update(AbsenceCounter), kept)
    gone = [posting_id for posting_id, state in states.items() if not state.runs]
    if gone:
        session.execute(_GONE, {"county_code": county_code, "gone": gone})


_COUNTERS: Any = AbsenceCounter.__table__
_GONE = delete(_COUNTERS).where(
    _COUNTERS.c.county_code == bindparam("county_code"), _COUNTERS.c.posting_id.in_(bindparam("gone", expanding=True))
)
"""Built once: building it costs more than running it."""


def load_states(
    session: Session, county_codes: Sequence[str], posting_ids: Collection[UUID]
) -> dict[UUID, AbsenceState]:
    """The state of every one of these postings."""
    query = select(AbsenceCounter.posting_id, AbsenceCounter.runs, AbsenceCounter.unbroken_through).where(
        AbsenceCounter.county_code.in_(county_codes), AbsenceCounter.posting_id.in_(posting_ids)
    )
    stored = {posting_id: AbsenceState(runs, through) for posting_id, runs, through in session.execute(query)}
    return {posting_id: stored.get(posting_id, AbsenceState()) for posting_id in posting_ids}


def with_absences(session: Session, county_codes: Sequence[str]) -> Sequence[UUID]:
    """All postings of these counties that have been absent of late."""
    return session.scalars(select(AbsenceCounter.posting_id).where(AbsenceCounter.county_code.in_(county_codes))).all()


def move_on(
    session: Session,
    county_codes: Sequence[str],
    day: date,
    standing: Any,
    *,
    flagged: Container[UUID],
    fewest_days: Callable[[str], FewestDays],
    make_anew: Callable[[Sequence[UUID]], None],
) -> set[UUID]:
    """Add a day that has just been closed, and stands so, to the counters of the postings that were absent on it, and
    let those that rested keep an open run. Returns the absent postings that are `flagged` or whose days could carry a
    flag now. `make_anew` is handed those whose past somebody else has changed meanwhile.
    """
    _rest(session, county_codes, day, standing)
    turning: set[UUID] = set()
    for absentees in _absentees(session, standing):
        moves = []
        # Most have the same past: none.
        after_by_past: dict[tuple[str | None, date | None, bool], AbsenceState] = {}
        for county_code, posting_id, village_code, confirmed, runs, through in absentees:
            after = after_by_past.get((runs, through, confirmed))
            if after is None:
                after = AbsenceState(runs or "", through).after_absence(day, confirmed=confirmed)
                after_by_past[runs, through, confirmed] = after
            if posting_id in flagged or after.may_turn(fewest_days(village_code)):
                turning.add(posting_id)
            moves.append(
                (county_code, posting_id, runs is None, runs or "", through, after.runs, after.unbroken_through)
            )
        with scratch(session, _moves):
            fill(session, _moves, moves)
            if _apply(session) != len(moves):
                make_anew(session.scalars(select(_moves.c.posting_id).where(_not_applied())).all())
    return turning


def _rest(session: Session, county_codes: Sequence[str], day: date, standing: Any) -> None:
    """As AbsenceState.after_rest, for all at once."""
    rested = select(standing.c.posting_id).where(standing.c.status == Status.REST)
    session.execute(
        update(AbsenceCounter)
        .where(
            AbsenceCounter.county_code.in_(county_codes),
            AbsenceCounter.unbroken_through == day - timedelta(days=1),
            AbsenceCounter.posting_id.in_(rested),
        )
        .values(unbroken_through=day),
        execution_options={"synchronize_session": False},
    )


def _absentees(session: Session, standing: Any) -> Iterator[Sequence[Any]]:
    key = (standing.c.county_code, standing.c.posting_id)
    query = (
        select(
            *key, standing.c.village_code, standing.c.confirmed, AbsenceCounter.runs, AbsenceCounter.unbroken_through
        )
        .outerjoin_from(
            standing, AbsenceCounter, and_(AbsenceCounter.county_code == key[0], AbsenceCounter.posting_id == key[1])
        )
        .where(standing.c.status == Status.ABSENT)
        .order_by(*key)
        .limit(ABSENTEES_AT_ONCE)
    )
    page = session.execute(query).all()
    while page:
        yield page
        if len(page) < ABSENTEES_AT_ONCE:
            return
        page = session.execute(query.where(tuple_(*key) > (page[-1].county_code, page[-1].posting_id))).all()


def _apply(session: Session) -> int:
    """Write the moves of counters that still are what was read; returns how many were."""
    values = {name: _moves.c[name] for name in ("county_code", "posting_id", "runs", "unbroken_through")}
    rows = select(*values.values()).where(_moves.c.new)
    insert = insert_into(session, AbsenceCounter).from_select(list(values), rows).on_conflict_do_nothing()
    unchanged = and_(
        AbsenceCounter.runs == _moves.c.from_runs,
        AbsenceCounter.unbroken_through.is_not_distinct_from(_moves.c.from_through),
    )
    moved = (
        update(AbsenceCounter)
        .where(_moved_counter, not_(_moves.c.new), unchanged)
        .values(runs=_moves.c.runs, unbroken_through=_moves.c.unbroken_through)
    )
    in_place = {"synchronize_session": False}
    added: Any = session.execute(insert, execution_options={"preserve_rowcount": True})
    changed: Any = session.execute(moved, execution_options=in_place)
    return int(added.rowcount + changed.rowcount)


def _not_applied() -> Any:
    return not_(
        exists().where(
            _moved_counter,
            AbsenceCounter.runs == _moves.c.runs,
            AbsenceCounter.unbroken_through == _moves.c.unbroken_through,
        )
    )
