"""意见与投诉: from users and residents to the county, and the county's answer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from app.access import tokens
from app.access.call import Call, PublicReading, PublicWriting, bearer_token, reading, writing
from app.access.limits import limited
from app.access.viewer import Role, Viewer, load_viewer
from app.errors import problem_responses
from app.feedback import service
from app.feedback.schemas import AnswerIn, FeedbackAnswer, FeedbackIn, FeedbackOut, FeedbackReceipt
from app.models import Feedback
from app.web.paging import Paging
from app.web.schemas import Page

router = APIRouter(tags=["feedback"])

OfficeReading = Annotated[Call, reading(Role.COUNTY, Role.CITY)]
CountyWriting = Annotated[Call, writing(Role.COUNTY)]


def _sender(request: Request, call: PublicWriting) -> Viewer | None:
    """Whoever is signed in, else nobody; a token that is not in order is refused rather than taken for nobody."""
    if "authorization" not in request.headers:
        return None
    return load_viewer(call.session, tokens.verify(request.app.state.keyring, bearer_token(request), call.now))


@router.post(
    "/feedback",
    summary="提意见",
    status_code=201,
    dependencies=[limited("feedback", "10/hour")],
    responses=problem_responses(401, 422, 429),
)
def create_feedback(
    body: FeedbackIn, call: PublicWriting, sender: Annotated[Viewer | None, Depends(_sender)]
) -> FeedbackReceipt:
    """提意见或投诉，无需登录。凭返回的 id 可查看答复。

    Leave a complaint or suggestion, without signing in. The answer is read with the id that comes back.
    """
    return FeedbackReceipt.model_validate(service.leave_feedback(call, sender, body))


@router.get("/feedback", summary="查询意见", responses=problem_responses(401, 403, 422))
def list_feedback(
    call: OfficeReading,
    paging: Paging,
    answered: Annotated[
        bool | None, Query(description="true 已答复，false 未答复，不填为全部。Answered, waiting; without it both.")
    ] = None,
) -> Page[FeedbackOut]:
    """本县（市级为全市）收到的意见，以及未能确定所属县的，新的在前。

    What the county received (a city office: all its counties), and what could be addressed to no county, newest first.
    """
    query = service.feedback_query(call.viewer, answered=answered)
    rows, cursor = paging.fetch(call.session, query, Feedback.id, descending=True)
    return Page(items=[FeedbackOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(
    "/feedback/{feedback_id}",
    summary="查看答复",
    dependencies=[limited("feedback_answer", "60/minute")],
    responses=problem_responses(404, 422, 429),
)
def get_feedback_answer(feedback_id: UUID, call: PublicReading) -> FeedbackAnswer:
    """凭 id 查看答复。

    The answer, for whoever has the id.
    """
    return FeedbackAnswer.model_validate(service.read_answer(call.session, feedback_id))


@router.post("/feedback/{feedback_id}/answer", summary="答复意见", responses=problem_responses(401, 403, 404, 409, 422))
def answer_feedback(feedback_id: UUID, body: AnswerIn, call: CountyWriting) -> FeedbackOut:
    """县级答复，提出者凭 id 可见；只能答复一次。

    The county's answer, which the sender reads with the id; it is given once.
    """
    return FeedbackOut.model_validate(service.answer_feedback(call, feedback_id, body.answer))
