"""Refresh tokens: one use each, and what a replay, a sign-out and a switched-off account bring about."""

import pytest

from app.models import Account


@pytest.fixture
def pair(sign_in, give_password):
    give_password("li")
    return sign_in("li").json()


@pytest.fixture
def refresh(token):
    def post(refresh_token: str):
        return token(grant_type="refresh_token", refresh_token=refresh_token)

    return post


def test_a_refresh_token_is_exchanged_for_a_new_pair(client, clock, pair, refresh):
    clock.forward(hours=1)
    answer = refresh(pair["refresh_token"])
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != pair["refresh_token"]
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert client.get("/api/v1/me", headers=headers).status_code == 200


def test_a_replay_ends_the_family_although_it_is_refused(pair, refresh):
    second = refresh(pair["refresh_token"]).json()["refresh_token"]
    replayed = refresh(pair["refresh_token"])
    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")
    assert refresh(second).status_code == 400


def test_a_replay_of_a_token_from_long_ago_ends_the_family_too(pair, refresh):
    newest = pair["refresh_token"]
    for _ in range(5):
        newest = refresh(newest).json()["refresh_token"]
    assert refresh(pair["refresh_token"]).status_code == 400
    assert refresh(newest).status_code == 400


def test_a_replay_leaves_other_sign_ins_of_the_account_alone(pair, refresh, sign_in):
    other = sign_in("li").json()["refresh_token"]
    refresh(pair["refresh_token"])
    refresh(pair["refresh_token"])
    assert refresh(other).status_code == 200


def test_a_refresh_token_ends_after_thirty_days_of_silence(clock, pair, refresh, sign_in):
    clock.forward(days=29, hours=23)
    renewed = refresh(pair["refresh_token"]).json()["refresh_token"]
    clock.forward(days=30)
    assert refresh(renewed).status_code == 400


def test_signing_out_ends_the_family_by_whichever_of_its_tokens(client, pair, refresh):
    second = refresh(pair["refresh_token"]).json()["refresh_token"]
    answer = client.post("/api/v1/auth/revoke", data={"token": pair["refresh_token"]})
    assert (answer.status_code, answer.content) == (200, b"")
    assert refresh(second).status_code == 400


@pytest.mark.parametrize("token", ["", "never issued", "0192f7c2.x", "\x00", "é" * 50])
def test_signing_out_with_a_token_that_does_not_exist_is_no_error(client, world, token):
    assert client.post("/api/v1/auth/revoke", data={"token": token}).status_code == 200


def test_a_switched_off_account_can_not_refresh_and_switching_it_on_again_does_not_revive_its_sign_ins(
    world, pair, refresh
):
    admin = world.as_("admin")
    account = world.accounts["li"]
    admin.patch(f"/accounts/{account}", json={"active": False})
    assert refresh(pair["refresh_token"]).status_code == 400
    admin.patch(f"/accounts/{account}", json={"active": True})
    assert refresh(pair["refresh_token"]).status_code == 400


def test_an_account_switched_off_by_whatever_way_can_not_refresh(world, pair, refresh):
    with world.database.writing() as session:
        session.get(Account, world.accounts["li"]).active = False
    assert refresh(pair["refresh_token"]).status_code == 400


def test_the_database_holds_no_usable_token(world, pair):
    with world.database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT * FROM refresh_tokens").all()
    assert len(rows) == 1
    secret = pair["refresh_token"].partition(".")[2]
    assert secret not in str(rows)


def test_of_a_family_only_the_newest_two_tokens_are_kept(world, pair, refresh):
    newest = pair["refresh_token"]
    for _ in range(6):
        newest = refresh(newest).json()["refresh_token"]
    with world.database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM refresh_tokens").scalar() == 2
