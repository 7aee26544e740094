"""The facts of days, gathered from the tables. No law here: what the facts mean is `policy.attendance.judge_day`.

The facts of one posting and day are computed by the database as one small number, so that a million of them can be
counted, judged once per distinct value, and written back without passing through Python one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Integer,
    Result,
    Select,
    Subquery,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from app.attendance import signatures
from app.models import (
    CheckIn,
    Correction,
    DayEntry,
    DayHead,
    Leave,
    Outage,
    Posting,
    Registration,
    Whereabouts,
)
from app.policy.whereabouts import TRIP_STATES

Columns = Callable[[Any], Sequence[ColumnElement[Any]]]
Condition = Callable[[Any], ColumnElement[bool]]


class Asked(Protocol):
    """Whose days a statement asks about: postings of some counties (all of them, or those named), from `first` to
    `last` inclusive. These are values, or parameters, so that the statement is built once.
    """

    @property
    def county_codes(self) -> Any: ...
    @property
    def first(self) -> Any: ...
    @property
    def last(self) -> Any: ...
    @property
    def posting_ids(self) -> Any: ...

    def of(self, model: Any) -> ColumnElement[bool]:
        """The condition that a row of a table with a `date` lies in the span."""
        return and_(self.whose(model), model.date.between(self.first, self.last))

    def whose(self, model: Any) -> ColumnElement[bool]:
        """The condition that a row belongs to one of the postings, on whatever day."""
        condition: ColumnElement[bool] = model.county_code.in_(self.county_codes)
        if self.posting_ids is not None:
            condition = and_(condition, (model.id if model is Posting else model.posting_id).in_(self.posting_ids))
        return condition

    def touching(self, model: Any, first: Any, last: Any) -> ColumnElement[bool]:
        """The condition that a row of a table with two dates (the second may be open) touches the span."""
        return and_(self.whose(model), first <= self.last, or_(last.is_(None), last >= self.first))


@dataclass(frozen=True, slots=True)
class Span(Asked):
    """By values."""

    county_codes: tuple[str, ...]
    first: date
    last: date
    posting_ids: tuple[UUID, ...] | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Parameters(Asked):
    """By parameters: `parameters_of` a span are their values."""

    county_codes: Any
    first: Any
    last: Any
    posting_ids: Any


def any_span(*, named: bool) -> Parameters:
    return Parameters(
        bindparam("county_codes", expanding=True),
        bindparam("first", type_=Date),
        bindparam("last", type_=Date),
        bindparam("posting_ids", expanding=True, type_=Uuid) if named else None,
    )


def load_facts(session: Session, span: Span) -> Result[Any]:
    """Rows (posting_id, date, county_code, township_code, village_code, unit_id, signature, and the stored entry's
    status, confirmed, exceptions, revision or nulls) for every posting and day of the span that is posted or has an
    entry.
    """
    statement, parameters = facts_query(span)
    return session.execute(statement, parameters)


def facts_query(span: Span) -> tuple[Select[Any], dict[str, Any]]:
    """The statement that `load_facts` runs, and its parameters, for a set that the database goes on with."""
    return _facts_statement(span.days, named=span.posting_ids is not None), parameters_of(span) | days_of(span)


def count_facts(session: Session, span: Span, columns: Columns, condition: Condition) -> Result[Any]:
    """How many postings share what: rows (*columns, date, signature, status, count), of all postings of the span's
    counties that fulfil the condition. `status` is the stored entry's, or null. Both functions are handed the columns
    that `load_facts` answers with.
    """
    facts = _facts_statement(span.days, named=False).subquery("facts")
    key = [*columns(facts.c), facts.c.date, facts.c.signature, facts.c.status]
    query = select(*key, func.count()).where(condition(facts.c)).group_by(*key)
    return session.execute(query, parameters_of(span) | days_of(span))


def parameters_of(span: Span) -> dict[str, Any]:
    """What a statement about `any_span` is run with."""
    parameters: dict[str, Any] = {"county_codes": span.county_codes, "first": span.first, "last": span.last}
    if span.posting_ids is not None:
        parameters["posting_ids"] = span.posting_ids
    return parameters


def days_of(span: Span) -> dict[str, Any]:
    return {f"day_{number}": span.first + timedelta(days=number) for number in range(span.days)}


@lru_cache(maxsize=128)
def _facts_statement(count: int, *, named: bool) -> Select[Any]:
    """The statement about `count` days, of postings that are named or of whole counties. Building it costs more than
    running it for one posting.
    """
    return facts_about(any_span(named=named), count)


def facts_about(span: Asked, count: int) -> Select[Any]:
    """The statement about a span of `count` days."""
    days = _days(count)
    pairs = select(Posting, days.c.date.label("date")).join(days, true()).where(span.whose(Posting)).subquery("pairs")
    check_ins, registrations, corrections = _check_ins(span), _registrations(span), _corrections(span)
    leaves, boards = _leaves(span, days), _boards(span, days)
    posted = and_(pairs.c.starts_on <= pairs.c.date, or_(pairs.c.ends_on.is_(None), pairs.c.ends_on >= pairs.c.date))
    signature = (
        func.coalesce(corrections.c.code, 0)
        + _presence(check_ins, registrations)
        + _bit(signatures.LATE_UPLOAD, _came_later(check_ins.c.late_at))
        + _bit(signatures.PRESENT_SINCE, _present_since(corrections, check_ins, registrations))
        + _bit(signatures.WAITING_EVIDENCE, _came_later(check_ins.c.waiting_at))
        + _bit(signatures.ON_LEAVE, leaves.c.approved == 1)
        + _bit(signatures.LEAVE_PENDING, leaves.c.pending == 1)
        + _bit(signatures.OFFICIAL, boards.c.trip == 1)
        + _bit(signatures.OUTAGE, _in_outage(pairs))
        + _bit(signatures.ELSEWHERE, _came_later(check_ins.c.outside_at, boards.c.in_village_at))
        + _bit(signatures.BOARD_ON_LEAVE, _came_later(boards.c.on_leave_at))
        + _bit(signatures.CONFIRMED, DayEntry.confirmed.is_(True))
        + _bit(signatures.CLOSED, DayHead.closed_at.is_not(None))
        + _bit(signatures.POSTED, posted)
    )
    joined = pairs
    for facts in (check_ins, registrations, corrections, leaves, boards):
        theirs = facts.c.cadre_id == pairs.c.cadre_id if facts is leaves else facts.c.posting_id == pairs.c.id
        joined = joined.outerjoin(facts, and_(theirs, facts.c.date == pairs.c.date))  # type: ignore[assignment]
    # The span is said again of the entries and heads: only constants choose the partitions of a month.
    entry_key = and_(
        DayEntry.county_code == pairs.c.county_code,
        DayEntry.date == pairs.c.date,
        DayEntry.posting_id == pairs.c.id,
        span.of(DayEntry),
    )
    head_key = and_(
        DayHead.county_code == pairs.c.county_code,
        DayHead.date == pairs.c.date,
        DayHead.county_code.in_(span.county_codes),
        DayHead.date.between(span.first, span.last),
    )
    return (
        select(
            pairs.c.id.label("posting_id"),
            pairs.c.date,
            pairs.c.county_code,
            pairs.c.township_code,
            pairs.c.village_code,
            pairs.c.unit_id,
            cast(signature, Integer).label("signature"),
            DayEntry.status,
            DayEntry.confirmed,
            DayEntry.exceptions,
            DayEntry.revision,
        )
        .select_from(joined.outerjoin(DayEntry, entry_key).outerjoin(DayHead, head_key))
        .where(or_(posted, DayEntry.posting_id.is_not(None)))
    )


def _days(count: int) -> CTE:
    # A UNION rather than VALUES, whose compiled form is not cached.
    return union_all(*(select(bindparam(f"day_{n}", type_=Date).label("date")) for n in range(count))).cte("days")


def _bit(bit: int, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, literal(bit, Integer)), else_=literal(0, Integer))


def _any(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.max(case((condition, 1), else_=0))


def _last(received_at: Any, condition: ColumnElement[bool]) -> ColumnElement[Any]:
    """When the last of the rows that fulfil the condition was received; null where none does."""
    return func.max(case((condition, received_at)))


def _came_later(*received: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether all of these are there, and one came after the day was last confirmed, if it was."""
    there = [instant.is_not(None) for instant in received]
    later = [instant > DayEntry.confirmed_at for instant in received]
    return and_(*there, or_(DayEntry.confirmed_at.is_(None), *later))


