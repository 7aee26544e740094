"""Provisions and calendars over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.access.call import Call, reading, writing
from app.access.viewer import Role
from app.errors import problem_responses
from app.provisions import calendar, schemas, service
from app.web.schemas import AreaCode, Day

router = APIRouter(tags=["provisions"], responses=problem_responses(401, 403, 404, 422))

AnyonesCall = Annotated[Call, reading()]
CountyCall = Annotated[Call, writing(Role.COUNTY)]
YearNumber = Annotated[int, Path(ge=2000, le=2100)]


@router.get("/provisions", summary="查询条文")
def list_provisions(
    call: AnyonesCall,
    on: Annotated[Day | None, Query(description="不填为今天。Defaults to today.")] = None,
    area: Annotated[AreaCode | None, Query(description="不填为本区域。Defaults to the own area.")] = None,
    key: Annotated[
        schemas.Key | None,
        Query(description="列出该条目过去、现在、将来有效的全部。Everything that was, is or will be in force of it."),
    ] = None,
) -> schemas.ProvisionPage:
    """某日在某区域有效的规定，附条文、原文和理解。

    What is in force on a day for an area, with articles, quotes and readings.
    """
    return service.list_provisions(call, on or call.today, area, key)


@router.post("/provisions", summary="增补地方规定", status_code=201)
def create_provision(call: CountyCall, body: schemas.ProvisionIn) -> schemas.ProvisionOut:
    """增补本县的规定：可以比条文更严，可以明确条文没有写明的；放宽条文的，须有上级批准。修订即增补一条施行日期更晚的。

    Add a provision of the own county: it may tighten the text and settle what the text leaves open, and contradict it
    only with a superior's approval. Amending means adding one with a later date.
    """
    return service.create_provision(call, body)


@router.get("/calendar/{year}", summary="查询日历")
def get_calendar(call: AnyonesCall, year: YearNumber) -> schemas.CalendarOut:
    """一年的放假和调休上班日；没有导入的年份 `assumed` 为 true。

    The days off and the weekend days worked of a year; `assumed` where it is not loaded.
    """
    return calendar.show_year(call.session, year)


@router.put("/calendar/{year}", summary="导入日历", responses=problem_responses(409))
def put_calendar(call: CountyCall, year: YearNumber, body: schemas.CalendarIn) -> schemas.LoadedCalendarOut:
    """导入或更正一年的日历，也可直接使用 holiday-cn 的文件；已关账而日历有变的日期重新认定。

    Load or correct a year, also as holiday-cn's file; closed days that it tells otherwise are judged again.
    """
    return calendar.put_year(call, year, body)
