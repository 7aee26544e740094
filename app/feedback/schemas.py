"""What the feedback endpoints take and answer."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, StringConstraints

from app.web.schemas import AreaCode, Input, InstantOut, Output, ShortText, StatementText

Contact = Annotated[ShortText, StringConstraints(max_length=100)]


class FeedbackIn(Input):
    """A complaint or suggestion, by a user or a resident."""

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
    contact: Contact | None = None
    """Only the county and city offices see it."""
    area_code: AreaCode | None = None
    """Where the sender lives or works, so that the right county sees it; a signed-in user's own county goes first."""


class FeedbackReceipt(Output):
    """`id` cannot be guessed: whoever has it can read the answer at `GET /feedback/{id}`."""

    id: UUID
    received_at: InstantOut


class FeedbackAnswer(FeedbackReceipt):
    """The answer, for whoever has the id; neither the text nor the contact is shown again."""

    answer: str | None
    answered_at: InstantOut | None


class FeedbackOut(FeedbackAnswer):
    """A complaint as the offices see it."""

    county_code: AreaCode | None
    text: str
    contact: str | None
    answered_by: UUID | None


class AnswerIn(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"answer": "已为该村开通离线登记，可在七日内补传。"}]})

    answer: StatementText
