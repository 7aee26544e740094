"""Days that come into a posting, or fall out of it, are judged again: in filed months too, since it is the county that
enters and ends a posting, and its reason is written on each of these days.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from app.access.call import Call
from app.attendance.entries import Author
from app.attendance.heads import first_closed_day
from app.attendance.rejudge import Rejudging
from app.models import Posting

ENTERED_ZH = "登记派驻"
IMPORTED_ZH = "花名册导入"


def judge_new_postings(call: Call, postings: Sequence[Posting], reason: str) -> None:
    """A posting entered late reaches back over days that its county has closed: they are judged as if it had been
    there. Days from before the county began to close days stay out of the ledger.
    """
    if not postings:
        return
    first_closed = first_closed_day(call.session, postings[0].county_code)
    if first_closed is not None:
        _rejudge(call, postings, max(first_closed, min(posting.starts_on for posting in postings)), None, reason)


def judge_moved_end(call: Call, posting: Posting, before: date | None, reason: str) -> None:
    """The end has moved from `before`: the days between the two ends are judged again."""
    after = posting.ends_on
    if before != after:
        ends = [end for end in (before, after) if end is not None]
        last = max(ends) if len(ends) == 2 else None
        _rejudge(call, [posting], min(ends) + timedelta(days=1), last, reason)


def _rejudge(call: Call, postings: Sequence[Posting], first: date, last: date | None, reason: str) -> None:
    author = Author(call.now, call.viewer.account_id, "posting", reason)
    Rejudging(call.session, author, even_locked=True).run(postings, first, min(last or call.today, call.today))
