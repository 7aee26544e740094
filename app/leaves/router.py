"""请假, 批准, 撤回, 销假 and the papers that go with them."""

from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, UploadFile

from app.access.call import Call, reading, writing
from app.access.viewer import OFFICERS, Role
from app.errors import problem_responses
from app.leaves import attachments, decisions, service
from app.leaves.answers import present, present_all
from app.leaves.content import MAX_ATTACHMENT_BYTES, MEDIA_TYPES
from app.leaves.offices import OFFICE_OF_ROLE
from app.leaves.schemas import AttachmentOut, DecisionIn, LeaveIn, LeaveOut, ReturnIn, State
from app.web.paging import Paging
from app.web.schemas import AreaCode, Page, file_example

router = APIRouter(tags=["leave"])

_READERS = (Role.CADRE, *OFFICERS)
_DECIDERS = tuple(OFFICE_OF_ROLE)

_SENT_BEFORE = "重复提交，返回已存记录 Sent before; the stored record"

_DOWNLOAD_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
"""Whatever the bytes are, no browser runs them."""


@router.post("/leaves/preview", summary="预览请假审批", responses=problem_responses(401, 403, 409, 422))
def preview_leave(body: LeaveIn, call: Annotated[Call, reading(Role.CADRE)]) -> LeaveOut:
    """由哪些单位审批及其依据，不保存。

    Which offices would decide on this request and why. Nothing is saved.
    """
    return present(call.session, service.preview(call, body))


@router.post(
    "/leaves",
    summary="申请请假",
    status_code=201,
    responses={200: {"model": LeaveOut, "description": _SENT_BEFORE}, **problem_responses(401, 403, 409, 422)},
)
def create_leave(body: LeaveIn, response: Response, call: Annotated[Call, writing(Role.CADRE)]) -> LeaveOut:
    """申请请假，也可事后补办。同样的内容再次提交，答复已存的申请（200）。

    续假即相邻的申请：两次之间只隔休息日的，天数合并计算，以确定由谁审批。所在月份乡镇已经报送的日期列入 `locked_days`：
    批准后仍维持报送时的状态，由县级更正。

    Ask for leave, also afterwards. The same body again is answered with the stored request (200).

    An extension is a request that adjoins: requests with nothing but rest days between them are added up to choose who
    decides. Days in a month that the township has filed are listed in `locked_days`: an approval leaves them as filed,
    and the county corrects them.
    """
    leave, new = service.create(call, body)
    if not new:
        response.status_code = 200
    return present(call.session, leave)


@router.get("/leaves", summary="查询请假", responses=problem_responses(401, 403, 404, 422))
def list_leaves(
    paging: Paging,
    call: Annotated[Call, reading(*_READERS)],
    state: State | None = None,
    area: AreaCode | None = None,
    awaiting: Annotated[
        Literal["me"] | None, Query(description="待本单位审批的。Those that wait for my office's decision.")
    ] = None,
) -> Page[LeaveOut]:
    """可见范围内的请假，新的在前；`awaiting=me` 为待本单位审批的。

    Requests in the viewer's scope, newest first; with `awaiting=me` those that wait for the own office.
    """
    leaves, cursor = service.leaves_page(call, paging, state=state, area=area, awaiting_me=awaiting == "me")
    return Page(items=present_all(call.session, leaves), next_cursor=cursor)


@router.get("/leaves/{leave_id}", summary="查询一次请假", responses=problem_responses(401, 403, 404, 422))
def get_leave(leave_id: UUID, call: Annotated[Call, reading(*_READERS)]) -> LeaveOut:
    """一次请假的状态、审批环节和依据。

    One request: its state, the route with its decisions, and what the route rests on.
    """
    return present(call.session, service.find_leave(call.session, call.viewer, leave_id))


@router.post("/leaves/{leave_id}/decisions", summary="审批请假", responses=problem_responses(401, 403, 404, 409, 422))
def decide_leave(leave_id: UUID, body: DecisionIn, call: Annotated[Call, writing(*_DECIDERS)]) -> LeaveOut:
    """审批本单位的环节。有一个单位不同意即不予批准；全部同意即为批准，所涉各日重新认定。

    Decide the step of the viewer's own office. One rejection ends the request; the last approval grants it, and the
    days that it covers are judged again.
    """
    return present(call.session, decisions.decide(call, leave_id, body))


