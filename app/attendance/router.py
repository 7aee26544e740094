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


@router.get("/days", summary="查询每日考勤")
def list_days(
    call: Annotated[Call, reading(*OFFICERS)],
    paging: Paging,
    area: Annotated[AreaCode, Query()],
    day: Annotated[Day | None, Query(alias="date", description="不填为今天。Defaults to today.")] = None,
    exceptions: Annotated[
        bool, Query(description="只列有异常、需要处理的。Only the days that somebody has to look at.")
    ] = False,
) -> Page[schemas.DayOfPosting]:
    """某区域某日各派驻的状态、异常和依据。

    The postings of an area on one day: status, exceptions and what they rest on.
    """
    items, cursor = days.list_days(call, paging, area, day or call.today, only_exceptions=exceptions)
    return Page(items=items, next_cursor=cursor)


@router.post("/days/confirmations", summary="确认每日考勤", responses=problem_responses(409))
def confirm_days(
    call: Annotated[Call, writing(Role.TOWNSHIP)], body: schemas.ConfirmationIn
) -> schemas.ConfirmationOut:
    """乡镇一次确认一天：不列明细的按认定结果全部确认，与认定不同的须写说明。

    Confirm a day of the township, in one request: all of it as judged, or the items named; a status other than the
    judged one needs a remark.
    """
    return days.confirm_days(call, body)


@router.post("/days/corrections", summary="更正考勤", status_code=201, responses=problem_responses(409))
def correct_day(
    call: Annotated[Call, writing(Role.TOWNSHIP, Role.COUNTY)], body: schemas.CorrectionIn
) -> schemas.DayOfMine:
    """更正某日的状态，须写原因；原认定留存。月报报送后只由县级更正。

    Set a day's status, with a reason; the judged one stays on record. Once the month is filed, only the county
    corrects.
    """
    return days.correct_day(call, body)


@router.post("/registrations", summary="补录到岗", status_code=201, responses=problem_responses(409))
def create_registration(
    call: Annotated[Call, writing(Role.TOWNSHIP)], body: schemas.RegistrationIn
) -> schemas.RegistrationOut:
    """乡镇补录纸质、走访、电话登记，与手机登记同等有效。

    The township enters a presence from paper, a visit or a phone call; it counts as a check-in does.
    """
    return days.register(call, body)


@router.get("/postings/{posting_id}/days", summary="查询一人考勤")
def list_posting_days(
    call: Annotated[Call, reading(*PEOPLE)],
    posting_id: UUID,
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to")] = None,
) -> schemas.PostingDays:
    """一个派驻的逐日考勤，含首尾两日，一次最多 366 天；不填日期为最近 31 天。

    One posting's days, both ends inclusive, at most 366; the last 31 unless said otherwise.
    """
    posting = scope.find(call.session, call.viewer, Posting, posting_id)
    if first and first > (last or call.today):
        raise Unprocessable.field("/query/from", "dates_reversed", "起始日期晚于结束日期", "from lies after to")
    end = min(last or call.today, call.today)
    start = first or end - timedelta(days=30)
    if (end - start).days >= MAX_DAYS:
        raise Unprocessable.field("/query/from", "range_too_long", "一次最多查询 366 天", "at most 366 days at once")
    standing = days.standings(call.session, [posting], start, end)
    return schemas.PostingDays(posting_id=posting.id, items=list(standing.values()))


@router.get("/postings/{posting_id}/days/{date}", summary="查询认定依据")
def explain_posting_day(call: Annotated[Call, reading(*PEOPLE)], posting_id: UUID, date: Day) -> schemas.Explanation:
    """该日状态的由来：事实、条文和全部修订。

    Why the day has its status: facts, provisions, revisions.
    """
    posting = scope.find(call.session, call.viewer, Posting, posting_id)
    return explain_day(call.session, posting, date)
