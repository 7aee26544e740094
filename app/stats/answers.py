"""From questions to answers: what is asked, whether it changed, the rows with their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.call import Call
from app.access.scope import countable, find_area_names
from app.access.viewer import Role
from app.attendance.law import load_calendar
from app.attendance.rollups import NUMBERS
from app.errors import NotFound, Unprocessable
from app.models import DispatchUnit, RecallFlag
from app.policy.calendar import Calendar
from app.policy.recall import GROUNDS, STATE_LABELS_ZH, FlagState
from app.policy.statistics import on_post_rate
from app.stats import schemas, words
from app.stats.counting import By, Cell, Key, Question, Tally, count, months_that_answer
from app.stats.freshness import Versions, data_as_of, versions_of, versions_of_months
from app.stats.open_days import counties_of
from app.stats.suppression import Asked, asked_by_counties, withheld_rows

MAX_DAYS = 366


@dataclass(frozen=True, slots=True)
class Asking:
    """A question that may be asked, with what its answer needs besides the numbers."""

    question: Question
    names: Mapping[str, str]
    asked: Asked
    language: str
    versions: Versions
    closed: Sequence[Cell] | None = None
    """The numbers, where they came with the versions."""

    @property
    def area(self) -> str:
        return self.names[self.question.area_code]


def ask(call: Call, area_code: str | None, first: date, last: date, by: By, language: str) -> Asking:
    """NotFound where the viewer may not ask about the area, Unprocessable where the days make no range."""
    _require_range(first, last)
    code = area_code or _own_area(call)
    names = find_area_names(call.session, call.viewer, code, below=by is By.AREA)
    counties = cache(lambda: counties_of(call.session, call.viewer, code))
    asked = asked_by_counties(call.session, call.viewer, counties, call.today)
    months = () if asked else months_that_answer(call.viewer, code, first, last, by)
    if months:
        question = Question(call.viewer, code, (), first, last, by, months=months)
        found = versions_of_months(call.session, question, call.today)
        if found is not None:
            versions, closed = found
            return Asking(question, names, asked, language, versions, closed)
    question = Question(call.viewer, code, counties(), first, last, by, by_day=bool(asked))
    return Asking(question, names, asked, language, versions_of(call.session, question, call.today))


def _require_range(first: date, last: date) -> None:
    if first > last:
        raise Unprocessable.field("/query/from", "dates_reversed", "起始日期晚于结束日期", "from lies after to")
    if (last - first).days >= MAX_DAYS:
        raise Unprocessable.field("/query/from", "range_too_long", "一次最多查询 366 天", "at most 366 days at once")


def _own_area(call: Call) -> str:
    """Where no area is named: the viewer's own, a unit officer's that of the unit."""
    code = call.viewer.area_code
    if call.viewer.role is Role.UNIT:
        code = call.session.scalar(select(DispatchUnit.area_code).where(DispatchUnit.id == call.viewer.unit_id))
    if code is None:
        raise NotFound
    return code


def version_of(call: Call, asking: Asking) -> list[Any]:
    """All that the answer depends on, without looking into a day."""
    question = asking.question
    return [
        question.viewer.unit_id,
        question.area_code,
        question.first,
        question.last,
        question.by,
        min(question.last, call.today),
        sorted(asking.names.items()),
        sorted(asking.asked.items()),
        asking.language,
        asking.versions.parts,
    ]


def attendance(call: Call, asking: Asking) -> schemas.AttendanceStats:
    calendar = _calendar(call, asking)
    found = _count(call, asking, calendar)
    hidden = withheld_rows(call.session, asking.question, found, asking.asked, call.today, calendar)
    units = _unit_names(call.session, {key.unit_id for key in found if key.unit_id is not None})
    rows = [
        schemas.AttendanceRow(
            period=_period(key, asking.question.by),
            area_code=key.area_code,
            area=asking.names.get(key.area_code, key.area_code),
            starts_on=key.first,
            ends_on=key.last,
            unit_id=key.unit_id,
            unit=units.get(key.unit_id) if key.unit_id else None,
            suppressed=key in hidden,
            **_numbers(None if key in hidden else tally),
        )
        for key, tally in found.items()
    ]
    return schemas.AttendanceStats(rows=rows, meta=_meta(call, asking))


def _calendar(call: Call, asking: Asking) -> Calendar:
    """Days are judged only where some are still open, or where groups are compared in order to withhold them."""
    return Calendar() if asking.versions.all_closed and not asking.asked else load_calendar(call.session)


def _count(call: Call, asking: Asking, calendar: Calendar) -> dict[Key, Tally]:
    all_closed = asking.versions.all_closed
    return count(call.session, asking.question, call.today, calendar, all_closed=all_closed, closed=asking.closed)


def _unit_names(session: Session, unit_ids: set[UUID]) -> dict[UUID, str]:
    if not unit_ids:
        return {}
    named = session.execute(select(DispatchUnit.id, DispatchUnit.name).where(DispatchUnit.id.in_(unit_ids)))
    return {unit_id: name for unit_id, name in named}  # noqa: C416 - typed rows, not a dict of rows


def _period(key: Key, by: By) -> str:
    if by is By.WEEK:
        year, week, _ = key.first.isocalendar()
        return f"{year}-W{week:02d}"
    if by is By.MONTH:
        return f"{key.first:%Y-%m}"
    return key.first.isoformat() if by is By.DAY else f"{key.first}/{key.last}"


def _numbers(tally: Tally | None) -> dict[str, Any]:
    if tally is None:
        return dict.fromkeys((*NUMBERS, "on_post_rate"))
    counts = {name: tally.counts[name] for name in NUMBERS}
    rate = on_post_rate(
        people=counts["people"], on_post=counts["on_post"], official=counts["official"], rest=counts["rest"]
    )
    return {**counts, "on_post_rate": rate}


def _meta(call: Call, asking: Asking) -> schemas.Meta:
    return schemas.Meta(
        as_of=data_as_of(call.session, call.now) if asking.versions.in_recovery else call.now,
        calendar_assumed=asking.versions.calendar_assumed,
        definitions=words.definitions(asking.language),
    )


def ask_today(call: Call, area_code: str | None, language: str) -> Asking:
    return ask(call, area_code, call.today - timedelta(days=1), call.today, By.DAY, language)


def today(call: Call, asking: Asking) -> schemas.TodayStats:
    """Today so far, and what the township has not confirmed of yesterday."""
    calendar = load_calendar(call.session)
    found = _count(call, asking, calendar)
    hidden = withheld_rows(call.session, asking.question, found, asking.asked, call.today, calendar)
    by_day = {key.first: tally for key, tally in found.items()}
    yesterday, now = (by_day.get(day, Tally()) for day in (asking.question.first, call.today))
    return schemas.TodayStats(
        date=call.today,
        area_code=asking.question.area_code,
        area=asking.area,
        unconfirmed_yesterday=None if hidden else yesterday.counts["unconfirmed"],
        suppressed=bool(hidden),
        meta=_meta(call, asking),
        **_numbers(None if hidden else now),
    )


def ask_flags(call: Call, area_code: str | None, language: str) -> Asking:
    asking = ask(call, area_code, call.today, call.today, By.DAY, language)
    return replace(asking, question=replace(asking.question, by_day=bool(asking.asked)))


def flag_counts(call: Call, asking: Asking) -> list[tuple[str, str, int]]:
    """(ground, state, flags), by the number of the ground and the course of the procedure."""
    counted = call.session.execute(
        select(RecallFlag.ground, RecallFlag.state, func.count())
        .where(countable(call.viewer, RecallFlag, asking.question.area_code))
        .group_by(RecallFlag.ground, RecallFlag.state)
    )
    grounds, states = list(GROUNDS), list(FlagState)
    return sorted(
        ((ground, state, number) for ground, state, number in counted),
        key=lambda row: (grounds.index(row[0]), states.index(FlagState(row[1]))),
    )


def flags(call: Call, asking: Asking, counted: list[tuple[str, str, int]]) -> schemas.FlagStats:
    """Withheld as a whole where today's numbers of the area are."""
    calendar = load_calendar(call.session)
    suppressed = False
    if asking.asked:
        found = _count(call, asking, calendar)
        suppressed = bool(withheld_rows(call.session, asking.question, found, asking.asked, call.today, calendar))
    return schemas.FlagStats(
        area_code=asking.question.area_code,
        area=asking.area,
        rows=[
            schemas.FlagRow(
                ground=ground,
                ground_label=GROUNDS[ground].label_zh(),
                state=state,
                state_label=STATE_LABELS_ZH[FlagState(state)],
                flags=None if suppressed else number,
            )
            for ground, state, number in counted
        ],
        suppressed=suppressed,
        meta=_meta(call, asking).model_copy(update={"definitions": words.flag_definitions(asking.language)}),
    )