@router.post("/leaves/{leave_id}/withdraw", summary="撤回请假", responses=problem_responses(401, 403, 404, 409, 422))
def withdraw_leave(leave_id: UUID, call: Annotated[Call, writing(Role.CADRE)]) -> LeaveOut:
    """撤回待审批的、或已批准尚未开始的请假。已经开始的，办理销假。

    Take back a request that is pending, or approved and not begun. One that has begun is ended by a return.
    """
    return present(call.session, decisions.withdraw(call, leave_id))


@router.post("/leaves/{leave_id}/return", summary="销假", responses=problem_responses(401, 403, 404, 409, 422))
def return_from_leave(
    leave_id: UUID, body: ReturnIn, call: Annotated[Call, writing(Role.CADRE, Role.TOWNSHIP)]
) -> LeaveOut:
    """销假，由本人办理或乡镇代为登记：返岗当日即为在岗之日，当日及以后各日按平常认定。

    `returned_on` 不晚于今天，也不晚于假期结束的次日：假期到期自行结束，逾期不归的各日按各自的登记认定，
    不以此处填写的日期为准。

    The end of a leave, by the cadre or entered by the township: the day of the return is a day back on post; it and
    those after it are judged like any other.

    `returned_on` is no later than today and than the day after the leave's end: a leave ends by itself, and days of
    overdue return are told by their own evidence, not by a later date here.
    """
    return present(call.session, decisions.end_by_return(call, leave_id, body.returned_on))


@router.post(
    "/leaves/{leave_id}/attachments",
    summary="上传证明材料",
    status_code=201,
    responses={
        200: {"model": AttachmentOut, "description": _SENT_BEFORE},
        **problem_responses(401, 403, 404, 409, 413, 422),
    },
    openapi_extra=file_example("诊断证明.pdf"),
)
def add_leave_attachment(
    leave_id: UUID,
    file: UploadFile,
    request: Request,
    response: Response,
    call: Annotated[Call, writing(Role.CADRE)],
) -> AttachmentOut:
    """上传图片（JPEG、PNG、WebP）或 PDF，不超过 5 MB，按内容识别。同样的文件再次上传，答复已存的附件（200）。

    A JPEG, PNG or WebP image or a PDF of at most 5 MB, told by its content. The same bytes again are answered with the
    stored attachment (200).
    """
    content = file.file.read(MAX_ATTACHMENT_BYTES + 1)
    storage_dir = request.app.state.settings.storage_dir
    attachment, new = attachments.attach(call, leave_id, file.filename, content, storage_dir)
    if not new:
        response.status_code = 200
    return AttachmentOut.model_validate(attachment)


@router.get("/leaves/{leave_id}/attachments", summary="查询证明材料", responses=problem_responses(401, 403, 404, 422))
def list_leave_attachments(leave_id: UUID, call: Annotated[Call, reading(*_READERS)]) -> list[AttachmentOut]:
    """按上传先后排列。

    The request's attachments, in the order in which they came.
    """
    found = attachments.attachments_of(call.session, call.viewer, leave_id)
    return [AttachmentOut.model_validate(attachment) for attachment in found]


@router.get(
    "/leaves/{leave_id}/attachments/{attachment_id}",
    summary="下载证明材料",
    response_class=Response,
    responses={
        200: {
            "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES}
        },
        **problem_responses(401, 403, 404, 410, 422),
    },
)
def get_leave_attachment(
    leave_id: UUID, attachment_id: UUID, request: Request, call: Annotated[Call, reading(*_READERS)]
) -> Response:
    """原样下载上传的文件，不在网页中直接打开。

    The file as it was uploaded, to be saved and not to be shown in place.
    """
    storage_dir = request.app.state.settings.storage_dir
    attachment, content = attachments.open_attachment(call.session, call.viewer, leave_id, attachment_id, storage_dir)
    disposition = f"attachment; filename*=utf-8''{quote(attachment.filename, safe='')}"
    return Response(
        content, media_type=attachment.media_type, headers={**_DOWNLOAD_HEADERS, "Content-Disposition": disposition}
    )
