"""POST /auth/token: the three grants, their refusals, and the waiting times after failures."""

import base64

import pytest

from app.access.passwords import Passwords
from app.models import Account
from tests.identity.conftest import PASSWORD


def bearer(answer) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_the_right_password_gives_a_pair_of_tokens_that_work(client, sign_in, give_password):
    account_id = give_password("li")
    answer = sign_in("li")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 600
    assert client.get("/api/v1/me", headers=bearer(answer)).json()["id"] == str(account_id)


def test_the_access_token_ends_after_exactly_ten_minutes(client, clock, sign_in, give_password):
    give_password("li")
    headers = bearer(sign_in("li"))
    clock.forward(seconds=599)
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    clock.forward(seconds=1)
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_a_login_may_be_typed_with_capitals_and_spaces(sign_in, give_password):
    give_password("county_officer")
    assert sign_in(" County_Officer ").status_code == 200


def test_spaces_belong_to_a_password(sign_in, give_password):
    give_password("li", "  river stone  ")
    assert sign_in("li", "  river stone  ").status_code == 200
    assert sign_in("li", "river stone").status_code == 400


def test_full_width_letters_from_a_chinese_keyboard_are_the_same_password(sign_in, give_password):
    give_password("li")
    assert sign_in("li", "ｒｉｖｅｒ－stone-lantern").status_code == 200


def test_unknown_login_wrong_password_switched_off_and_never_activated_answer_alike(world, sign_in, give_password):
    give_password("li")
    off = give_password("wang")
    with world.database.writing() as session:
        session.get(Account, off).active = False
    answers = [
        sign_in("nobody-of-that-name"),
        sign_in("li", "not the password"),
        sign_in("wang"),
        sign_in("zhao"),
        sign_in("li\x00"),
    ]
    bodies = [{**answer.json(), "trace_id": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [400] * 5
    assert bodies[0]["error"] == bodies[0]["code"] == "invalid_grant"
    assert bodies == [bodies[0]] * 5
    assert answers[0].headers["content-type"] == "application/problem+json"


def test_an_unknown_login_costs_one_hash_like_a_wrong_password(app, sign_in, give_password, monkeypatch):
    give_password("li")
    hashed = []
    matches = Passwords.matches
    monkeypatch.setattr(Passwords, "matches", lambda self, *given: hashed.append(given[0]) or matches(self, *given))
    for login in ("li", "nobody-of-that-name", "zhao", "dashboard"):
        sign_in(login, f"wrong for {login}")
    assert hashed == ["wrong for li", "wrong for nobody-of-that-name", "wrong for zhao", "wrong for dashboard"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password", "username": "li"}, "invalid_request"),
        ({"grant_type": "password", "password": PASSWORD}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "client_credentials", "client_id": "dashboard"}, "invalid_request"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "never issued"}, "invalid_grant"),
    ],
)
def test_refusals_carry_oauth2s_own_codes(world, token, form, code):
    answer = token(**form)
    assert (answer.status_code, answer.json()["error"], answer.json()["code"]) == (400, code, code)


def test_what_was_typed_is_never_echoed(world, token):
    typed = "s3cret-" + "x" * 200
    answer = token(grant_type="password", username=typed, password=typed)
    assert answer.status_code == 422
    assert typed not in answer.text
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/username", "/password"}


def test_a_file_in_place_of_a_password_is_refused_in_words(world, client):
    answer = client.post(
        "/api/v1/auth/token",
        data={"grant_type": "password", "username": "li"},
        files={"password": ("p.txt", b"river-stone-lantern")},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/password"


# -- client credentials ------------------------------------------------------------------------------------------------


@pytest.fixture
def dashboard(world):
    created = world.as_("admin").post(
        "/accounts",
        json={"login": "big.screen", "name": "县看板", "role": "dashboard", "area_code": "990101000000"},
    )
    return created.json()


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def test_a_dashboard_gets_an_access_token_by_form_and_by_basic_and_no_refresh_token(client, token, dashboard):
    by_form = token(grant_type="client_credentials", client_id="big.screen", client_secret=dashboard["client_secret"])
    by_basic = token(grant_type="client_credentials", headers=basic("big.screen", dashboard["client_secret"]))
    for answer in (by_form, by_basic):
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()
        assert client.get("/api/v1/me", headers=bearer(answer)).json()["role"] == "dashboard"


@pytest.mark.parametrize(
    "header",
    [
        basic("big.screen", "wrong"),
        basic("nobody", "wrong"),
        basic("county_officer", PASSWORD),
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()},
    ],
)
def test_a_wrong_client_is_401_with_a_challenge(token, dashboard, give_password, header):
    give_password("county_officer")
    answer = token(grant_type="client_credentials", headers=header)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"] == 'Basic realm="zaigang"'


def test_a_client_secret_is_no_password_and_a_password_no_client_secret(sign_in, token, dashboard, give_password):
    give_password("county_officer")
    assert sign_in("big.screen", dashboard["client_secret"]).json()["error"] == "invalid_grant"
    answer = token(grant_type="client_credentials", client_id="county_officer", client_secret=PASSWORD)
    assert answer.json()["error"] == "invalid_client"


# -- waiting after failures --------------------------------------------------------------------------------------------


def test_five_failures_are_free_and_the_sixth_attempt_waits_even_with_the_right_password(clock, sign_in, give_password):
    give_password("li")
    for _ in range(5):
        assert sign_in("li", "wrong").status_code == 400
    refused = sign_in("li")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    clock.forward(seconds=4)
    assert sign_in("li").headers["retry-after"] == "1"
    clock.forward(seconds=1)
    assert sign_in("li").status_code == 200


def test_the_wait_doubles_with_each_further_failure(clock, sign_in, give_password):
    give_password("li")
    for _ in range(5):
        sign_in("li", "wrong")
    waits = []
    for _ in range(3):
        waits.append(int(sign_in("li", "wrong").headers["retry-after"]))
        clock.forward(seconds=waits[-1])
        assert sign_in("li", "wrong").status_code == 400
    assert waits == [5, 10, 20]


def test_a_success_forgets_the_failures(sign_in, give_password):
    give_password("li")
    for _ in range(4):
        sign_in("li", "wrong")
    assert sign_in("li").status_code == 200
    for _ in range(5):
        assert sign_in("li", "wrong").status_code == 400


def test_a_day_without_a_failure_forgets_them(clock, sign_in, give_password):
    give_password("li")
    for _ in range(5):
        sign_in("li", "wrong")
    clock.forward(hours=24)
    for _ in range(5):
        assert sign_in("li", "wrong").status_code == 400


def test_an_unknown_login_waits_like_a_known_one(world, sign_in):
    for _ in range(5):
        sign_in("nobody-of-that-name")
    assert sign_in("nobody-of-that-name").status_code == 429


def test_failures_of_one_login_do_not_slow_down_another(sign_in, give_password):
    give_password("li")
    for _ in range(6):
        sign_in("wang", "wrong")
    assert sign_in("li").status_code == 200
