"""What the feedback endpoints take and answer."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.web.schemas import AreaCode, Input, InstantOut, Output, ShortText, StatementText

Contact = Annotated[ShortText, StringConstraints(max_length=100)]


class FeedbackIn(Input):
    """使用者或村民的意见、投诉。A complaint or suggestion, by a user or a resident."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "信号不好的村也要求每天在线登记两次，请改为离线补传。",
                    "contact": "13900000001",
                    "area_code": "990101001001",
                }
            ]
        }
    )

    text: StatementText
    contact: Annotated[
        Contact | None, Field(description="只有县、市工作人员可见。Only the county and city offices see it.")
    ] = None
    area_code: Annotated[
        AreaCode | None,
        Field(
            description="居住或工作的地方，以便送交所属的县；已登录的以本人所在县为准。"
            "Where the sender lives or works, so that the right county sees it; a signed-in user's own goes first."
        ),
    ] = None


class FeedbackReceipt(Output):
    """`id` 无法猜出：凭它可在 `GET /feedback/{id}` 查看答复。

    `id` cannot be guessed: whoever has it can read the answer at `GET /feedback/{id}`.
    """

    id: UUID
    received_at: InstantOut


class FeedbackAnswer(FeedbackReceipt):
    """供持有 id 的人查看的答复；不再显示原文和联系方式。

    The answer, for whoever has the id; neither the text nor the contact is shown again.
    """

    answer: str | None
    answered_at: InstantOut | None


class FeedbackOut(FeedbackAnswer):
    """工作人员所见的意见。A complaint as the offices see it."""

    county_code: AreaCode | None
    text: str
    contact: str | None
    answered_by: UUID | None


class AnswerIn(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"answer": "已为该村开通离线登记，可在七日内补传。"}]})

    answer: StatementText
