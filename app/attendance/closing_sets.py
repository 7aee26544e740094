"""A day of some counties, judged as a set: the database gathers the facts and writes what follows, Python judges each
combination of facts once, however many postings share it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    Delete,
    Insert,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    Update,
    Uuid,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.attendance.entries import OUTSIDE_POSTING, Author, Standing
from app.attendance.facts import Span, facts_query
from app.attendance.rejudge import settle
from app.attendance.scratch import TEMPORARY, fill, give_room, know_size, scratch
from app.attendance.signatures import CONFIRMED
from app.database import Instant, Json
from app.models import DayEntry, DayRevision
from app.policy.attendance import Status
from app.policy.calendar import Calendar

_NONE = ""
"""Instead of null in a key: rows are joined by it, and null equals nothing."""

_facts = Table(
    "closing_facts",
    MetaData(),
    Column("county_code", String(12)),
    Column("posting_id", Uuid),
    Column("township_code", String(12)),
    Column("village_code", String(12)),
    Column("unit_id", Uuid),
    Column("signature", Integer),
    Column("status", String(10)),
    Column("exceptions", Text),
    Column("revision", Integer),
    prefixes=TEMPORARY,
)
"""One row a posting: its facts, the entry that stands (or _NONE), and the newest revision's number (or 0)."""

_verdicts = Table(
    "closing_verdicts",
    MetaData(),
    Column("signature", Integer),
    Column("status", String(10)),
    Column("exceptions", Text),
    Column("differs", Boolean),
    Column("new_status", String(10)),
    Column("new_confirmed", Boolean),
    Column("new_exceptions", Json),
    prefixes=TEMPORARY,
)
"""What becomes of each combination of facts and entry; `new_status` null takes the entry out."""

_decided = and_(
    _verdicts.c.signature == _facts.c.signature,
    _verdicts.c.status == _facts.c.status,
    _verdicts.c.exceptions == _facts.c.exceptions,
)
_stands = _facts.c.status != _NONE
_stays = _verdicts.c.new_status.is_not(None)

STANDING = (
    select(
        _facts.c.county_code,
        _facts.c.posting_id,
        _facts.c.village_code,
        _facts.c.unit_id,
        _verdicts.c.new_status.label("status"),
        _verdicts.c.new_confirmed.label("confirmed"),
    )
    .join_from(_facts, _verdicts, _decided)
    .where(_stays)
    .subquery("standing")
)
"""How the day stands after `judged_as_set`: its entries, without reading the large table again."""


@contextmanager
def judged_as_set(
    session: Session, county_codes: Sequence[str], day: date, calendar: Calendar, author: Author
) -> Iterator[dict[str, int]]:
    """Judge the day of every posting of these counties, and write an entry and a revision where the judgment differs
    from what stands. The heads of the days are held, so nobody writes to them meanwhile. Yields the number of postings
    judged by county; STANDING can be read until the end.
    """
    give_room(session)
    with scratch(session, _facts, _verdicts):
        _gather(session, county_codes, day)
        fill(session, _verdicts, _judge(session, day, calendar))
        _write(session, county_codes, day, author)
        counted = select(_facts.c.county_code, func.count()).group_by(_facts.c.county_code)
        yield {county_code: number for county_code, number in session.execute(counted)}  # noqa: C416 - typed rows


def _gather(session: Session, county_codes: Sequence[str], day: date) -> None:
    query, parameters = facts_query(Span(tuple(county_codes), day, day))
    facts = query.subquery("facts")
    # An entry that was taken out has left its revisions behind.
    left_behind = (
        select(func.coalesce(func.max(DayRevision.revision), 0))
        .where(
            DayRevision.county_code == facts.c.county_code,
            DayRevision.date == facts.c.date,
            DayRevision.posting_id == facts.c.posting_id,
        )
        .scalar_subquery()
    )
    rows = select(
        facts.c.county_code,
        facts.c.posting_id,
        facts.c.township_code,
        facts.c.village_code,
        facts.c.unit_id,
        facts.c.signature,
        func.coalesce(facts.c.status, _NONE),
        func.coalesce(cast(facts.c.exceptions, Text), _NONE),
        case((facts.c.status.is_(None), left_behind), else_=facts.c.revision),
    )
    session.execute(insert(_facts).from_select(_facts.columns.keys(), rows), parameters)
    know_size(session, _facts, "signature")


