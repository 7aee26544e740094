"""The first password, set with the office's one-time code."""

import pytest

from app.access.activation import issue_activation_code
from app.models import Account, AuditEvent
from tests.identity.conftest import PASSWORD


@pytest.fixture
def code(world, clock):
    with world.database.writing() as session:
        return issue_activation_code(session.get(Account, world.accounts["li"]), clock(), days=14)


@pytest.fixture
def activate(client):
    def post(code: str, login: str = "li", password: str = PASSWORD):
        return client.post("/api/v1/auth/activate", json={"login": login, "code": code, "password": password})

    return post


def test_the_code_sets_the_password_and_signs_in(client, world, activate, code, sign_in):
    assert sign_in("li").status_code == 400
    answer = activate(code)
    assert answer.status_code == 200
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert client.get("/api/v1/me", headers=headers).json()["role"] == "cadre"
    assert sign_in("li").status_code == 200


def test_a_code_works_once(activate, code):
    assert activate(code).status_code == 200
    second = activate(code, password="another-good-password")
    assert (second.status_code, second.json()["code"]) == (400, "activation_failed")


def test_an_activation_is_on_record_without_code_or_password(world, database, activate, code):
    activate("WRONG-CODE")
    activate(code)
    with database.reading() as session:
        (event,) = session.query(AuditEvent).all()
    assert (event.action, event.by, event.target) == (
        "account.activated",
        world.accounts["li"],
        str(world.accounts["li"]),
    )
    assert event.details == {}


def test_a_code_may_be_typed_in_small_letters_without_hyphens(activate, code):
    assert activate(code.lower().replace("-", " ")).status_code == 200


def test_a_code_ends_with_its_fourteenth_day(clock, activate, code):
    clock.forward(days=14, seconds=-1)
    assert activate("WRONG-CODE").status_code == 400
    clock.forward(seconds=1)
    assert activate(code).status_code == 400


def test_a_code_holds_until_the_second_before(clock, activate, code):
    clock.forward(days=14, seconds=-1)
    assert activate(code).status_code == 200


def test_a_new_code_voids_the_one_before(world, activate, code):
    again = world.as_("admin").patch(f"/accounts/{world.accounts['li']}", json={"new_activation_code": True}).json()
    assert activate(code).status_code == 400
    assert activate(again["activation_code"]).status_code == 200


def test_another_accounts_code_an_unknown_login_and_a_switched_off_account_answer_alike(world, activate, code):
    unlike = [activate(code, login="wang"), activate(code, login="nobody"), activate("x"), activate(code, login="\x00")]
    with world.database.writing() as session:
        session.get(Account, world.accounts["li"]).active = False
    unlike.append(activate(code))
    bodies = [{**answer.json(), "trace_id": ""} for answer in unlike]
    assert [answer.status_code for answer in unlike] == [400] * 5
    assert bodies == [bodies[0]] * 5


def test_guessing_codes_is_slowed_down(activate, code):
    for _ in range(5):
        assert activate("AAAA-AAAA-AAAA").status_code == 400
    assert activate(code).status_code == 429


@pytest.mark.parametrize(
    ("password", "fault"), [("too-short", "password_too_short"), ("1234567890", "password_too_common")]
)
def test_a_poor_password_is_refused_and_does_not_use_the_code_up(activate, code, password, fault):
    answer = activate(code, password=password)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/password")
    assert answer.json()["errors"][0]["code"] == fault
    assert password not in answer.text
    assert activate(code).status_code == 200


def test_activating_again_after_a_forgotten_password_ends_the_old_sign_ins(world, activate, code, token):
    old = activate(code).json()["refresh_token"]
    again = world.as_("admin").patch(f"/accounts/{world.accounts['li']}", json={"new_activation_code": True}).json()
    assert activate(again["activation_code"], password="seven-walnut-bridges").status_code == 200
    assert token(grant_type="refresh_token", refresh_token=old).status_code == 400


def test_codes_are_twelve_characters_that_nobody_misreads(world, clock):
    account = Account(login="x")
    codes = {issue_activation_code(account, clock(), 14) for _ in range(200)}
    assert len(codes) == 200
    for plain in codes:
        assert [len(group) for group in plain.split("-")] == [4, 4, 4]
        assert not set(plain) & set("01OIL")
        assert plain.replace("-", "") not in (account.activation_hash or "").upper()
