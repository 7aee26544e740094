"""Days over HTTP."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.access import scope
from app.access.call import Call, reading, writing
from app.access.viewer import OFFICERS, Role
from app.attendance import days, schemas
from app.attendance.explain import explain_day
from app.errors import Unprocessable, problem_responses
from app.models import Posting
from app.web.paging import Paging
from app.web.schemas import AreaCode, Day, Page

router = APIRouter(tags=["attendance"], responses=problem_responses(401, 403, 404, 422))

MAX_DAYS = 366
PEOPLE = (*OFFICERS, Role.CADRE)


@router.get("/days")
def list_days(
    call: Annotated[Call, reading(*OFFICERS)],
    paging: Paging,
    area: Annotated[AreaCode, Query()],
    day: Annotated[Day | None, Query(alias="date", description="Defaults to today.")] = None,
    exceptions: Annotated[bool, Query(description="Only the days that somebody has to look at.")] = False,
) -> Page[schemas.DayOfPosting]:
    """The postings of an area on one day."""
    items, cursor = days.list_days(call, paging, area, day or call.today, only_exceptions=exceptions)
    return Page(items=items, next_cursor=cursor)


@router.post("/days/confirmations", responses=problem_responses(409))
def confirm_days(
    call: Annotated[Call, writing(Role.TOWNSHIP)], body: schemas.ConfirmationIn
) -> schemas.ConfirmationOut:
    """Confirm a day of the township, in one request."""
    return days.confirm_days(call, body)


@router.post("/days/corrections", status_code=201, responses=problem_responses(409))
def correct_day(
    call: Annotated[Call, writing(Role.TOWNSHIP, Role.COUNTY)], body: schemas.CorrectionIn
) -> schemas.DayOfMine:
    """Set a day's status, with a reason; the judged one stays on record."""
    return days.correct_day(call, body)


@router.post("/registrations", status_code=201, responses=problem_responses(409))
def create_registration(
    call: Annotated[Call, writing(Role.TOWNSHIP)], body: schemas.RegistrationIn
) -> schemas.RegistrationOut:
    """Enter a presence from paper, a visit or a phone call."""
    return days.register(call, body)


@router.get("/postings/{posting_id}/days")
def list_posting_days(
    call: Annotated[Call, reading(*PEOPLE)],
    posting_id: UUID,
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to")] = None,
) -> schemas.PostingDays:
    """One posting's days, both ends inclusive; the last 31 unless said otherwise."""
    posting = scope.find(call.session, call.viewer, Posting, posting_id)
    if first and first > (last or call.today):
        raise Unprocessable.field("/query/from", "dates_reversed", "起始日期晚于结束日期", "from lies after to")
    end = min(last or call.today, call.today)
    start = first or end - timedelta(days=30)
    if (end - start).days >= MAX_DAYS:
        raise Unprocessable.field("/query/from", "range_too_long", "一次最多查询 366 天", "at most 366 days at once")
    standing = days.standings(call.session, [posting], start, end)
    return schemas.PostingDays(posting_id=posting.id, items=list(standing.values()))


@router.get("/postings/{posting_id}/days/{date}")
def explain_posting_day(call: Annotated[Call, reading(*PEOPLE)], posting_id: UUID, date: Day) -> schemas.Explanation:
    """Why the day has its status: facts, provisions, revisions."""
    posting = scope.find(call.session, call.viewer, Posting, posting_id)
    return explain_day(call.session, posting, date)
