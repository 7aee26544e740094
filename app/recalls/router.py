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


@router.get("/recall-flags")
def list_recall_flags(
    call: ReadingCall,
    paging: Paging,
    area: Annotated[AreaCode | None, Query()] = None,
    state: Annotated[FlagState | None, Query()] = None,
    ground: Annotated[str | None, Query(max_length=30)] = None,
) -> Page[schemas.FlagOut]:
    """The flags in scope, newest first; a cadre sees its own."""
    items, cursor = answers.flags_page(call, paging, area=area, state=state, ground=ground)
    return Page(items=items, next_cursor=cursor)


@router.post("/recall-flags", status_code=201, responses=problem_responses(409))
def create_recall_flag(
    call: CountyCall, body: Annotated[ManualFlagIn, Body(openapi_examples=EXAMPLES)]
) -> schemas.FlagDetailOut:
    """Record one of the grounds that do not come from the ledger, with the document that it rests on."""
    flag = raise_manually(call, body)
    return answers.flag_detail(call, flag.id)


@router.get("/recall-flags/{flag_id}")
def get_recall_flag(call: ReadingCall, flag_id: UUID) -> schemas.FlagDetailOut:
    """The days, both counts, the provisions, and every turn so far."""
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/statement", responses=problem_responses(409))
def make_recall_statement(
    call: Annotated[Call, writing(Role.CADRE)], flag_id: UUID, body: schemas.StatementIn
) -> schemas.FlagDetailOut:
    """The cadre's own account; sent again before the notice it takes the earlier one's place."""
    steps.make_statement(call, flag_id, body.text)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/opinion", responses=problem_responses(409))
def write_recall_opinion(call: CountyCall, flag_id: UUID, body: schemas.OpinionIn) -> schemas.FlagDetailOut:
    """The county's written opinion, after the statement or after the time for it."""
    steps.write_opinion(call, flag_id, document=body.document_number, reason=body.reason)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/notice", responses=problem_responses(409))
def send_recall_notice(call: CountyCall, flag_id: UUID, body: schemas.NoticeIn) -> schemas.FlagDetailOut:
    """The 召回通知 to the dispatch unit."""
    steps.send_notice(call, flag_id, document=body.document_number)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/recall", responses=problem_responses(409))
def complete_recall(call: CountyCall, flag_id: UUID, body: schemas.RecallIn) -> schemas.FlagDetailOut:
    """The cadre is recalled: the posting ends that day, its place is vacant, the consequences have their dates."""
    steps.recall(call, flag_id, recalled_on=body.recalled_on, document=body.document_number)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/reassign", responses=problem_responses(409))
def complete_reassignment(call: CountyCall, flag_id: UUID, body: schemas.ReassignmentIn) -> schemas.FlagDetailOut:
    """Grounds 1 and 2, on the cadre's own application: the posting ends that day, its place is vacant."""
    steps.reassign(call, flag_id, reassigned_on=body.reassigned_on, document=body.document_number)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/dismiss", responses=problem_responses(409))
def dismiss_recall_flag(call: CountyCall, flag_id: UUID, body: schemas.ReasonIn) -> schemas.FlagDetailOut:
    """The county does not pursue the flag. Its days raise no other one."""
    steps.dismiss(call, flag_id, reason=body.reason)
    return answers.flag_detail(call, flag_id)


@router.post("/recall-flags/{flag_id}/review", responses=problem_responses(409))
def review_recall_flag(call: CountyCall, flag_id: UUID, body: schemas.ReasonIn) -> schemas.FlagDetailOut:
    """Take back an opinion or notice whose facts changed; the flag goes on from what the ledger says now."""
    steps.review(call, flag_id, reason=body.reason)
    return answers.flag_detail(call, flag_id)


@router.get("/recall-flags/{flag_id}/opinion.docx", response_class=Response, responses=_PAPER)
def draft_recall_opinion(call: DraftingCall, flag_id: UUID) -> Response:
    """A draft of the written opinion (GB/T 9704—2012); a person signs."""
    return _paper(drafts.draft(call, flag_id, drafts.OPINION), "recall-opinion.docx")


@router.get("/recall-flags/{flag_id}/notice.docx", response_class=Response, responses=_PAPER)
def draft_recall_notice(call: DraftingCall, flag_id: UUID) -> Response:
    """A draft of the 召回通知 (GB/T 9704—2012); a person signs."""
    return _paper(drafts.draft(call, flag_id, drafts.NOTICE), "recall-notice.docx")


@router.get("/vacancies")
def list_vacancies(
    call: Annotated[Call, reading(*OFFICERS)],
    paging: Paging,
    area: Annotated[AreaCode | None, Query()] = None,
    open_only: Annotated[bool, Query(alias="open", description="Only those that nobody has filled.")] = False,
) -> Page[schemas.VacancyOut]:
    """Posts left open by recalls and reassignments, newest first."""
    items, cursor = vacancies.vacancies_page(call, paging, area=area, open_only=open_only)
    return Page(items=items, next_cursor=cursor)


@router.post("/vacancies/{vacancy_id}/fill", responses=problem_responses(409))
def fill_vacancy(call: CountyCall, vacancy_id: UUID, body: schemas.FillingIn) -> schemas.VacancyOut:
    """Note which posting filled the place."""
    return vacancies.fill(call, vacancy_id, body.posting_id)


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
