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


@router.get("/me/today", summary="查询手机首页")
def get_my_today(call: Annotated[Call, reading(Role.CADRE)]) -> schemas.Today:
    """手机首页所需的全部内容，一次取齐。

    All that the phone's first screen needs, in one call.
    """
    return load_today(call)


@router.post(
    "/check-ins",
    summary="到岗登记",
    status_code=201,
    response_model=schemas.CheckInOut,
    responses={
        200: {"model": schemas.CheckInOut, "description": "重复提交，返回已存记录 Sent before; the stored record"},
        **problem_responses(409),
    },
)
def create_check_in(call: Annotated[Call, writing(Role.CADRE)], body: schemas.CheckInIn) -> Response:
    """到岗登记，可离线登记后补传。同样的内容再次提交，答复已存的记录（200）。

    Check in, also made offline and sent later. Sending the same body again answers what is stored, with 200.
    """
    answer, created = service.check_in(call, body)
    return Response(answer, 201 if created else 200, media_type="application/json")


@router.post("/check-ins/batch", summary="批量补传到岗登记", response_model=schemas.BatchOut)
def create_check_in_batch(
    call: Annotated[Call, writing(Role.CADRE)], body: schemas.BatchIn, request: Request
) -> Response:
    """补传没有信号时所作的到岗登记，一次最多 200 条，逐条答复。

    Check-ins that waited for a signal, at most 200; each is answered on its own.
    """
    answer = service.check_in_batch(call, body.items, language_of(request), request.state.trace_id)
    return Response(answer, media_type="application/json")


@router.get("/check-ins", summary="查询到岗登记", responses=problem_responses(404))
def list_check_ins(
    call: Annotated[Call, reading(*OFFICERS, Role.CADRE)],
    paging: Paging,
    area: Annotated[AreaCode | None, Query()] = None,
    day: Annotated[Day | None, Query(alias="date")] = None,
    verdict: Annotated[Verdict | None, Query()] = None,
    posting_id: Annotated[UUID | None, Query()] = None,
) -> Page[schemas.StoredCheckIn]:
    """到岗登记及其位置，日期新的在前。

    Check-ins with their positions, newest day first.
    """
    query = service.check_ins_query(call, area, day, verdict, posting_id)
    rows, cursor = paging.fetch(call.session, query, CheckIn.date, CheckIn.id, descending=True)
    return Page(items=[service.stored_out(row) for row in rows], next_cursor=cursor)


@router.post("/check-ins/{check_in_id}/acceptance", summary="认可到岗登记", responses=problem_responses(404, 409))
def decide_check_in_acceptance(
    call: Annotated[Call, writing(Role.TOWNSHIP)], check_in_id: UUID, body: schemas.AcceptanceIn
) -> schemas.StoredCheckIn:
    """乡镇认可或不认可位置不确定、在围栏外或过期补传的登记；该日随即重新认定。

    The township accepts an uncertain, outside or late check-in as presence, or refuses it; the day is judged again.
    """
    return service.decide_acceptance(call, check_in_id, body)
