"""A year's calendar: loaded once for everybody, and the days judged again that it tells otherwise."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from app.access import audit
from app.access.areas import contains
from app.access.call import Call
from app.attendance.absences import refresh_absences
from app.attendance.entries import Author
from app.attendance.heads import take_heads
from app.attendance.law import load_calendar, month_of
from app.attendance.rejudge import Rejudging
from app.clock import business_day
from app.errors import Conflict, Unprocessable
from app.models import CalendarYear, DayEntry, DayHead, Filing, Posting, RecallFlag
from app.policy.attendance import Status
from app.policy.calendar import Calendar, InvalidYear, Year, days_that_differ, make_year
from app.policy.days import runs_of
from app.policy.recall import MOVED_BY_FACTS
from app.provisions import schemas

POSTINGS_AT_ONCE = 100
"""Judged in one piece, so that a year of a large county stays within memory."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a year has come to. `locked` are (township, month) that had been filed before."""

    year: CalendarYear
    days_changed: int
    locked: tuple[tuple[str, str], ...]


def show_year(session: Session, year: int) -> schemas.CalendarOut:
    row = session.get(CalendarYear, year)
    if row is None:
        return schemas.CalendarOut(year=year, assumed=True, off=[], working=[], source=None, loaded_at=None)
    return schemas.CalendarOut(**_fields(row))


def put_year(call: Call, year: int, body: schemas.CalendarIn) -> schemas.LoadedCalendarOut:
    """A county loads or corrects a year as far as no other county's closed days depend on it."""
    if body.year is not None and body.year != year:
        raise Unprocessable.field("/year", "wrong_year", "年份与地址中的年份不一致", "another year than the address's")
    off, working = body.dates()
    try:
        published = make_year(year, off, working)
    except InvalidYear as invalid:
        pointer = "/days" if body.days is not None else "/off"
        raise Unprocessable.field(pointer, "not_a_calendar", invalid.zh, invalid.en) from None
    own = call.viewer.area_code or ""
    loaded = load_year(
        call.session, year, published, body.stated_source(), now=call.now, by=call.viewer.account_id, only_county=own
    )
    locked = [
        schemas.LockedMonth(area_code=area, period=period) for area, period in loaded.locked if contains(own, area)
    ]
    return schemas.LoadedCalendarOut(**_fields(loaded.year), days_changed=loaded.days_changed, locked_months=locked)


def _fields(row: CalendarYear) -> dict[str, object]:
    stored = Year.from_json(row.days)
    return {
        "year": row.year,
        "assumed": False,
        "off": sorted(stored.off),
        "working": sorted(stored.working),
        "source": row.source,
        "loaded_at": row.loaded_at,
    }


def load_year(
    session: Session,
    year: int,
    published: Year,
    source: str,
    *,
    now: datetime,
    by: UUID | None,
    only_county: str | None = None,
) -> Loaded:
    """Store a year's notice and judge the days again that it tells otherwise, except in months that were filed. With
    `only_county` refused where that would touch another county's closed days: these are the operator's to change.
    """
    before = load_calendar(session)
    row = session.scalar(select(CalendarYear).where(CalendarYear.year == year).with_for_update())
    if row is not None and Year.from_json(row.days) == published:
        return Loaded(row, 0, ())
    row = _store(
        session, row, CalendarYear(year=year, days=published.as_json(), source=source, loaded_by=by, loaded_at=now)
    )
    after = load_calendar(session)
    today = business_day(now)
    told_otherwise = days_that_differ(before, after, date(year - 1, 12, 1), min(today, date(year + 1, 1, 31)))
    closed, still_open = _hold_days(session, told_otherwise, today)
    if only_county is not None and closed.keys() - {only_county}:
        raise _used_by_others()
    author = Author(now, by, "calendar", source)
    changed = sum(_rejudge_county(session, county, days, author, after) for county, days in sorted(closed.items()))
    for county, days in sorted(still_open.items()):
        _rejudge_entries(session, county, days, author)
    locked = _locked(session, closed)
    audit.record(
        session,
        chain=audit.SERVICE,
        at=now,
        by=by,
        action="calendar.loaded",
        target=str(year),
        source=source,
        days=row.days,
        days_changed=changed,
    )
    return Loaded(row, changed, locked)