def _present_since(corrections: Subquery, check_ins: Subquery, registrations: Subquery) -> ColumnElement[bool]:
    """Whether the day is corrected, and presence came in, or was accepted, since somebody last looked at it."""
    later = [facts.c.present_at > DayEntry.confirmed_at for facts in (check_ins, registrations)]
    return and_(corrections.c.code.is_not(None), or_(*later))


def _check_ins(span: Asked) -> Subquery:
    """As `policy.presence.evidence_of` says it of each: counting is `check_in`, accepted is `accepted`."""
    accepted = CheckIn.accepted.is_(True)
    by_itself = and_(CheckIn.needs_acceptance.is_(False), CheckIn.accepted.is_(None))
    received_at = CheckIn.received_at
    return (
        select(
            CheckIn.posting_id,
            CheckIn.date,
            _any(by_itself).label("counting"),
            _any(accepted).label("accepted"),
            func.max(case((by_itself, received_at), (accepted, CheckIn.accepted_at))).label("present_at"),
            _last(received_at, and_(CheckIn.late.is_(True), or_(by_itself, accepted))).label("late_at"),
            _last(received_at, and_(CheckIn.needs_acceptance.is_(True), CheckIn.accepted.is_(None))).label(
                "waiting_at"
            ),
            _last(received_at, CheckIn.verdict == "outside").label("outside_at"),
        )
        .where(span.of(CheckIn))
        .group_by(CheckIn.posting_id, CheckIn.date)
        .subquery("check_in_facts")
    )


