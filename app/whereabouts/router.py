"""去向牌: declarations by the cadre, the public board, residents' reports."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response

from app.access.call import Call, PublicReading, PublicWriting, reading, writing
from app.access.limits import limited
from app.access.scope import find
from app.access.viewer import OFFICERS, Role
from app.errors import problem_responses
from app.models import BoardReport, Posting, Whereabouts
from app.web.caching import etag_of, not_modified
from app.web.heads import get_and_head
from app.web.paging import Paging
from app.web.schemas import AreaCode, Page
from app.whereabouts import reports, service
from app.whereabouts.board import find_village, read_board
from app.whereabouts.pages import NOT_INDEXED, board_page, board_url, notice_page, problem_page, qr_code
from app.whereabouts.schemas import (
    BoardOut,
    BoardReportIn,
    BoardReportOut,
    BoardReportReceipt,
    HandlingIn,
    WhereaboutsIn,
    WhereaboutsOut,
    WhereaboutsRecord,
)
from app.whereabouts.words import STATE_LABELS

router = APIRouter(tags=["whereabouts"])

CadreWriting = Annotated[Call, writing(Role.CADRE)]
NamedReading = Annotated[Call, reading(Role.CADRE, *OFFICERS)]
OfficerReading = Annotated[Call, reading(*OFFICERS)]
TownshipWriting = Annotated[Call, writing(Role.TOWNSHIP)]

BOARD_RATE = limited("board", "120/minute")
REPORT_RATE = limited("board_report", "10/hour")


@router.put(
    "/me/whereabouts",
    summary="填报去向",
    status_code=201,
    responses={
        200: {"model": WhereaboutsOut, "description": "重复提交，返回已存记录 Sent before; the stored record"},
        **problem_responses(401, 403, 409, 422),
    },
)
def put_my_whereabouts(body: WhereaboutsIn, call: CadreWriting, response: Response) -> WhereaboutsOut:
    """填报去向。可离线填写、迟到或乱序提交：开始时间最新的一条生效。

    Declare the own whereabouts, also offline, late or out of order: the declaration with the newest `since` holds.
    """
    row, new = service.declare(call, body)
    if not new:
        response.status_code = 200
    return WhereaboutsOut.model_validate(_with_label(row))


@router.get(
    "/postings/{posting_id}/whereabouts", summary="查询去向记录", responses=problem_responses(401, 403, 404, 422)
)
def list_posting_whereabouts(posting_id: UUID, call: NamedReading, paging: Paging) -> Page[WhereaboutsRecord]:
    """去向填报历史，新的在前。

    The history of a posting's declarations, newest first.
    """
    posting = find(call.session, call.viewer, Posting, posting_id)
    rows, cursor = paging.fetch(
        call.session, service.history(posting), Whereabouts.since, Whereabouts.id, descending=True
    )
    return Page(items=[WhereaboutsRecord.model_validate(_with_label(row)) for row in rows], next_cursor=cursor)


def _with_label(row: Whereabouts) -> dict[str, object]:
    fields = {name: getattr(row, name) for name in WhereaboutsRecord.model_fields if name != "state_label"}
    return {**fields, "state_label": STATE_LABELS[row.state]}


@router.get(
    "/villages/{code}/board",
    summary="查询去向牌",
    response_model=BoardOut,
    dependencies=[BOARD_RATE],
    responses=problem_responses(404, 422, 429),
)
def get_village_board(code: AreaCode, call: PublicReading, request: Request, response: Response) -> BoardOut | Response:
    """公开的去向牌：第九条（二）要求公示的内容，任何人可读。

    The public board: what article 9 (2) makes public, for anyone to read.
    """
    board = BoardOut.model_validate(read_board(call, code))
    headers = {"ETag": etag_of(board.model_dump_json()), "Cache-Control": "no-cache", **NOT_INDEXED}
    response.headers.update(headers)
    return not_modified(request, headers) or board


@router.post(
    "/villages/{code}/board/reports",
    summary="反映人不在村",
    status_code=201,
    dependencies=[REPORT_RATE],
    responses={
        200: {"model": BoardReportReceipt, "description": "今日已收到相同的反映 The same report came in today"},
        **problem_responses(404, 409, 422, 429),
    },
)
def create_board_report(
    code: AreaCode, body: BoardReportIn, call: PublicWriting, request: Request, response: Response
) -> BoardReportReceipt:
    """群众反映“显示在村、人不在”。每台设备对每名队员每天一次；由乡镇核实，不作为考勤结论。

    A resident's report that somebody shown in the village is not there; once per device, member and day. The township
    looks into it; it is never a verdict.
    """
    row, new = reports.report(call, code, body, request.headers.get("user-agent", ""))
    if not new:
        response.status_code = 200
    return BoardReportReceipt.model_validate(row)


@router.get("/board-reports", summary="查询群众反映", responses=problem_responses(401, 403, 404, 422))
def list_board_reports(
    call: OfficerReading,
    paging: Paging,
    area: AreaCode | None = None,
    open_only: Annotated[
        bool | None,
        Query(alias="open", description="true 未办结，false 已办结，不填为全部。Open, handled; without it both."),
    ] = None,
) -> Page[BoardReportOut]:
    """群众反映，新的在前。

    Residents' reports, newest first.
    """
    query = reports.reports_query(call, area, open_only=open_only)
    rows, cursor = paging.fetch(call.session, query, BoardReport.id, descending=True)
    return Page(items=[_report_out(row, name) for row, name in rows], next_cursor=cursor)


@router.post(
    "/board-reports/{report_id}/handling", summary="办结群众反映", responses=problem_responses(401, 403, 404, 409, 422)
)
def handle_board_report(report_id: UUID, body: HandlingIn, call: TownshipWriting) -> BoardReportOut:
    """乡镇核实后办结。

    The township closes a report with what it found.
    """
    return _report_out(*reports.handle(call, report_id, body.remark))


def _report_out(row: BoardReport, cadre: str) -> BoardReportOut:
    fields = {name: getattr(row, name) for name in BoardReportOut.model_fields if name != "cadre"}
    return BoardReportOut(cadre=cadre, **fields)


def _answer_problems_as_pages(request: Request) -> None:
    request.state.problem_page = problem_page


root_router = APIRouter(tags=["board"], dependencies=[Depends(_answer_problems_as_pages)])
"""Pages for residents, at the root."""

VillageCode = Annotated[
    str, Path(description="村的 12 位统计用区划代码。The village's code of 12 digits.", examples=["990101001001"])
]


def _pages(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": "网页 A page", "content": {"text/html": {}}} for status in statuses}


@get_and_head(
    root_router,
    "/board/{code}",
    summary="去向牌网页",
    response_class=Response,
    dependencies=[BOARD_RATE],
    responses=_pages(200, 404, 422, 429),
)
def show_board(code: VillageCode, call: PublicReading, request: Request) -> Response:
    """去向牌网页：无需 JavaScript，手机可读，可用 A4 纸打印张贴。

    The board as a page: without JavaScript, for phones, and to print on A4.
    """
    return board_page(request, read_board(call, code), call.now)


@get_and_head(
    root_router,
    "/board/{code}/qr.svg",
    summary="去向牌二维码",
    response_class=Response,
    dependencies=[BOARD_RATE],
    responses={200: {"content": {"image/svg+xml": {}}}, **_pages(404, 422, 429)},
)
def show_board_qr_code(code: VillageCode, call: PublicReading, request: Request) -> Response:
    """去向牌网页的二维码。

    The QR code of the board's page.
    """
    village = find_village(call.session, code)
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": "default-src 'none'", **NOT_INDEXED}
    return Response(qr_code(board_url(request, village.code)), media_type="image/svg+xml", headers=headers)


@root_router.post(
    "/board/{code}/reports",
    summary="网页反映人不在村",
    response_class=Response,
    dependencies=[REPORT_RATE],
    responses=_pages(200, 404, 409, 422, 429),
)
def submit_board_report(
    code: VillageCode, body: Annotated[BoardReportIn, Form()], call: PublicWriting, request: Request
) -> Response:
    """网页表单：反映“显示在村、人不在”。

    The page's form: somebody shown in the village is not there.
    """
    reports.report(call, code, body, request.headers.get("user-agent", ""))
    return notice_page("谢谢您的监督", "您反映的情况已送交乡镇，由乡镇核实。", back=code)