def _store(session: Session, row: CalendarYear | None, new: CalendarYear) -> CalendarYear:
    if row is None:
        session.add(new)
        row = new
    else:
        row.days, row.source, row.loaded_by, row.loaded_at = new.days, new.source, new.loaded_by, new.loaded_at
    session.flush()
    return row


def _used_by_others() -> Conflict:
    return Conflict(
        "calendar_in_use",
        "其他县已结束的日期依据该年日历认定，请由系统管理员在服务器上运行 import-calendar。",
        "Closed days of other counties rest on this year; the operator loads it on the server with import-calendar.",
    )


_Days = dict[str, list[date]]
"""By county, in order."""


def _hold_days(session: Session, days: Sequence[date], today: date) -> tuple[_Days, _Days]:
    """The closed days among these, and those that are still to be closed, all held until the commit: a day that is
    being closed at this moment is closed by one calendar or the other, and seen here.
    """
    closed: _Days = defaultdict(list)
    still_open: _Days = defaultdict(list)
    if not days:
        return closed, still_open
    wanted = set(days)
    heads = select(DayHead.county_code, DayHead.date).where(DayHead.date.between(days[0], days[-1]))
    taken = {(county, day) for county, day in session.execute(heads) if day in wanted}
    last_closed = func.max(case((DayHead.closed_at.is_not(None), DayHead.date)))
    for county, last in session.execute(select(DayHead.county_code, last_closed).group_by(DayHead.county_code)):
        open_days = (today - timedelta(days=ago) for ago in range((today - last).days if last else 2))
        taken |= {(county, day) for day in open_days if day in wanted}
    for (county, day), closed_at in sorted(take_heads(session, taken).items()):
        (still_open if closed_at is None else closed)[county].append(day)
    return closed, still_open


def _rejudge_entries(session: Session, county: str, days: Sequence[date], author: Author) -> None:
    """Of a day that is open only what stands in the ledger already: the rest is judged when somebody reads it."""
    for day in days:
        entered = select(DayEntry.posting_id).where(DayEntry.county_code == county, DayEntry.date == day)
        query = select(Posting).where(Posting.county_code == county, Posting.id.in_(entered)).order_by(Posting.id)
        postings = session.scalars(query).all()
        for start in range(0, len(postings), POSTINGS_AT_ONCE):
            Rejudging(session, author).run(postings[start : start + POSTINGS_AT_ONCE], day, day)


def _rejudge_county(session: Session, county: str, days: Sequence[date], author: Author, calendar: Calendar) -> int:
    changed = 0
    for group in _posted(session, county, days):
        for first, last in runs_of(days):
            changed += len(Rejudging(session, author).run(group, first, last))
    for start in range(0, len(counting := _counting(session, county, days)), POSTINGS_AT_ONCE):
        # A day that keeps its status may count otherwise: 离岗 by correction on what is now no working day.
        refresh_absences(
            session, counting[start : start + POSTINGS_AT_ONCE], now=author.at, by=author.by, calendar=calendar
        )
    return changed


def _posted(session: Session, county: str, days: Sequence[date]) -> Iterator[Sequence[Posting]]:
    query = (
        select(Posting)
        .where(Posting.county_code == county, Posting.held_between(days[0], days[-1]))
        .order_by(Posting.id)
    )
    postings = session.scalars(query).all()
    for start in range(0, len(postings), POSTINGS_AT_ONCE):
        yield postings[start : start + POSTINGS_AT_ONCE]


def _counting(session: Session, county: str, days: Sequence[date]) -> Sequence[Posting]:
    absent = select(DayEntry.posting_id).where(
        DayEntry.county_code == county,
        DayEntry.date.between(days[0], days[-1]),
        DayEntry.status == Status.ABSENT,
    )
    flagged = select(RecallFlag.posting_id).where(
        RecallFlag.county_code == county, RecallFlag.state.in_(MOVED_BY_FACTS)
    )
    counting = select(Posting).where(or_(Posting.id.in_(absent), Posting.id.in_(flagged)))
    return session.scalars(counting.order_by(Posting.id)).all()


def _locked(session: Session, closed: Mapping[str, Sequence[date]]) -> tuple[tuple[str, str], ...]:
    months = {month_of(day) for days in closed.values() for day in days}
    query = (
        select(Filing.area_code, Filing.period)
        .where(Filing.kind == "monthly", Filing.period.in_(months), Filing.county_code.in_(closed))
        .order_by(Filing.area_code, Filing.period)
    )
    return tuple((area, period) for area, period in session.execute(query))
