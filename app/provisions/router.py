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


@router.get("/provisions")
def list_provisions(
    call: AnyonesCall,
    on: Annotated[Day | None, Query(description="Defaults to today.")] = None,
    area: Annotated[AreaCode | None, Query(description="Defaults to the own area.")] = None,
    key: Annotated[schemas.Key | None, Query(description="Everything that was, is or will be in force of it.")] = None,
) -> schemas.ProvisionPage:
    """What is in force on a day for an area, with articles, quotes and readings."""
    return service.list_provisions(call, on or call.today, area, key)


@router.post("/provisions", status_code=201)
def create_provision(call: CountyCall, body: schemas.ProvisionIn) -> schemas.ProvisionOut:
    """Add a provision of the own county: it may tighten the text and settle what the text leaves open, and contradict
    it only with a superior's approval. Amending means adding one with a later date.
    """
    return service.create_provision(call, body)


@router.get("/calendar/{year}")
def get_calendar(call: AnyonesCall, year: YearNumber) -> schemas.CalendarOut:
    """The days off and the weekend days worked of a year; `assumed` where it is not loaded."""
    return calendar.show_year(call.session, year)


@router.put("/calendar/{year}", responses=problem_responses(409))
def put_calendar(call: CountyCall, year: YearNumber, body: schemas.CalendarIn) -> schemas.LoadedCalendarOut:
    """Load or correct a year, also as holiday-cn's file; closed days that it tells otherwise are judged again."""
    return calendar.put_year(call, year, body)
