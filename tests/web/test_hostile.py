"""What a caller may try on purpose."""

import base64
import json

import pytest
from starlette.requests import Request

from app.access.call import client_address
from app.settings import Settings
from app.web.csv import cell
from tests.support.world import VILLAGE

MIB = 1024 * 1024


def code_of(answer):
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_body_that_is_too_large_is_told_so_whether_it_states_its_length_or_not(client, kind):
    def chunks():
        for _ in range(9):
            yield b" " * MIB

    path = "/api/v1/auth/token" if "form" in kind else "/api/v1/feedback"
    for content in (b" " * 9 * MIB, chunks()):
        answer = client.post(path, content=content, headers={"content-type": kind})
        assert code_of(answer) == (413, "too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"text":' + b"9" * 5_000 + b"}",
        b'{"text":"\xff"}',
        b'{"text":"\\ud800"}',
        b'{"text":"a\\u0000b"}',
        b'{"\\ud800":1}',
        b"NaN",
        b"",
        b"null",
    ],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_a_body_made_to_break_a_parser_is_refused(client, body):
    answer = client.post("/api/v1/feedback", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_nul_in_an_address_is_refused_before_a_database_is_asked(world):
    officer = world.as_("county_officer")
    for path in ("/cadres?name=%00", "/units?name=a%00", "/recall-flags?ground=%00", "/areas/%00", "/nowhere%00"):
        answer = officer.get(path)
        assert code_of(answer) == (400, "bad_request"), path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["trace_id"] == answer.headers["x-trace-id"]


def cursor(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def test_a_cursor_of_ones_own_making_is_refused_or_answered_as_any_other(world):
    """Areas are listed by a text, accounts by an id."""
    for made in ((1,), (None,), ([],), ("\x00",), ("\ud800",), ("9" * 100,), (), ("a", "b"), ({},)):
        for who, path in (("county_officer", "/areas"), ("admin", "/accounts"), ("county_officer", "/teams")):
            answer = world.as_(who).get(f"{path}?cursor={cursor(*made)}")
            assert answer.status_code == 200 or code_of(answer) == (422, "invalid_input"), (path, made)
    for text in ("bnVsbA", "e30", "IiI", "%ff", "W1tb" * 100):
        assert world.as_("admin").get(f"/accounts?cursor={text}").status_code == 422, text


def test_the_next_page_is_on_the_same_server_whatever_host_was_asked(world):
    answer = world.as_("admin").get("/accounts?limit=1", headers={"host": "evil.example"})
    assert answer.headers["link"].startswith("</api/v1/accounts?limit=1&cursor=")


def test_nothing_redirects_to_the_host_that_was_asked(client):
    answer = client.get("/api/v1/me/", headers={"host": "evil.example"}, follow_redirects=False)
    assert code_of(answer) == (404, "not_found")


@pytest.mark.parametrize("host", ["a" * 5_000, "[::1", "a b<>", 'x" onload="', "user@evil.example", "a/b"])
def test_a_made_up_host_gets_into_no_board_and_no_qr_code(world, host):
    page = world.client.get(f"/board/{VILLAGE}", headers={"host": host})
    assert page.status_code == 200
    assert host not in page.text
    assert "http://localhost/board/" in page.text
    assert world.client.get(f"/board/{VILLAGE}/qr.svg", headers={"host": host}).status_code == 200


def test_made_up_methods_are_not_counted_each_by_its_name(client):
    client.request("MADEUP", "/api/v1/me")
    counted = client.get("/metrics").text
    assert 'method="other"' in counted
    assert "MADEUP" not in counted


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_taken_for_a_formula(start):
    assert cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


class App:
    def __init__(self, *trusted):
        self.state = type("State", (), {"settings": Settings(trusted_proxies=trusted)})


def seen_as(peer, *lines, trusted=()):
    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    scope = {"type": "http", "client": (peer, 1), "headers": headers, "app": App(*trusted)}
    return client_address(Request(scope))


def test_a_callers_own_word_about_its_address_counts_for_nothing():
    assert seen_as("203.0.113.5", "198.51.100.1") == "203.0.113.5"
    proxies = ("10.0.0.1", "10.0.0.2")
    assert seen_as("10.0.0.1", "203.0.113.5", trusted=proxies) == "203.0.113.5"
    assert seen_as("10.0.0.1", "198.51.100.1, 203.0.113.5", trusted=proxies) == "203.0.113.5"
    assert seen_as("10.0.0.1", "198.51.100.1", "203.0.113.5", trusted=proxies) == "203.0.113.5"
    assert seen_as("10.0.0.1", "198.51.100.1", "203.0.113.5, 10.0.0.2", trusted=proxies) == "203.0.113.5"
    assert seen_as("10.0.0.1", "10.0.0.2", trusted=proxies) == "10.0.0.2"
    assert seen_as("10.0.0.1", trusted=proxies) == "10.0.0.1"
    assert seen_as("10.0.0.1", ", ,", trusted=proxies) == "10.0.0.1"
    assert len(seen_as("10.0.0.1", "x" * 1_000, trusted=proxies)) == 64


def test_one_caller_has_a_whole_ipv6_network_and_counts_once():
    assert seen_as("2001:db8:1:2::1") == seen_as("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert seen_as("2001:db8:1:3::1") != seen_as("2001:db8:1:2::1")
    assert seen_as("::ffff:203.0.113.5") == "203.0.113.5"
