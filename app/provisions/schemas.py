"""What the law and calendar endpoints take and answer."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from app.web.schemas import AreaCode, Day, Input, InstantOut, LongText, Output, Page, ShortText, StatementText

Key = Annotated[str, Field(pattern=r"^[a-z_]{1,30}\.[a-z_0-9]{1,29}$", examples=["leave.township_days"])]


def _small(value: Any) -> Any:
    """Bounded before it reaches a comparison or the database."""
    texts = value if isinstance(value, list) else [value]
    if len(texts) > 20 or any(isinstance(text, (dict, list)) or len(str(text)) > 100 for text in texts):
        raise PydanticCustomError(
            "value_too_large", "value", {"zh": "取值应为数字、文本、true/false 或文本列表", "en": "not a plain value"}
        )
    return value


class TextOut(Output):
    """What holds everywhere, beside a county's own provision."""

    value: Any
    article: str | None
    quote: str | None
    reading: str | None
    kind: Literal["text", "reading", "local"]


class ProvisionOut(Output):
    """`text`: the article says it. `reading`: the article is silent or ambiguous, and this is how it is taken. `local`:
    a setting, or a county's own provision; without an `article` it is nobody's policy and is never to be shown as such.
    """

    id: UUID | None
    """Of a county's own one."""
    key: str
    value: Any
    kind: Literal["text", "reading", "local"]
    article: str | None
    quote: str | None
    reading: str | None
    reading_en: str | None
    area: str | None
    """Null: everywhere."""
    in_force_from: date
    approval_document: str | None
    in_force: bool
    """On the day that was asked about, in the area that was asked about."""
    amendable: bool
    """Whether a county may provide otherwise at all."""
    text: TextOut | None
    """Of a county's own provision: what it settles or tightens."""


class ProvisionPage(Page[ProvisionOut]):
    on: date
    area_code: str | None


class ProvisionIn(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "leave.township_days",
                    "value": 3,
                    "in_force_from": "2027-01-01",
                    "area_code": "990101000000",
                    "article": "云驻村办〔2026〕3号",
                    "quote": "请假三天以内的，由所在乡镇批准。",
                }
            ]
        }
    )

    key: Key
    value: Annotated[Any, AfterValidator(_small)]
    in_force_from: Day
    area_code: AreaCode | None = None
    """The own county where left out; or an area inside it."""
    article: Annotated[ShortText, Field(max_length=100)] | None = None
    """The county's own document."""
    quote: StatementText | None = None
    reading: LongText | None = None
    approval_document: Annotated[ShortText, Field(max_length=100)] | None = None
    """Number of the superior's approval; only with one may a county loosen the text."""

    @model_validator(mode="after")
    def _quotes_name_their_document(self) -> "ProvisionIn":
        if self.quote is not None and self.article is None:
            raise PydanticCustomError(
                "quote_without_article",
                "quote",
                {"zh": "引用原文须注明文件（article）", "en": "a quote needs its document (article)"},
            )
        return self


class HolidayIn(Input):
    """A day in the shape of holiday-cn."""

    model_config = ConfigDict(extra="ignore")

    date: Day
    is_off_day: Annotated[StrictBool, Field(alias="isOffDay")]


class CalendarIn(Input):
    """A year's notice: `off` and `working`, or holiday-cn's file as it is (`days`)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": "国办发明电〔2026〕1号",
                    "off": ["2027-01-01", "2027-02-05", "2027-02-06"],
                    "working": ["2027-01-31"],
                },
                {
                    "year": 2027,
                    "papers": ["https://www.gov.cn/"],
                    "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": True}],
                },
            ]
        }
    )

    schema_name: Annotated[str | None, Field(alias="$schema", max_length=500)] = None
    id_name: Annotated[str | None, Field(alias="$id", max_length=500)] = None
    year: int | None = None
    source: ShortText | None = None
    """The notice, as it is shown beside what rests on it."""
    off: Annotated[list[Day], Field(max_length=400)] | None = None
    working: Annotated[list[Day], Field(max_length=400)] | None = None
    papers: Annotated[list[ShortText], Field(max_length=10)] | None = None
    days: Annotated[list[HolidayIn], Field(max_length=400)] | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> "CalendarIn":
        if (self.days is None) == (self.off is None and self.working is None):
            raise PydanticCustomError(
                "calendar_shape",
                "calendar",
                {
                    "zh": "请给出 off 和 working，或 holiday-cn 的 days，二者择一",
                    "en": "either off and working, or days",
                },
            )
        return self

    def dates(self) -> tuple[list[date], list[date]]:
        """Days off, days worked."""
        if self.days is not None:
            return [d.date for d in self.days if d.is_off_day], [d.date for d in self.days if not d.is_off_day]
        return self.off or [], self.working or []

    def stated_source(self) -> str:
        return (self.source or "；".join(self.papers or ()) or "未注明")[:200]


class CalendarOut(Output):
    """`assumed`: the year is not loaded; weekends are taken as rest days, and whatever rests on that says so."""

    year: int
    assumed: bool
    off: list[date]
    working: list[date]
    source: str | None
    loaded_at: InstantOut | None


class LockedMonth(Output):
    area_code: str
    period: str


class LoadedCalendarOut(CalendarOut):
    """`days_changed`: days of people that were judged again and came out otherwise. `locked_months`: those of the own
    area that the township has filed already; only the county's corrections change them.
    """

    days_changed: int
    locked_months: list[LockedMonth]
