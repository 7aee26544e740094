"""Registering receivers."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from app.access import audit
from app.models import AuditEvent, WebhookEndpoint
from app.settings import Settings
from tests.support.world import CITY, COUNTY, TOWNSHIP

LOOPBACK = "http://127.0.0.1:9000/hooks"
BODY = {"url": LOOPBACK, "events": ["day.closed"]}


def test_the_secret_is_shown_once_and_nowhere_else(admin, world):
    created = admin.post("/webhooks", BODY)
    assert (created.status_code, created.headers["cache-control"]) == (201, "no-store")
    secret = created.json()["secret"]
    assert secret.startswith("whsec_")
    webhook = f"/webhooks/{created.json()['id']}"
    later = [
        admin.get("/webhooks"),
        admin.patch(webhook, {"events": ["flag.raised"]}),
        admin.post(f"{webhook}/test"),
        admin.get(f"{webhook}/deliveries"),
        admin.post("/webhooks", BODY),
    ]
    assert [answer.status_code for answer in later] == [200, 200, 202, 200, 409]
    assert [secret in answer.text for answer in later] == [False] * 5
    with world.database.reading() as session:
        details = [event.details for event in session.scalars(select(AuditEvent))]
        assert len(details) == 3
        assert secret not in str(details)
        assert not list(audit.broken_links(session))


def test_only_the_administrator_sees_or_changes_webhooks(world, admin):
    webhook = f"/webhooks/{admin.post('/webhooks', BODY).json()['id']}"
    for who in ("li", "township_officer", "county_officer", "city_officer", "unit_officer", "dashboard"):
        signed = world.as_(who)
        answers = [
            signed.get("/webhooks"),
            signed.post("/webhooks", BODY),
            signed.patch(webhook, {"active": False}),
            signed.get(f"{webhook}/deliveries"),
            signed.post(f"{webhook}/test"),
            signed.post(f"{webhook}/requeue"),
        ]
        assert [answer.status_code for answer in answers] == [403] * 6, who
    assert world.client.get("/api/v1/webhooks").status_code == 401


def test_an_unknown_webhook_is_not_found(admin):
    webhook = f"/webhooks/{uuid4()}"
    answers = [
        admin.patch(webhook, {"active": False}),
        admin.get(f"{webhook}/deliveries"),
        admin.post(f"{webhook}/test"),
        admin.post(f"{webhook}/requeue"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4


ELSEWHERE = (
    ("https://example.com/hooks", "host_not_allowed"),
    ("http://169.254.169.254/latest", "host_not_allowed"),
    ("http://10.0.0.1/", "host_not_allowed"),
    ("http://[fe80::1]/", "host_not_allowed"),
    ("http://2130706433/", "host_not_allowed"),  # 127.0.0.1 as one number
    ("http://127.1/", "host_not_allowed"),
    ("http://0.0.0.0/", "host_not_allowed"),
    ("http://localhost.example.com/", "host_not_allowed"),
    ("http://127.0.0.1.example.com/", "host_not_allowed"),
    ("http://user:pass@127.0.0.1/", "not_an_address"),
    ("http://127.0.0.1@example.com/", "not_an_address"),
    ("http://example.com\\@127.0.0.1/", "not_an_address"),
    ("http://127.0.0.1#@example.com/", "not_an_address"),
    ("http://127.0.0.1:0/", "not_an_address"),
    ("http://127.0.0.1:99999/", "not_an_address"),
    ("http://127.0.0.1:port/", "not_an_address"),
    ("http://127.0.0.1/a b", "not_an_address"),
    ("http://127.0.0.1/a\tb", "not_an_address"),
    ("http://127.0.0.1/\r\nHost: example.com", "not_an_address"),
    ("http://[::1", "not_an_address"),
    ("http:///hooks", "not_an_address"),
    ("http://上庄村.cn/", "not_an_address"),
    ("ftp://127.0.0.1/", "not_an_address"),
    ("file:///etc/passwd", "not_an_address"),
    ("127.0.0.1:9000", "not_an_address"),
)


def test_other_places_are_refused_at_registration(admin):
    for url, code in ELSEWHERE:
        answer = admin.post("/webhooks", {**BODY, "url": url})
        assert answer.status_code == 422, url
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/url", code), url
    assert admin.get("/webhooks").json()["items"] == []


def test_loopback_is_allowed(admin):
    for url in ("http://localhost/x", "http://127.0.0.2:81/", "http://[::1]:8080/x?y=1", "https://LOCALHOST/"):
        assert admin.post("/webhooks", {**BODY, "url": url}).status_code == 201, url


class TestWithAllowedHosts:
    @pytest.fixture
    def settings(self, database_url, tmp_path):
        return Settings(
            database_url=database_url,
            storage_dir=tmp_path,
            webhook_hosts="oa.example.gov.cn, 10.1.2.3",
            deliver_webhooks_in_server=False,
        )

    def test_hosts_that_the_operator_lists_are_allowed_over_tls(self, admin):
        for url, code in (
            ("https://oa.example.gov.cn/hooks", None),
            ("https://OA.Example.gov.cn.:8443/hooks", None),
            ("https://10.1.2.3/", None),
            ("http://oa.example.gov.cn/hooks", "https_required"),
            ("https://evil.oa.example.gov.cn/", "host_not_allowed"),
            ("https://oa.example.gov.cn.evil.com/", "host_not_allowed"),
            ("https://10.1.2.4/", "host_not_allowed"),
        ):
            answer = admin.post("/webhooks", {**BODY, "url": url})
            assert [error["code"] for error in answer.json().get("errors", [])] == ([code] if code else []), url
            assert answer.status_code == (422 if code else 201), url

    def test_a_change_of_address_is_checked_like_a_new_one(self, admin):
        webhook = f"/webhooks/{admin.post('/webhooks', BODY).json()['id']}"
        assert admin.patch(webhook, {"url": "https://example.com/"}).status_code == 422
        assert admin.patch(webhook, {"url": "https://oa.example.gov.cn/"}).json()["url"] == "https://oa.example.gov.cn/"


def test_what_is_not_in_order_is_told_at_its_place(admin):
    for change, pointer in (
        ({"events": []}, "/events"),
        ({"events": ["day.opened"]}, "/events/0"),
        ({"events": ["webhook.test"]}, "/events/0"),
        ({"area_code": TOWNSHIP}, "/area_code"),
        ({"area_code": "123456789012"}, "/area_code"),
        ({"url": "http://127.0.0.1/" + "x" * 500}, "/url"),
        ({"secret": "whsec_AAAA"}, "/secret"),
    ):
        answer = admin.post("/webhooks", BODY | change)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_a_change_may_not_empty_what_an_endpoint_needs(admin):
    webhook = f"/webhooks/{admin.post('/webhooks', BODY).json()['id']}"
    for field in ("url", "events", "active"):
        answer = admin.patch(webhook, {field: None})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{field}")


def test_an_address_is_registered_once(admin):
    first = admin.post("/webhooks", BODY).json()
    second = admin.post("/webhooks", {**BODY, "url": LOOPBACK + "2"}).json()
    assert admin.post("/webhooks", BODY).json()["code"] == "url_taken"
    assert admin.patch(f"/webhooks/{second['id']}", {"url": LOOPBACK}).json()["code"] == "url_taken"
    assert admin.patch(f"/webhooks/{first['id']}", {"url": LOOPBACK}).status_code == 200


def test_only_what_is_sent_changes(admin):
    created = admin.post("/webhooks", {**BODY, "area_code": COUNTY}).json()
    webhook = f"/webhooks/{created['id']}"
    changed = admin.patch(webhook, {"events": ["flag.lifted", "day.closed", "flag.lifted"], "area_code": CITY}).json()
    assert changed == {**created, "events": ["day.closed", "flag.lifted"], "area_code": CITY, "secret": None}
    assert admin.patch(webhook, {"area_code": None}).json()["area_code"] is None
    [listed] = admin.get("/webhooks").json()["items"]
    assert listed == {name: value for name, value in changed.items() if name != "secret"} | {"area_code": None}


def test_the_audit_trail_names_the_host_and_not_the_path_which_may_be_a_secret(admin, world):
    admin.post("/webhooks", {**BODY, "url": "http://localhost:9000/hooks?token=abc123"})
    with world.database.reading() as session:
        [event] = session.scalars(select(AuditEvent))
        assert (event.action, event.chain, event.by) == ("webhook.created", "", world.accounts["admin"])
        assert event.details == {"host": "localhost", "events": ["day.closed"], "area_code": None}


def test_secrets_are_of_their_own(admin, world):
    for number in range(3):
        admin.post("/webhooks", {**BODY, "url": f"{LOOPBACK}/{number}"})
    with world.database.reading() as session:
        assert len(set(session.scalars(select(WebhookEndpoint.secret)))) == 3
