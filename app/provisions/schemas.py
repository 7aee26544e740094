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
    """与本县规定并列的普遍规定。What holds everywhere, beside a county's own provision."""

    value: Any
    article: str | None
    quote: str | None
    reading: str | None
    kind: Literal["text", "reading", "local"]


class ProvisionOut(Output):
    """`text`：条文写明的。`reading`：条文没有写明或有歧义，所采的理解。`local`：本地设置，或县级自行规定的；没有
    `article` 的不是政策，不得作为政策展示。

    `text`: the article says it. `reading`: the article is silent or ambiguous, and this is how it is taken. `local`: a
    setting, or a county's own provision; without an `article` it is nobody's policy and is never to be shown as such.
    """

    id: Annotated[UUID | None, Field(description="县级规定的标识。Id of a county's own one.")]
    key: str
    value: Any
    kind: Literal["text", "reading", "local"]
    article: str | None
    quote: str | None
    reading: str | None
    reading_en: str | None
    area: Annotated[str | None, Field(description="为空：各地通用。Null: everywhere.")]
    in_force_from: date
    approval_document: str | None
    in_force: Annotated[
        bool,
        Field(
            description="在所查日期、所查区域是否有效。Whether it is in force on the day and in the area asked about."
        ),
    ]
    amendable: Annotated[bool, Field(description="县级可否另行规定。Whether a county may provide otherwise at all.")]
    text: Annotated[
        TextOut | None,
        Field(description="县级规定所明确或收紧的条文。Of a county's own provision: what it settles or tightens."),
    ]


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
    area_code: Annotated[
        AreaCode | None,
        Field(description="不填为本县；也可为县内的区域。The own county where left out; or an area inside it."),
    ] = None
    article: Annotated[
        Annotated[ShortText, Field(max_length=100)] | None,
        Field(description="县级文件的文号。The county's own document."),
    ] = None
    quote: StatementText | None = None
    reading: LongText | None = None
    approval_document: Annotated[
        Annotated[ShortText, Field(max_length=100)] | None,
        Field(
            description="上级批准的文号；有批准方可放宽条文。"
            "Number of the superior's approval; only with one may a county loosen the text."
        ),
    ] = None

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
    """holiday-cn 格式的一天。A day in the shape of holiday-cn."""

    model_config = ConfigDict(extra="ignore")

    date: Day
    is_off_day: Annotated[StrictBool, Field(alias="isOffDay")]


class CalendarIn(Input):
    """一年的放假安排：填 `off` 和 `working`，或直接使用 holiday-cn 的文件（`days`）。

    A year's notice: `off` and `working`, or holiday-cn's file as it is (`days`).
    """

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
    source: Annotated[
        ShortText | None,
        Field(description="通知文号，与以此为据的内容一并显示。The notice, as it is shown beside what rests on it."),
    ] = None
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
    """`assumed`：该年没有导入，周末推定为休息日，以此为据的内容处处注明。

    `assumed`: the year is not loaded; weekends are taken as rest days, and whatever rests on that says so.
    """

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
    """`days_changed`：重新认定后有变的人日数。`locked_months`：本区域乡镇已经报送的月份，只由县级更正。

    `days_changed`: days of people that were judged again and came out otherwise. `locked_months`: those of the own area
    that the township has filed already; only the county's corrections change them.
    """

    days_changed: int
    locked_months: list[LockedMonth]
