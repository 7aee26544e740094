"""How old the data is that answers, and whether it has changed since somebody asked before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
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
    """The instant as of which the answering database is complete: on a standby the last change that it has replayed,
    or the primary's last message where nothing is waiting to be replayed; otherwise the instant of the answer.
    """
    if session.get_bind().dialect.name != "postgresql":
        return now
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
    calendars. No day is looked into. `all_closed` tells that every county has closed every day that is asked about.
    """

    parts: tuple[Any, ...]
    all_closed: bool


def versions_of(session: Session, question: Question) -> Versions:
    return _of_months(session, question) if question.months else _of_days(session, question)


def _of_months(session: Session, question: Question) -> Versions:
    """The same in one row a county and month; for days that are not all closed it says only that they are not."""
    counties = (
        select(func.count())
        .select_from(Area)
        .where(Area.level == "county", county_column_in(Area.code, question.area_code))
    )
    loaded = select(func.max(CalendarYear.loaded_at))
    months = select(func.sum(CountyMonth.version), func.sum(CountyMonth.days)).where(
        countable(question.viewer, CountyMonth, question.area_code), CountyMonth.date.in_(question.months)
    )
    parts = tuple(session.execute(months.add_columns(counties.scalar_subquery(), loaded.scalar_subquery())).one())
    _, closed_days, number, _ = parts
    days = (question.last - question.first).days + 1
    return Versions(parts, all_closed=closed_days == days * number)


def _of_days(session: Session, question: Question) -> Versions:
    heads = select(func.count(), func.sum(DayHead.version), func.count(DayHead.closed_at)).where(
        among(DayHead.county_code, question.counties), DayHead.date.between(question.first, question.last)
    )
    rosters = select(func.sum(RosterVersion.version)).where(among(RosterVersion.county_code, question.counties))
    years = select(func.count(CalendarYear.year))
    loaded = select(func.max(CalendarYear.loaded_at))
    one = heads.add_columns(*(query.scalar_subquery() for query in (rosters, years, loaded)))
    parts = tuple(session.execute(one).one())
    days = (question.last - question.first).days + 1
    return Versions(parts, all_closed=parts[2] == days * len(question.counties))
