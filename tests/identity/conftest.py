"""Signing in with real passwords, which the shared world has none of."""

from uuid import UUID

import pytest

from app.models import Account

PASSWORD = "river-stone-lantern"


@pytest.fixture
def give_password(world, app):
    """`give_password("li")`: that account signs in with PASSWORD from now on."""

    def give(who: str, password: str = PASSWORD) -> UUID:
        account_id = world.accounts[who]
        with world.database.writing() as session:
            session.get(Account, account_id).password_hash = app.state.passwords.hash(password)
        return account_id

    return give


@pytest.fixture
def token(client):
    """The raw OAuth2 call: `token(grant_type="password", username=…, password=…)`."""

    def post(**form: str):
        headers = form.pop("headers", None)
        return client.post("/api/v1/auth/token", data=form, headers=headers)

    return post


@pytest.fixture
def sign_in(token):
    def post(username: str, password: str = PASSWORD):
        return token(grant_type="password", username=username, password=password)

    return post
