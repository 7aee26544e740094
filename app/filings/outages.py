"""Outages: the county declares where and when nobody could check in; a day without evidence then waits for the
township instead of becoming an absence.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select

from app.access import scope
from app.access.areas import area_prefix, contains, county_column_in, county_of, in_area, level_of
from app.access.call import Call
from app.attendance.law import load_provisions, locked_months
from app.attendance.rejudge import rejudge
from app.errors import Conflict, FieldError, NotFound, Unprocessable
from app.filings import schemas
from app.models import Outage, Posting
from app.policy.days import ONE_DAY, days_between
from app.policy.outage import OutageSpan, judge_outage

_REFUSALS = {
    OutageSpan.REVERSED: ("/to", "dates_reversed", "结束日期早于开始日期", "ends before it begins"),
    OutageSpan.TOO_LONG: ("/to", "range_too_long", "一次最多 {max} 天，更长的请分次申报", "at most {max} days at once"),
    OutageSpan.TOO_FAR_BACK: ("/from", "too_far_back", "最早为 {max} 天前", "at most {max} days back"),
    OutageSpan.TOO_FAR_AHEAD: ("/to", "too_far_ahead", "最晚为 {max} 天后", "at most {max} days ahead"),
}
_BOUNDS = {
    OutageSpan.TOO_LONG: "outage.max_days",
    OutageSpan.TOO_FAR_BACK: "outage.back_days",
    OutageSpan.TOO_FAR_AHEAD: "outage.ahead_days",
}


def declare_outage(call: Call, body: schemas.OutageIn) -> schemas.OutageOut:
    """Declare an outage and judge its days again, as far as they have begun. Days of months that the township has
    filed stay as filed, and are named in the answer: those the county corrects one by one.
    """
    scope.find_area(call.session, call.viewer, body.area_code)
    _check_span(call, body)
    outage = Outage(
        county_code=county_of(body.area_code),
        area_code=body.area_code,
        area_prefix=area_prefix(body.area_code),
        first_day=body.first,
        last_day=body.last,
        declared_last_day=body.last,
        reason=body.reason,
        declared_by=call.viewer.account_id,
        declared_at=call.now,
        ended_by=None,
        ended_at=None,
        end_reason=None,
    )
    call.session.add(outage)
    changed = _judge_again(call, outage, body.first, body.last, reason=body.reason)
    _record(call, outage, "outage.declared", reason=body.reason, changed_days=changed)
    return _answer(call, outage)


def _check_span(call: Call, body: schemas.OutageIn) -> None:
    judged = judge_outage(body.first, body.last, call.today, load_provisions(call.session), body.area_code)
    if judged.verdict is OutageSpan.ALLOWED:
        return
    pointer, code, zh, en = _REFUSALS[judged.verdict]
    bound = next((basis.value for basis in judged.basis if basis.key == _BOUNDS.get(judged.verdict)), None)
    raise Unprocessable.field(pointer, code, zh.format(max=bound), en.format(max=bound))


def end_outage(call: Call, outage_id: UUID, body: schemas.OutageEndIn) -> schemas.OutageOut:
    """Let an outage end earlier than declared, or take it back altogether; the days that it no longer covers are judged
    again. What was declared stays on record.
    """
    query = select(Outage).where(Outage.id == outage_id, _touching(_own_area(call))).with_for_update()
    outage = call.session.scalar(query)
    if outage is None or not contains(_own_area(call), outage.area_code):
        raise NotFound
    last = body.last or outage.first_day - ONE_DAY
    _check_end(outage, body)
    before, outage.last_day = outage.last_day, last
    outage.ended_by, outage.ended_at, outage.end_reason = call.viewer.account_id, call.now, body.reason
    changed = _judge_again(call, outage, last + ONE_DAY, before, reason=body.reason)
    _record(call, outage, "outage.ended", reason=body.reason, changed_days=changed, before=before)
    return _answer(call, outage)


def _check_end(outage: Outage, body: schemas.OutageEndIn) -> None:
    if outage.last_day < outage.first_day:
        raise Conflict("wrong_state", "该申报已经撤销。", "This outage has been taken back already.")
    if body.last is not None and not outage.first_day <= body.last < outage.last_day:
        raise Unprocessable(
            "invalid_input",
            "只能提前结束；需要延长的请另行申报，全部撤销的不填日期。",
            "An outage can only end earlier: declare another one to prolong it, or leave the day out to take it back.",
            errors=[FieldError("/to", "not_earlier", "应在原起止日期之内且早于原结束日期", "not within and earlier")],
        )


def _judge_again(call: Call, outage: Outage, first: date, last: date, *, reason: str) -> int:
    call.session.flush()
    return rejudge(
        call.session,
        _postings(call, outage, first, last),
        first,
        last,
        now=call.now,
        by=call.viewer.account_id,
        cause="outage",
        reason=reason,
    )


def _postings(call: Call, outage: Outage, first: date, last: date) -> Sequence[Posting]:
    query = select(Posting).where(
        scope.visible(call.viewer, Posting),
        in_area(Posting, outage.area_code),
        Posting.held_between(first, last),
    )
    return call.session.scalars(query.order_by(Posting.id)).all()


def _record(call: Call, outage: Outage, action: str, **details: object) -> None:
    call.audit(
        chain=outage.county_code,
        action=action,
        target=str(outage.id),
        area_code=outage.area_code,
        first_day=outage.first_day,
        last_day=outage.last_day,
        **details,
    )


def _answer(call: Call, outage: Outage) -> schemas.OutageOut:
    """With the months that had been filed, asked while the days are held."""
    townships = {
        posting.township_code for posting in _postings(call, outage, outage.first_day, outage.declared_last_day)
    }
    locked = locked_months(call.session, townships, days_between(outage.first_day, outage.declared_last_day))
    return present(outage, [schemas.FiledMonth(area_code=area, period=month) for area, month in sorted(locked)])


def present(outage: Outage, locked: list[schemas.FiledMonth] | None = None) -> schemas.OutageOut:
    in_force = outage.last_day >= outage.first_day
    return schemas.OutageOut(
        id=outage.id,
        area_code=outage.area_code,
        first=outage.first_day,
        last=outage.last_day if in_force else None,
        declared_last=outage.declared_last_day,
        withdrawn=not in_force,
        reason=outage.reason,
        declared_by=outage.declared_by,
        declared_at=outage.declared_at,
        ended_by=outage.ended_by,
        ended_at=outage.ended_at,
        end_reason=outage.end_reason,
        locked_months=locked or [],
    )


def outages_query(call: Call, area: str | None, day: date | None) -> Select[Outage]:
    """The outages that touch an area: those of areas inside it, and those of an area around it. Only within the
    viewer's own area may one ask.
    """
    code = area or _own_area(call)
    scope.find_area(call.session, call.viewer, code)
    query = select(Outage).where(_touching(code))
    if day is not None:
        query = query.where(Outage.first_day <= day, Outage.last_day >= day)
    return query


def _touching(code: str) -> ColumnElement[bool]:
    prefix = area_prefix(code)
    around = [prefix[:length] for length in (6, 9, 12) if length <= len(prefix)]
    condition = or_(Outage.area_prefix.startswith(prefix), Outage.area_prefix.in_(around))
    county = county_of(code) if level_of(code) in {"township", "village"} else code
    return condition & county_column_in(Outage.county_code, county)


def _own_area(call: Call) -> str:
    if call.viewer.area_code is None:
        raise NotFound
    return call.viewer.area_code
