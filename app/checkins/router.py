"""Check-ins over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.call import Call, reading, writing
from app.access.viewer import OFFICERS, Role
from app.checkins import schemas, service
from app.checkins.today import load_today
from app.errors import language_of, problem_responses
from app.models import CheckIn
from app.policy.geofence import Verdict
from app.web.paging import Paging
from app.web.schemas import AreaCode, Day, Page

router = APIRouter(tags=["check-in"], responses=problem_responses(401, 403, 422))


@router.get("/me/today")
def get_my_today(call: Annotated[Call, reading(Role.CADRE)]) -> schemas.Today:
    """All that the phone's first screen needs, in one call."""
    return load_today(call)


@router.post(
    "/check-ins",
    status_code=201,
    response_model=schemas.CheckInOut,
    responses={200: {"model": schemas.CheckInOut, "description": "Sent before"}, **problem_responses(409)},
)
def create_check_in(call: Annotated[Call, writing(Role.CADRE)], body: schemas.CheckInIn) -> Response:
    """Check in. Sending the same body again answers what is stored, with 200."""
    answer, created = service.check_in(call, body)
    return Response(answer, 201 if created else 200, media_type="application/json")


@router.post("/check-ins/batch", response_model=schemas.BatchOut)
def create_check_in_batch(
    call: Annotated[Call, writing(Role.CADRE)], body: schemas.BatchIn, request: Request
) -> Response:
    """Check-ins that waited for a signal; each is answered on its own."""
    answer = service.check_in_batch(call, body.items, language_of(request), request.state.trace_id)
    return Response(answer, media_type="application/json")


@router.get("/check-ins", responses=problem_responses(404))
def list_check_ins(
    call: Annotated[Call, reading(*OFFICERS, Role.CADRE)],
    paging: Paging,
    area: Annotated[AreaCode | None, Query()] = None,
    day: Annotated[Day | None, Query(alias="date")] = None,
    verdict: Annotated[Verdict | None, Query()] = None,
    posting_id: Annotated[UUID | None, Query()] = None,
) -> Page[schemas.StoredCheckIn]:
    """Check-ins with their positions, newest day first."""
    query = service.check_ins_query(call, area, day, verdict, posting_id)
    rows, cursor = paging.fetch(call.session, query, CheckIn.date, CheckIn.id, descending=True)
    return Page(items=[service.stored_out(row) for row in rows], next_cursor=cursor)


@router.post("/check-ins/{check_in_id}/acceptance", responses=problem_responses(404, 409))
def decide_check_in_acceptance(
    call: Annotated[Call, writing(Role.TOWNSHIP)], check_in_id: UUID, body: schemas.AcceptanceIn
) -> schemas.StoredCheckIn:
    """Accept an uncertain, outside or late check-in as presence, or refuse it."""
    return service.decide_acceptance(call, check_in_id, body)
