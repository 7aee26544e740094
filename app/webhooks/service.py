"""Endpoints, as the administrator registers and changes them."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session

from app.access import audit
from app.access.call import Call
from app.errors import Conflict, NotFound, Unprocessable
from app.ids import new_id
from app.models import Area, OutboxMessage, WebhookDelivery, WebhookEndpoint
from app.webhooks.addresses import NotAllowed, NotAnAddress, Target, parse, require_allowed
from app.webhooks.delivery import switch_off
from app.webhooks.schemas import DeliveryOut, NewWebhook, Status, WebhookChange, WebhookOut, WebhookWithSecret
from app.webhooks.signing import new_secret

OVERLAP = timedelta(hours=24)
TEST_EVENT = "webhook.test"
_COUNTY_OR_WIDER = frozenset({"county", "city", "province"})
_REFUSALS = {
    "host_not_allowed": (
        "只能发往本机，或运维人员在 WEBHOOK_HOSTS 中列出的主机",
        "only loopback, or a host that the operator lists in WEBHOOK_HOSTS",
    ),
    "https_required": ("发往其他主机须用 https", "other hosts need https"),
}


def register(call: Call, body: NewWebhook, allowed_hosts: Collection[str]) -> WebhookWithSecret:
    target = _checked_target(body.url, allowed_hosts)
    _require_county_or_wider(call.session, body.area_code)
    _require_free(call.session, body.url)
    endpoint = WebhookEndpoint(
        id=new_id(),
        url=body.url,
        secret=new_secret(),
        events=list(body.events),
        area_code=body.area_code,
        active=True,
        created_by=call.viewer.account_id,
        created_at=call.now,
    )
    call.session.add(endpoint)
    call.session.flush()
    _record(call, "webhook.created", endpoint, host=target.host, events=endpoint.events, area_code=body.area_code)
    return _shown_once(endpoint)


def change(call: Call, endpoint_id: UUID, body: WebhookChange, allowed_hosts: Collection[str]) -> WebhookWithSecret:
    endpoint = _find(call.session, endpoint_id, lock=True)
    sent = body.model_dump(exclude_unset=True)
    recorded = _change_place(call.session, endpoint, sent, allowed_hosts)
    _change_state(call.session, endpoint, body.active)
    if body.new_secret is not None:
        _renew_secret(endpoint, call.now, overlap=body.new_secret == "overlap")  # noqa: S105 - a choice, no secret
    call.session.flush()
    kept_quiet = {"url"}  # a path or query may be a secret of its own
    recorded |= {name: value for name, value in sent.items() if name not in kept_quiet}
    _record(call, "webhook.changed", endpoint, changed=sorted(sent), **recorded)
    return _shown_once(endpoint) if body.new_secret else WebhookWithSecret(**described(endpoint))


def described(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {name: getattr(endpoint, name) for name in WebhookOut.model_fields}


def deliveries_query(
    session: Session, endpoint_id: UUID, status: Status | None
) -> Select[WebhookDelivery, OutboxMessage]:
    endpoint = _find(session, endpoint_id)
    query = (
        select(WebhookDelivery, OutboxMessage)
        .join(OutboxMessage, OutboxMessage.id == WebhookDelivery.message_id)
        .where(WebhookDelivery.endpoint_id == endpoint.id)
    )
    return query if status is None else query.where(*_conditions(status))


def describe_delivery(delivery: WebhookDelivery, message: OutboxMessage) -> DeliveryOut:
    return DeliveryOut(
        message_id=message.id,
        type=message.type,
        county_code=message.county_code,
        occurred_at=message.at,
        status=_status(delivery),
        attempts=delivery.attempts,
        last_attempt_at=delivery.last_attempt_at,
        next_attempt_at=delivery.next_attempt_at,
        delivered_at=delivery.delivered_at,
        last_error=delivery.last_error,
    )


def queue_test(call: Call, endpoint_id: UUID) -> DeliveryOut:
    """A message for this endpoint alone, which takes the way of all others."""
    endpoint = _find_active(call.session, endpoint_id)
    message = OutboxMessage(
        id=new_id(),
        type=TEST_EVENT,
        county_code=None,
        payload={"webhook_id": str(endpoint.id)},
        at=call.now,
        fanned_out_at=call.now,
    )
    call.session.add(message)
    call.session.flush()
    delivery = WebhookDelivery(message_id=message.id, endpoint_id=endpoint.id, attempts=0, next_attempt_at=call.now)
    call.session.add(delivery)
    call.session.flush()
    _record(call, "webhook.tested", endpoint)
    return describe_delivery(delivery, message)


def requeue(call: Call, endpoint_id: UUID) -> int:
    """Try what was given up again, from the beginning of the schedule; returns how many messages."""
    endpoint = _find_active(call.session, endpoint_id)
    ids = call.session.scalars(
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint.id, *_conditions("given_up"))
        .values(attempts=0, next_attempt_at=call.now)
        .returning(WebhookDelivery.message_id)
    ).all()
    _record(call, "webhook.requeued", endpoint, messages=len(ids))
    return len(ids)


def _find(session: Session, endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint:
    endpoint = session.get(WebhookEndpoint, endpoint_id, with_for_update=True if lock else None)
    if endpoint is None:
        raise NotFound
    return endpoint


def _find_active(session: Session, endpoint_id: UUID) -> WebhookEndpoint:
    endpoint = _find(session, endpoint_id, lock=True)
    if not endpoint.active:
        raise Conflict(
            "webhook_off", "该接收地址已停用，请先启用。", "This endpoint is switched off; switch it on first."
        )
    return endpoint


def _checked_target(url: str, allowed_hosts: Collection[str]) -> Target:
    try:
        target = parse(url)
        require_allowed(target, allowed_hosts)
    except NotAnAddress as error:
        raise Unprocessable.field(
            "/url",
            "not_an_address",
            "不是有效的 http(s) 地址；不能含用户名、片段或非 ASCII 字符",
            "not an http(s) address; no user name, fragment or non-ASCII characters",
        ) from error
    except NotAllowed as refusal:
        raise Unprocessable.field("/url", refusal.code, *_REFUSALS[refusal.code]) from refusal
    return target


def _require_county_or_wider(session: Session, area_code: str | None) -> None:
    if area_code is None:
        return
    area = session.get(Area, area_code)
    if area is None or area.level not in _COUNTY_OR_WIDER:
        raise Unprocessable.field(
            "/area_code",
            "wrong_area_level",
            "须为已有的县级、市级或省级区划",
            "an existing county, city or province is needed",
        )


def _require_free(session: Session, url: str) -> None:
    if session.scalar(select(WebhookEndpoint.id).where(WebhookEndpoint.url == url)) is not None:
        raise Conflict("url_taken", "该地址已登记。", "This address is registered already.")


def _change_place(
    session: Session, endpoint: WebhookEndpoint, sent: Mapping[str, Any], allowed_hosts: Collection[str]
) -> dict[str, Any]:
    """Where to, and what about; returns what of it the audit trail should say beyond what was sent."""
    for name in ("url", "events", "active"):
        if name in sent and sent[name] is None:
            raise Unprocessable.field(f"/{name}", "missing", "此项不能为空", "may not be empty")
    if "area_code" in sent:
        _require_county_or_wider(session, sent["area_code"])
        endpoint.area_code = sent["area_code"]
    if "events" in sent:
        endpoint.events = list(sent["events"])
    if "url" not in sent:
        return {}
    target = _checked_target(sent["url"], allowed_hosts)
    if sent["url"] != endpoint.url:
        _require_free(session, sent["url"])
    endpoint.url = sent["url"]
    return {"host": target.host}


def _change_state(session: Session, endpoint: WebhookEndpoint, active: bool | None) -> None:
    if active is False and endpoint.active:
        switch_off(session, endpoint, by="administrator")
    elif active:
        endpoint.active, endpoint.switched_off_by = True, None


def _renew_secret(endpoint: WebhookEndpoint, now: datetime, *, overlap: bool) -> None:
    endpoint.previous_secret = endpoint.secret if overlap else None
    endpoint.previous_secret_until = now + OVERLAP if overlap else None
    endpoint.secret = new_secret()


def _shown_once(endpoint: WebhookEndpoint) -> WebhookWithSecret:
    return WebhookWithSecret(**described(endpoint), secret=endpoint.secret)


def _conditions(status: Status) -> list[ColumnElement[bool]]:
    """The same as `_status`, for the database."""
    delivered = WebhookDelivery.delivered_at.is_not(None)
    waiting = WebhookDelivery.next_attempt_at.is_not(None)
    conditions: dict[Status, list[ColumnElement[bool]]] = {
        "delivered": [delivered],
        "given_up": [~delivered, ~waiting],
        "pending": [~delivered, waiting, WebhookDelivery.attempts == 0],
        "retrying": [~delivered, waiting, WebhookDelivery.attempts > 0],
    }
    return conditions[status]


def _status(delivery: WebhookDelivery) -> Status:
    if delivery.delivered_at is not None:
        return "delivered"
    if delivery.next_attempt_at is None:
        return "given_up"
    return "retrying" if delivery.attempts else "pending"


def _record(call: Call, action: str, endpoint: WebhookEndpoint, **details: object) -> None:
    call.audit(
        chain=audit.SERVICE,
        action=action,
        target=str(endpoint.id),
        **details,
    )
