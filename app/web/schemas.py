"""The base of every body, and field types that several rooms share."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.clock import SHANGHAI
from app.web.written import DATE, INSTANT, Written

Item = TypeVar("Item")


class Input(BaseModel):
    """A body from outside: unknown fields are refused rather than lost."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


class Output(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next_cursor: str | None = None


def _sane_day(value: date) -> date:
    if not 2000 <= value.year <= 2100:
        raise PydanticCustomError(
            "date_out_of_range", "date", {"zh": "日期应在 2000 至 2100 年之间", "en": "out of range"}
        )
    return value


def _sane_instant(value: datetime) -> datetime:
    """In UTC, so that one instant written with two offsets is one body: sending it again must find the first."""
    if not 2001 <= value.year <= 2099:
        raise PydanticCustomError("datetime_out_of_range", "time", {"zh": "时间超出范围", "en": "out of range"})
    return value.astimezone(UTC)


UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What is no character of a text: control characters, halves of a pair, and code points that Unicode keeps from being
characters. (No XML, hence no paper, can hold U+FFFE and U+FFFF; those beyond U+FFFF do no harm, and to look for them
would make the search seven times as slow.)
"""


def _no_control_characters(value: str) -> str:
    found = UNWANTED.search(value)
    if found is None:
        return value
    if ord(found[0]) < 32:
        raise PydanticCustomError(
            "control_character", "text", {"zh": "不能含有控制字符", "en": "no control characters"}
        )
    raise PydanticCustomError("invalid_text", "text", {"zh": "含有无效字符", "en": "invalid characters"})


Day = Annotated[date, Written(DATE, "date"), AfterValidator(_sane_day)]
InstantIn = Annotated[AwareDatetime, Written(INSTANT, "date-time"), AfterValidator(_sane_instant)]
AreaCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$"), Field(examples=["990101001001"])]


Name = Annotated[str, StringConstraints(min_length=1, max_length=50), AfterValidator(_no_control_characters)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_no_control_characters)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_no_control_characters)]
StatementText = Annotated[str, StringConstraints(min_length=1, max_length=5000), AfterValidator(_no_control_characters)]


def file_example(name: str) -> dict[str, Any]:
    """What a route that takes a file adds to its operation: an example of the body."""
    return {"requestBody": {"content": {"multipart/form-data": {"example": {"file": name}}}}}


def _to_shanghai(instant: datetime) -> datetime:
    return instant.astimezone(SHANGHAI)


InstantOut = Annotated[datetime, AfterValidator(_to_shanghai)]
"""An instant in an answer, with Beijing's offset."""
