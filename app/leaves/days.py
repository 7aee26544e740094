"""The days of a request: judged again as it turns, in whichever posting of the cadre they lie."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from app.access.call import Call
from app.attendance.codes import Cause
from app.attendance.heads import take_heads
from app.attendance.law import locked_months, month_of
from app.attendance.rejudge import rejudge
from app.models import Leave, Posting
from app.policy.days import days_between


def judge_days(call: Call, leave: Leave, cause: Cause) -> None:
    """Judge the days of the request again. Days of filed months stay as they are, and are listed on the request."""
    call.session.flush()
    # Held before the postings are read: whoever moves a posting over them meanwhile waits, or is seen here.
    begun = days_between(leave.starts_on, min(leave.ends_on, call.today))
    take_heads(call.session, [(leave.county_code, day) for day in begun])
    postings = _postings_of(call, leave)
    rejudge(
        call.session,
        postings,
        leave.starts_on,
        leave.ends_on,
        now=call.now,
        by=call.viewer.account_id,
        cause=cause,
    )
    # Asked now that the days are held: a month cannot be filed between the question and the commit.
    leave.locked_days = [day.isoformat() for day in locked_days(call, postings, leave.starts_on, leave.ends_on)]
    call.session.flush()


def _postings_of(call: Call, leave: Leave) -> Sequence[Posting]:
    held = Posting.held_between(leave.starts_on, leave.ends_on)
    query = select(Posting).where(Posting.cadre_id == leave.cadre_id, held)
    return call.session.scalars(query.order_by(Posting.starts_on, Posting.id)).all()


def locked_days(call: Call, postings: Sequence[Posting], first: date, last: date) -> list[date]:
    """The days of these postings from `first` to `last` (inclusive) in months that their townships have filed: the
    filed sheet stands until the county corrects it.
    """
    days = [
        (posting.township_code, day)
        for posting in postings
        for day in days_between(max(first, posting.starts_on), min(last, posting.ends_on or last))
    ]
    locked = locked_months(call.session, {township for township, _ in days}, {day for _, day in days})
    return [day for township, day in days if (township, month_of(day)) in locked]
