"""How old the data is that answers, and whether it has changed since somebody asked before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, literal, select, text
from sqlalchemy.orm import Session

from app.access.areas import county_column_in
from app.attendance.open_days import among
from app.attendance.rollups import NUMBERS
from app.models import Area, CalendarYear, CountyMonth, DayHead, RosterVersion
from app.stats.counting import Cell, Question, cell_of, closed_sums

_AGE = text(
    """
    SELECT pg_is_in_recovery(),
           CASE WHEN pg_is_in_recovery() THEN
               coalesce(pg_last_xact_replay_timestamp(), (pg_control_checkpoint()).checkpoint_time) END,
           CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN
               (SELECT max(last_msg_receipt_time) FROM pg_stat_wal_receiver WHERE status = 'streaming') END
    """
)


def data_as_of(session: Session, now: datetime) -> datetime:
    """The instant as of which the answering PostgreSQL is complete: on a standby the last change that it has replayed,
    or the primary's last message where nothing is waiting to be replayed; otherwise the instant of the answer.
    """
    in_recovery: bool
    replayed: datetime | None
    heard: datetime | None
    in_recovery, replayed, heard = session.execute(_AGE).one()
    if not in_recovery:
        return now
    known = [instant for instant in (replayed, heard) if instant is not None]
    return min(now, max(known))


@dataclass(frozen=True, slots=True)
class Versions:
    """What moves whenever a question's numbers do: the versions of its days and of its counties' rosters, and the
    calendars. No day is looked into. `all_closed` tells that every county has closed every day that is asked about,
    `calendar_assumed` that a year among them has no calendar yet, `in_recovery` that a standby answers. All in one
    statement: at a month's statistics of a nation, what each more costs is a tenth of the answer.
    """

    parts: tuple[Any, ...]
    all_closed: bool
    calendar_assumed: bool
    in_recovery: bool


def versions_of(session: Session, question: Question, today: date) -> Versions:
    """`today` bounds the years of which the answer tells."""
    query = _of_days(question).add_columns(*_of_calendars(session, question, today))
    return _versions(question, today, session.execute(query).one())


def versions_of_months(session: Session, question: Question, today: date) -> tuple[Versions, list[Cell]] | None:
    """Of a question that the months' roll-ups may answer, with the answer: one statement, because they are read whole
    for either. None where not every county has closed all of the days.
    """
    names, sums = closed_sums(question)
    counties = (
        select(func.count() * _days(question))
        .select_from(Area)
        .where(Area.level == "county", county_column_in(Area.code, question.area_code))
    )
    query = sums.add_columns(
        func.sum(CountyMonth.days),
        func.sum(CountyMonth.version),
        counties.scalar_subquery(),
        *_of_calendars(session, question, today),
    )
    rows = session.execute(query).all()
    if not rows:
        return None
    told = [row[len(names) + len(NUMBERS) :] for row in rows]
    _, _, due, *calendars = told[0]
    closed, version = sum(row[0] for row in told), sum(row[1] for row in told)
    versions = _versions(question, today, (closed, due, version, *calendars))
    return (versions, [cell_of(names, row) for row in rows]) if versions.all_closed else None


def _of_calendars(session: Session, question: Question, today: date) -> Sequence[ColumnElement[Any]]:
    """When one was last loaded, how many years among those asked about have one, and whether a standby answers."""
    years = _years(question, today)
    published = select(func.count()).select_from(CalendarYear).where(CalendarYear.year.between(years[0], years[-1]))
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    return (
        select(func.max(CalendarYear.loaded_at)).scalar_subquery(),
        published.scalar_subquery(),
        func.pg_is_in_recovery() if on_postgresql else false(),
    )


def _years(question: Question, today: date) -> range:
    return range(question.first.year, min(question.last, max(question.first, today)).year + 1)


def _versions(question: Question, today: date, row: Sequence[Any]) -> Versions:
    """From the days that are closed and those that are due, versions, and what `_of_calendars` asks."""
    *parts, in_recovery = row
    closed, due, *_, years_published = parts
    return Versions(
        tuple(parts),
        all_closed=closed == due,
        calendar_assumed=years_published < len(_years(question, today)),
        in_recovery=bool(in_recovery),
    )


def _of_days(question: Question) -> Select[Any, Any, Any, Any, Any]:
    """The days of counties that are closed, those that are asked about, and their versions and those of the rosters."""
    rosters = select(func.sum(RosterVersion.version)).where(among(RosterVersion.county_code, question.counties))
    return select(
        func.count(DayHead.closed_at),
        literal(_days(question) * len(question.counties)),
        func.count(),
        func.sum(DayHead.version),
        rosters.scalar_subquery(),
    ).where(among(DayHead.county_code, question.counties), DayHead.date.between(question.first, question.last))


def _days(question: Question) -> int:
    return (question.last - question.first).days + 1
