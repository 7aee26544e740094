"""Webhooks over HTTP: the administrator's alone."""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select

from app.access.call import Call, reading, writing
from app.access.viewer import Role
from app.errors import problem_responses
from app.models import WebhookDelivery, WebhookEndpoint
from app.settings import Settings
from app.web.paging import Paging
from app.web.schemas import Page
from app.webhooks import schemas, service

router = APIRouter(tags=["webhooks"])

AdminReading = Annotated[Call, reading(Role.ADMIN)]
AdminWriting = Annotated[Call, writing(Role.ADMIN)]


def _allowed_hosts(request: Request) -> Collection[str]:
    settings: Settings = request.app.state.settings
    return settings.webhook_hosts


AllowedHosts = Annotated[Collection[str], Depends(_allowed_hosts)]


@router.get("/webhooks", summary="查询接收地址", responses=problem_responses(401, 403, 422))
def list_webhooks(call: AdminReading, paging: Paging) -> Page[schemas.WebhookOut]:
    """登记的接收地址，先登记的在前。

    The endpoints, in the order of their registration.
    """
    rows, cursor = paging.fetch(call.session, select(WebhookEndpoint), WebhookEndpoint.id)
    return Page(items=[schemas.WebhookOut(**service.described(row)) for row in rows], next_cursor=cursor)


@router.post("/webhooks", summary="登记接收地址", status_code=201, responses=problem_responses(401, 403, 409, 422))
def create_webhook(
    response: Response, call: AdminWriting, body: schemas.NewWebhook, allowed_hosts: AllowedHosts
) -> schemas.WebhookWithSecret:
    """登记接收地址。密钥只在此显示一次。

    事件以 POST 发送，按 Standard Webhooks 1.0 签名：`webhook-signature` 为 `v1,` 加上以密钥对
    `webhook-id.webhook-timestamp.请求体` 所作 HMAC-SHA256 的 base64。请求体为 `{type, timestamp, data}`，
    `data` 只含标识和代码，不含姓名。

    至少送达一次，不保证次序：同一事件可能收到多次，以 `webhook-id` 去重，以 `timestamp` 定先后。15 秒内答复 2xx
    为送达；否则在 5 秒、5 分钟、30 分钟、2、5、10、14、20、24 小时后依次重试，之后放弃。不跟随重定向。答复 410
    即停用该地址。

    Register an endpoint. The secret is shown only in this answer.

    Events are posted, signed after Standard Webhooks 1.0: `webhook-signature` is `v1,` and the base64 of the
    HMAC-SHA256 over `webhook-id.webhook-timestamp.body`. The body is `{type, timestamp, data}`; `data` holds ids and
    codes, no names.

    Delivered at least once, in no order: an event may come more than once; tell repeats by `webhook-id` and the order
    by `timestamp`. A 2xx within 15 seconds is a delivery; otherwise it is tried again after 5 seconds, 5 minutes,
    30 minutes, then 2, 5, 10, 14, 20 and 24 hours, and given up. Redirects are not followed. An answer of 410 switches
    the endpoint off.
    """
    response.headers["Cache-Control"] = "no-store"
    return service.register(call, body, allowed_hosts)


@router.patch("/webhooks/{webhook_id}", summary="更改接收地址", responses=problem_responses(401, 403, 404, 409, 422))
def update_webhook(
    response: Response,
    call: AdminWriting,
    webhook_id: UUID,
    body: schemas.WebhookChange,
    allowed_hosts: AllowedHosts,
) -> schemas.WebhookWithSecret:
    """更改、停用或启用接收地址，或更换密钥（只显示一次）。停用时尚未送达的事件记为放弃，启用后可重新排队。

    Change an endpoint, switch it off or on, or renew its secret (shown once). What is undelivered when it is switched
    off is given up, and can be queued again once it is on.
    """
    response.headers["Cache-Control"] = "no-store"
    return service.change(call, webhook_id, body, allowed_hosts)


@router.get(
    "/webhooks/{webhook_id}/deliveries", summary="查询发送情况", responses=problem_responses(401, 403, 404, 422)
)
def list_webhook_deliveries(
    call: AdminReading,
    paging: Paging,
    webhook_id: UUID,
    status: Annotated[schemas.Status | None, Query()] = None,
) -> Page[schemas.DeliveryOut]:
    """发送情况，新的在前；事件发生三十天后清理（含已放弃的）。

    Newest first; removed thirty days after the event, also what was given up.
    """
    query = service.deliveries_query(call.session, webhook_id, status)
    rows, cursor = paging.fetch(call.session, query, WebhookDelivery.message_id, descending=True)
    return Page(items=[service.describe_delivery(*row) for row in rows], next_cursor=cursor)


@router.post(
    "/webhooks/{webhook_id}/test",
    summary="发送测试事件",
    status_code=202,
    responses=problem_responses(401, 403, 404, 409, 422),
)
def test_webhook(call: AdminWriting, webhook_id: UUID) -> schemas.DeliveryOut:
    """向该地址发送一条 `webhook.test`，与其他事件同样签名、重试。

    Send a `webhook.test` to this endpoint, signed and retried like any other event.
    """
    return service.queue_test(call, webhook_id)


@router.post(
    "/webhooks/{webhook_id}/requeue", summary="重发已放弃的事件", responses=problem_responses(401, 403, 404, 409, 422)
)
def requeue_webhook(call: AdminWriting, webhook_id: UUID) -> schemas.Requeued:
    """把已放弃的事件重新排队。

    Queue again what was given up.
    """
    return schemas.Requeued(requeued=service.requeue(call, webhook_id))