def _judge(session: Session, day: date, calendar: Calendar) -> list[tuple[object, ...]]:
    distinct = select(_facts.c.signature, _facts.c.status, _facts.c.exceptions).distinct()
    verdicts: list[tuple[object, ...]] = []
    for signature, status, exceptions in session.execute(distinct):
        before = _standing(signature, status, exceptions)
        judgment, confirmed = settle(signature, before, day, calendar)
        differs = (before.status, before.exceptions) != (judgment.status, judgment.exceptions)
        found = judgment.exceptions if judgment.status is not None else OUTSIDE_POSTING
        new_status = None if judgment.status is None else judgment.status.value
        verdicts.append((signature, status, exceptions, differs, new_status, confirmed, list(found)))
    return verdicts


def _standing(signature: int, status: str, exceptions: str) -> Standing:
    if status == _NONE:
        return Standing()
    return Standing(Status(status), bool(signature & CONFIRMED), tuple(json.loads(exceptions)))


def _write(session: Session, county_codes: Sequence[str], day: date, author: Author) -> None:
    """The revisions first: they say what an entry was before it was taken out."""
    session.execute(_revisions(day, author))
    session.execute(_new_entries(day, author))
    in_place = {"synchronize_session": False}
    session.execute(_changed_entries(day, author), execution_options=in_place)
    if session.scalar(select(exists().where(_verdicts.c.new_status.is_(None)))):
        session.execute(_entries_taken_out(county_codes, day), execution_options=in_place)


def _revisions(day: date, author: Author) -> Insert:
    values = {
        "county_code": _facts.c.county_code,
        "date": literal(day, Date),
        "posting_id": _facts.c.posting_id,
        "revision": _facts.c.revision + 1,
        "status": func.coalesce(_verdicts.c.new_status, _facts.c.status),
        "confirmed": _verdicts.c.new_confirmed,
        "exceptions": _verdicts.c.new_exceptions,
        "at": literal(author.at, Instant),
        "by": literal(author.by, Uuid),
        "cause": literal(author.cause),
        "reason": literal(author.reason, String),
    }
    return insert(DayRevision).from_select(list(values), _rows(values, _verdicts.c.differs))


def _new_entries(day: date, author: Author) -> Insert:
    values = {
        "county_code": _facts.c.county_code,
        "date": literal(day, Date),
        "posting_id": _facts.c.posting_id,
        "township_code": _facts.c.township_code,
        "village_code": _facts.c.village_code,
        "unit_id": _facts.c.unit_id,
        "status": _verdicts.c.new_status,
        "confirmed": _verdicts.c.new_confirmed,
        "exceptions": _verdicts.c.new_exceptions,
        "revision": _facts.c.revision + 1,
        "judged_at": literal(author.at, Instant),
    }
    return insert(DayEntry).from_select(list(values), _rows(values, and_(not_(_stands), _stays)))


def _rows(values: Mapping[str, ColumnElement[Any]], condition: ColumnElement[bool]) -> Select[Any]:
    return select(*values.values()).join_from(_facts, _verdicts, _decided).where(condition)


def _changed_entries(day: date, author: Author) -> Update:
    return (
        update(DayEntry)
        .where(_entry_of(day), _decided, _verdicts.c.differs, _stands, _stays)
        .values(
            status=_verdicts.c.new_status,
            confirmed=_verdicts.c.new_confirmed,
            exceptions=_verdicts.c.new_exceptions,
            revision=_facts.c.revision + 1,
            judged_at=author.at,
        )
    )


def _entries_taken_out(county_codes: Sequence[str], day: date) -> Delete:
    gone = select(_facts.c.posting_id).join_from(_facts, _verdicts, _decided).where(_stands, not_(_stays))
    return delete(DayEntry).where(
        DayEntry.county_code.in_(county_codes), DayEntry.date == day, DayEntry.posting_id.in_(gone)
    )


def _entry_of(day: date) -> ColumnElement[bool]:
    return and_(
        DayEntry.county_code == _facts.c.county_code,
        DayEntry.date == day,
        DayEntry.posting_id == _facts.c.posting_id,
    )
