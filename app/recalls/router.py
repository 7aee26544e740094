"""召回, 调整 and the vacancies that they leave."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from app.access.call import Call, reading, writing
from app.access.viewer import OFFICERS, Role
from app.errors import problem_responses
from app.policy.recall import FlagState
from app.recalls import answers, drafts, schemas, steps, vacancies
from app.recalls.manual import EXAMPLES, ManualFlagIn, raise_manually
from app.web.paging import Paging
from app.web.schemas import AreaCode, Page

router = APIRouter(tags=["recall"], responses=problem_responses(401, 403, 404, 422))

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PEOPLE = (*OFFICERS, Role.CADRE)
_PAPER: dict[int | str, dict[str, Any]] = {
    200: {"content": {DOCX: {"schema": {"type": "string", "format": "binary"}}}},
    **problem_responses(409),
}

ReadingCall = Annotated[Call, reading(*PEOPLE)]
CountyCall = Annotated[Call, writing(Role.COUNTY)]
DraftingCall = Annotated[Call, reading(Role.COUNTY, Role.CITY)]


@router.get("/recall-flags", summary="查询召回预警")
def list_recall_flags(
    call: ReadingCall,
    paging: Paging,
    area: Annotated[AreaCode | None, Query()] = None,
    state: Annotated[FlagState | None, Query()] = None,
    ground: Annotated[str | None, Query(max_length=30)] = None,
) -> Page[schemas.FlagOut]:
    """可见范围内的召回预警，新的在前；驻村干部只见本人的。

    The flags in scope, newest first; a cadre sees its own.
    """
    items, cursor = answers.flags_page(call, paging, area=area, state=state, ground=ground)
    return Page(items=items, next_cursor=cursor)


@router.post("/recall-flags", summary="登记召回情形", status_code=201, responses=problem_responses(409))
def create_recall_flag(
    call: CountyCall, body: Annotated[ManualFlagIn, Body(openapi_examples=EXAMPLES)]
) -> schemas.FlagDetailOut:
    """县级登记不由台账产生的召回、调整情形，注明所依据的文件。

    Record one of the grounds that do not come from the ledger, with the document that it rests on.
    """
    flag = raise_manually(call, body)
    return answers.flag_detail(call, flag.id)


@router.get("/recall-flags/{flag_id}", summary="查询一条召回预警")
def get_recall_flag(call: ReadingCall, flag_id: UUID) -> schemas.FlagDetailOut:
    """所计日期、两种算法的天数、条文和历次办理。

    The days, both counts, the provisions, and every turn so far.
    """
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/statement", summary="本人陈述", responses=problem_responses(409))
def make_recall_statement(
    call: Annotated[Call, writing(Role.CADRE)], flag_id: UUID, body: schemas.StatementIn
) -> schemas.FlagDetailOut:
    """驻村干部本人的陈述；召回通知发出前可以重新提交，以后一次为准。

    The cadre's own account; sent again before the notice it takes the earlier one's place.
    """
    steps.make_statement(call, flag_id, body.text)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/opinion", summary="提出书面意见", responses=problem_responses(409))
def write_recall_opinion(call: CountyCall, flag_id: UUID, body: schemas.OpinionIn) -> schemas.FlagDetailOut:
    """县级的书面意见，在收到本人陈述或陈述期满之后提出。

    The county's written opinion, after the statement or after the time for it.
    """
    steps.write_opinion(call, flag_id, document=body.document_number, reason=body.reason)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/notice", summary="发出召回通知", responses=problem_responses(409))
def send_recall_notice(call: CountyCall, flag_id: UUID, body: schemas.NoticeIn) -> schemas.FlagDetailOut:
    """发给派出单位的召回通知。

    The notice of recall to the dispatch unit.
    """
    steps.send_notice(call, flag_id, document=body.document_number)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/recall", summary="办结召回", responses=problem_responses(409))
def complete_recall(call: CountyCall, flag_id: UUID, body: schemas.RecallIn) -> schemas.FlagDetailOut:
    """干部已召回：派驻到当日为止，岗位空缺，评优、提拔受限的期限随即确定。

    The cadre is recalled: the posting ends that day, its place is vacant, the consequences have their dates.
    """
    steps.recall(call, flag_id, recalled_on=body.recalled_on, document=body.document_number)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/reassign", summary="办结调整", responses=problem_responses(409))
def complete_reassignment(call: CountyCall, flag_id: UUID, body: schemas.ReassignmentIn) -> schemas.FlagDetailOut:
    """情形 1（工作调动等）、2（身体原因），由本人申请：派驻到当日为止，岗位空缺。

    Grounds 1 (transfer) and 2 (health), on the cadre's own application: the posting ends that day, its place is vacant.
    """
    steps.reassign(call, flag_id, reassigned_on=body.reassigned_on, document=body.document_number)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/dismiss", summary="不予召回", responses=problem_responses(409))
def dismiss_recall_flag(call: CountyCall, flag_id: UUID, body: schemas.ReasonIn) -> schemas.FlagDetailOut:
    """县级决定不予召回；所计日期不再另起预警。

    The county does not pursue the flag. Its days raise no other one.
    """
    steps.dismiss(call, flag_id, reason=body.reason)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/review", summary="复核召回预警", responses=problem_responses(409))
def review_recall_flag(call: CountyCall, flag_id: UUID, body: schemas.ReasonIn) -> schemas.FlagDetailOut:
    """事实有变时收回书面意见或召回通知，按台账现状继续办理。

    Take back an opinion or notice whose facts changed; the flag goes on from what the ledger says now.
    """
    steps.review(call, flag_id, reason=body.reason)
    return answers.flag_detail(call, flag_id)


@router.get(
    "/recall-flags/{flag_id}/opinion.docx", summary="下载书面意见草稿", response_class=Response, responses=_PAPER
)
def draft_recall_opinion(call: DraftingCall, flag_id: UUID) -> Response:
    """书面意见的公文草稿（GB/T 9704—2012），由人审定签发。

    A draft of the written opinion (GB/T 9704—2012); a person signs.
    """
    return _paper(drafts.draft(call, flag_id, drafts.OPINION), "recall-opinion.docx")


@router.get(
    "/recall-flags/{flag_id}/notice.docx", summary="下载召回通知草稿", response_class=Response, responses=_PAPER
)
def draft_recall_notice(call: DraftingCall, flag_id: UUID) -> Response:
    """召回通知的公文草稿（GB/T 9704—2012），由人审定签发。

    A draft of the notice of recall (GB/T 9704—2012); a person signs.
    """
    return _paper(drafts.draft(call, flag_id, drafts.NOTICE), "recall-notice.docx")


@router.get("/vacancies", summary="查询空缺")
def list_vacancies(
    call: Annotated[Call, reading(*OFFICERS)],
    paging: Paging,
    area: Annotated[AreaCode | None, Query()] = None,
    open_only: Annotated[
        bool, Query(alias="open", description="只列尚未补选的。Only those that nobody has filled.")
    ] = False,
) -> Page[schemas.VacancyOut]:
    """因召回、调整空缺的岗位，新的在前。

    Posts left open by recalls and reassignments, newest first.
    """
    items, cursor = vacancies.vacancies_page(call, paging, area=area, open_only=open_only)
    return Page(items=items, next_cursor=cursor)


@router.post("/vacancies/{vacancy_id}/fill", summary="登记补选", responses=problem_responses(409))
def fill_vacancy(call: CountyCall, vacancy_id: UUID, body: schemas.FillingIn) -> schemas.VacancyOut:
    """登记由哪个派驻补上空缺。

    Note which posting filled the place.
    """
    return vacancies.fill(call, vacancy_id, body.posting_id)


@router.post("/vacancies/{vacancy_id}/reopen", summary="撤销补选", responses=problem_responses(409))
def reopen_vacancy(call: CountyCall, vacancy_id: UUID, body: schemas.ReasonIn) -> schemas.VacancyOut:
    """撤销有误的补选（选错了人，或该派驻并未成行），空缺重新打开。

    Undo a filling that was a mistake (the wrong posting, or one that never came about); the place is vacant again.
    """
    return vacancies.reopen(call, vacancy_id, body.reason)


def _paper(content: bytes, filename: str) -> Response:
    return Response(
        content,
        media_type=DOCX,
        headers={
            "Content-Disposition": f'attachment; filename="{filename}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
