"""How old the data is that answers, and whether it has changed since somebody asked before."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, false, func, literal, select, text
from sqlalchemy.orm import Session

from app.access.areas import county_column_in
from app.access.scope import countable
from app.attendance.open_days import among
from app.models import Area, CalendarYear, CountyMonth, DayHead, RosterVersion
from app.stats.counting import Question

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
    years = range(question.first.year, min(question.last, max(question.first, today)).year + 1)
    published = select(func.count()).select_from(CalendarYear).where(CalendarYear.year.between(years[0], years[-1]))
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    query = (_of_months if question.months else _of_days)(question).add_columns(
        select(func.max(CalendarYear.loaded_at)).scalar_subquery(),
        published.scalar_subquery(),
        func.pg_is_in_recovery() if on_postgresql else false(),
    )
    *parts, in_recovery = session.execute(query).one()
    closed, due, *_, years_published = parts
    return Versions(
        tuple(parts),
        all_closed=closed == due,
        calendar_assumed=years_published < len(years),
        in_recovery=bool(in_recovery),
    )


def _of_months(question: Question) -> Select[Any, Any, Any]:
    """The days of counties that are closed, those that are asked about, and their versions, in one row a county and
    month; for days that are not all closed it says only that they are not.
    """
    counties = (
        select(func.count() * _days(question))
        .select_from(Area)
        .where(Area.level == "county", county_column_in(Area.code, question.area_code))
    )
    return select(func.sum(CountyMonth.days), counties.scalar_subquery(), func.sum(CountyMonth.version)).where(
        countable(question.viewer, CountyMonth, question.area_code), CountyMonth.date.in_(question.months)
    )


def _of_days(question: Question) -> Select[Any, Any, Any, Any, Any]:
    """The same day by day, with the versions of the rosters."""
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