def _registrations(span: Asked) -> Subquery:
    return (
        select(Registration.posting_id, Registration.date, func.max(Registration.entered_at).label("present_at"))
        .where(span.of(Registration))
        .group_by(Registration.posting_id, Registration.date)
        .subquery("registration_facts")
    )


def _corrections(span: Asked) -> Subquery:
    newest = func.row_number().over(
        partition_by=(Correction.posting_id, Correction.date),
        order_by=(Correction.corrected_at.desc(), Correction.id.desc()),
    )
    ranked = (
        select(Correction.posting_id, Correction.date, Correction.status, newest.label("place"))
        .where(span.of(Correction))
        .subquery("ranked_corrections")
    )
    codes = {status.value: number for status, number in signatures.CORRECTION_CODES.items()}
    code = case(codes, value=ranked.c.status)
    return (
        select(ranked.c.posting_id, ranked.c.date, code.label("code"))
        .where(ranked.c.place == 1)
        .subquery("correction_facts")
    )


def _presence(check_ins: Subquery, registrations: Subquery) -> ColumnElement[int]:
    return case(
        (check_ins.c.counting == 1, literal(signatures.BY_CHECK_IN, Integer)),
        (registrations.c.posting_id.is_not(None), literal(signatures.BY_REGISTRATION, Integer)),
        (check_ins.c.accepted == 1, literal(signatures.BY_ACCEPTANCE, Integer)),
        else_=literal(0, Integer),
    )


def _leaves(span: Asked, days: CTE) -> Subquery:
    """By cadre: a leave is the person's, and covers its days in whichever posting they come to lie."""
    whose: ColumnElement[bool] = Leave.county_code.in_(span.county_codes)
    if span.posting_ids is not None:
        whose = and_(whose, Leave.cadre_id.in_(select(Posting.cadre_id).where(span.whose(Posting))))
    approved = and_(Leave.state.in_(("approved", "ended")), Leave.covered_until >= days.c.date)
    return (
        select(
            Leave.cadre_id,
            days.c.date.label("date"),
            _any(approved).label("approved"),
            _any(Leave.state == "pending").label("pending"),
        )
        .join(days, and_(Leave.starts_on <= days.c.date, Leave.ends_on >= days.c.date))
        .where(whose, Leave.starts_on <= span.last, Leave.ends_on >= span.first)
        .group_by(Leave.cadre_id, days.c.date)
        .subquery("leave_facts")
    )


def _boards(span: Asked, days: CTE) -> Subquery:
    covers = and_(
        Whereabouts.first_day <= days.c.date,
        or_(Whereabouts.last_day.is_(None), Whereabouts.last_day >= days.c.date),
    )
    return (
        select(
            Whereabouts.posting_id,
            days.c.date.label("date"),
            _any(Whereabouts.state.in_(TRIP_STATES)).label("trip"),
            _last(Whereabouts.received_at, Whereabouts.state == "in_village").label("in_village_at"),
            _last(Whereabouts.received_at, Whereabouts.state == "leave").label("on_leave_at"),
        )
        .join(days, covers)
        .where(span.touching(Whereabouts, Whereabouts.first_day, Whereabouts.last_day))
        .group_by(Whereabouts.posting_id, days.c.date)
        .subquery("board_facts")
    )


def _in_outage(pairs: Subquery) -> ColumnElement[bool]:
    return exists().where(
        Outage.county_code == pairs.c.county_code,
        Outage.first_day <= pairs.c.date,
        Outage.last_day >= pairs.c.date,
        pairs.c.village_code.startswith(Outage.area_prefix),
    )
