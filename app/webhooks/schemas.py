"""What the administrator sends and sees about webhooks."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from app.attendance.outbox import EventType
from app.web.schemas import AreaCode, Input, InstantOut, Output

Status = Literal["pending", "retrying", "delivered", "given_up"]


def _without_repeats(events: list[EventType]) -> list[EventType]:
    return sorted(set(events))


Events = Annotated[list[EventType], Field(min_length=1, max_length=20), AfterValidator(_without_repeats)]

Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500),
    Field(
        description="本机地址，或 WEBHOOK_HOSTS 所列主机的 https 地址。Loopback, or https to a host of WEBHOOK_HOSTS.",
        examples=["https://oa.example.gov.cn/hooks/zaigang"],
    ),
]

_AREA = "只接收此县（市、省）内的事件；不填为全部。Only what happens in this county, city or province; else all."


class NewWebhook(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "url": "http://127.0.0.1:9000/hooks/zaigang",
                "events": ["day.closed", "flag.raised"],
                "area_code": "990101000000",
            }
        }
    )

    url: Url
    events: Events
    area_code: Annotated[AreaCode | None, Field(description=_AREA)] = None


class WebhookChange(Input):
    """只更改所填的项。Only what is sent changes."""

    model_config = ConfigDict(json_schema_extra={"example": {"new_secret": "overlap"}})

    url: Url | None = None
    events: Events | None = None
    area_code: Annotated[AreaCode | None, Field(description=_AREA)] = None
    active: bool | None = None
    new_secret: Annotated[
        Literal["overlap", "at_once"] | None,
        Field(
            description="更换密钥：overlap 旧密钥再并行签名 24 小时；at_once 旧密钥立即作废。"
            "The old one signs beside it for 24 hours, or is void."
        ),
    ] = None


class WebhookOut(Output):
    id: UUID
    url: str
    events: list[EventType]
    area_code: AreaCode | None
    active: bool
    switched_off_by: Annotated[
        Literal["administrator", "receiver"] | None,
        Field(description="由谁停用；receiver：接收方以 410 表示不再接收。By whom; receiver: it answered 410."),
    ]
    previous_secret_until: Annotated[
        InstantOut | None, Field(description="旧密钥并行签名至此时（不含）。Until then the old secret signs too.")
    ]
    created_at: InstantOut


class WebhookWithSecret(WebhookOut):
    """密钥只在此显示一次。The secret is shown in this answer and never again."""

    secret: Annotated[str | None, Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])] = None


class DeliveryOut(Output):
    """一个事件发往一个地址的情况，时间为北京时间。One message for one endpoint. Times in Beijing's offset."""

    message_id: Annotated[
        UUID, Field(description="即请求头 webhook-id，每次重试都相同。The header webhook-id, the same at each try.")
    ]
    type: Annotated[str, Field(examples=["day.closed"])]
    county_code: AreaCode | None
    occurred_at: InstantOut
    status: Status
    attempts: Annotated[int, Field(ge=0)]
    last_attempt_at: InstantOut | None
    next_attempt_at: InstantOut | None
    delivered_at: InstantOut | None
    last_error: Annotated[
        str | None,
        Field(
            description="代码，如 timed_out、http_500；不含接收方返回的内容。"
            "A code, nothing of what the receiver answered.",
            examples=["connection_refused"],
        ),
    ]


class Requeued(Output):
    requeued: Annotated[int, Field(ge=0, description="重新排队的条数。How many were queued again.")]
