"""How old the data is that answers, and whether it has changed since somebody asked before."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.models import CalendarYear, DayHead, RosterVersion
from app.stats.counting import Question
from app.stats.open_days import among

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


def day_versions(session: Session, question: Question) -> list[Any]:
    """What moves whenever the question's numbers do: the versions of its days and of its counties' rosters, and the
    calendars. No day is looked into.
    """
    heads = select(func.count(), func.sum(DayHead.version)).where(
        among(DayHead.county_code, question.counties), DayHead.date.between(question.first, question.last)
    )
    rosters = select(func.count(), func.sum(RosterVersion.version)).where(
        among(RosterVersion.county_code, question.counties)
    )
    calendars = select(func.count(), func.max(CalendarYear.loaded_at))
    execute = session.execute
    return [tuple(execute(heads).one()), tuple(execute(rosters).one()), tuple(execute(calendars).one())]
