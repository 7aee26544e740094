"""Access tokens: every trap that python-jose leaves open, and the life of a signing key."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jose import jws, jwt
from jose.backends.cryptography_backend import CryptographyECKey
from sqlalchemy.exc import OperationalError

from app.access import tokens
from app.errors import Unauthenticated, Unavailable
from app.models import SigningKey

NOW = datetime(2026, 11, 23, 0, 5, tzinfo=UTC)
ACCOUNT = UUID("0192f7c2-0000-7000-8000-000000000001")
TEN_MINUTES = timedelta(minutes=10)


def key_row(kid: str = "first", retired_at: datetime | None = None) -> SigningKey:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SigningKey(kid=kid, private_pem=pem.decode(), created_at=NOW, retired_at=retired_at)


@pytest.fixture(scope="module")
def row() -> SigningKey:
    return key_row()


@pytest.fixture
def ring(row) -> tokens.KeyRing:
    return tokens.KeyRing(lambda: [row])


@pytest.fixture
def good_claims() -> dict:
    instant = int(NOW.timestamp())
    return {
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "sub": str(ACCOUNT),
        "jti": uuid4().hex,
        "iat": instant,
        "nbf": instant,
        "exp": instant + 600,
    }


HEADER = {"alg": "ES256", "kid": "first", "typ": "at+jwt"}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sealed(row: SigningKey, header: object, claims: object) -> str:
    """A token with exactly this header and these claims, rightly signed with the service's own key."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signed = f"{b64(text)}.{b64(body)}"
    return f"{signed}.{b64(CryptographyECKey(row.private_pem, 'ES256').sign(signed.encode()))}"


def refused(ring: tokens.KeyRing, token: str, now: datetime = NOW) -> bool:
    with pytest.raises(Unauthenticated):
        tokens.verify(ring, token, now)
    return True


def test_a_token_of_our_own_making_tells_its_account(ring):
    assert tokens.verify(ring, tokens.issue(ring, ACCOUNT, NOW, TEN_MINUTES), NOW) == ACCOUNT


def test_a_token_built_by_hand_the_right_way_is_taken_so_that_the_refusals_below_mean_something(ring, row, good_claims):
    assert tokens.verify(ring, sealed(row, HEADER, good_claims), NOW) == ACCOUNT


def test_the_same_claims_are_signed_alike_so_that_a_signature_can_be_made_again(ring, monkeypatch):
    monkeypatch.setattr(tokens, "new_id", lambda: UUID(int=1))
    first, second = (tokens.issue(ring, ACCOUNT, NOW, TEN_MINUTES) for _ in range(2))
    assert first == second


def test_our_own_tokens_satisfy_whoever_has_only_the_public_key(ring, row):
    token = tokens.issue(ring, ACCOUNT, NOW, TEN_MINUTES)
    [public] = ring.public_keys(NOW)
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    assert jwt.decode(token, public, ["ES256"], options, audience=tokens.AUDIENCE)["sub"] == str(ACCOUNT)


def test_a_signature_with_another_nonce_is_verified_by_the_public_key(ring, row, good_claims):
    first, second = (sealed(row, HEADER, good_claims) for _ in range(2))
    assert first != second
    assert tokens.verify(ring, first, NOW) == tokens.verify(ring, second, NOW) == ACCOUNT


# -- algorithms --------------------------------------------------------------------------------------------------------


def test_alg_none_is_refused(ring, good_claims):
    for alg in ("none", "None", "NONE", ""):
        head, body = b64(json.dumps({**HEADER, "alg": alg}).encode()), b64(json.dumps(good_claims).encode())
        assert refused(ring, f"{head}.{body}.")
        assert refused(ring, f"{head}.{body}.{b64(b'x' * 64)}")


def test_the_public_key_does_not_serve_as_an_hmac_secret(ring, row, good_claims):
    public_pem = CryptographyECKey(row.private_pem, "ES256").public_key().to_pem()
    for alg in ("HS256", "ES256"):
        signed = f"{b64(json.dumps({**HEADER, 'alg': alg}).encode())}.{b64(json.dumps(good_claims).encode())}"
        forged = hmac.new(public_pem, signed.encode(), hashlib.sha256).digest()
        assert refused(ring, f"{signed}.{b64(forged)}")


@pytest.mark.parametrize("alg", [["ES256"], {"ES256": 1}, 256, None, True, "es256", "ES256 ", "ES384", "RS256"])
def test_an_odd_algorithm_is_refused(ring, row, good_claims, alg):
    assert refused(ring, sealed(row, {**HEADER, "alg": alg}, good_claims))


def test_an_rsa_signature_is_refused(ring, good_claims):
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert refused(ring, jws.sign(good_claims, pem.decode(), headers=HEADER | {"alg": "RS256"}, algorithm="RS256"))


def test_a_token_signed_by_another_key_under_our_kid_is_refused(ring, good_claims):
    assert refused(ring, sealed(key_row(), HEADER, good_claims))


def test_any_changed_character_is_refused(ring):
    token = tokens.issue(ring, ACCOUNT, NOW, TEN_MINUTES)
    for position in range(0, len(token) - 1, 7):
        changed = "A" if token[position] != "A" else "B"
        if token[position] != ".":
            assert refused(ring, token[:position] + changed + token[position + 1 :])


# -- header ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": {"kty": "EC"}},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://x"},
        {"crit": ["b64"]},
        {"b64": False},
    ],
)
def test_a_further_header_key_is_refused(ring, row, good_claims, extra):
    assert refused(ring, sealed(row, {**HEADER, **extra}, good_claims))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+JWT", "", None, ["at+jwt"]])
def test_another_type_of_token_is_refused(ring, row, good_claims, typ):
    assert refused(ring, sealed(row, {**HEADER, "typ": typ}, good_claims))


@pytest.mark.parametrize("kid", ["foreign", "", None, 1, ["first"], {"first": 1}, "../first", "first'--"])
def test_a_kid_that_is_not_ours_is_refused(ring, row, good_claims, kid):
    assert refused(ring, sealed(row, {**HEADER, "kid": kid}, good_claims))


@pytest.mark.parametrize("missing", ["alg", "kid", "typ"])
def test_a_header_without_one_of_its_keys_is_refused(ring, row, good_claims, missing):
    assert refused(ring, sealed(row, {k: v for k, v in HEADER.items() if k != missing}, good_claims))


# -- claims ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["exp", "iat", "nbf", "aud", "iss", "sub", "jti"])
def test_a_token_without_one_of_its_claims_is_refused(ring, row, good_claims, missing):
    del good_claims[missing]
    assert refused(ring, sealed(row, HEADER, good_claims))


@pytest.mark.parametrize("name", ["exp", "iat", "nbf", "aud", "iss", "sub", "jti"])
@pytest.mark.parametrize("odd", [None, [], {}, True, 1e99, float("nan"), float("inf"), [tokens.AUDIENCE]])
def test_a_claim_of_another_kind_is_refused(ring, row, good_claims, name, odd):
    good_claims[name] = odd
    assert refused(ring, sealed(row, HEADER, good_claims))


@pytest.mark.parametrize(("name", "value"), [("aud", "other-api"), ("iss", "other"), ("sub", "admin"), ("sub", "")])
def test_a_token_for_somebody_else_or_by_somebody_else_is_refused(ring, row, good_claims, name, value):
    good_claims[name] = value
    assert refused(ring, sealed(row, HEADER, good_claims))


@pytest.mark.parametrize("claims", [b"[]", b'"text"', b"null", b"not json", b"\xff\xfe", b"{" * 100])
def test_claims_that_are_no_object_are_refused(ring, row, claims):
    assert refused(ring, sealed(row, HEADER, claims))


def test_a_token_ends_exactly_at_exp(ring):
    token = tokens.issue(ring, ACCOUNT, NOW, TEN_MINUTES)
    assert tokens.verify(ring, token, NOW + TEN_MINUTES - timedelta(microseconds=1)) == ACCOUNT
    assert refused(ring, token, NOW + TEN_MINUTES)


def test_a_token_from_a_server_whose_clock_is_seconds_ahead_is_taken_and_from_the_future_is_not(ring):
    token = tokens.issue(ring, ACCOUNT, NOW, TEN_MINUTES)
    assert tokens.verify(ring, token, NOW - timedelta(seconds=5)) == ACCOUNT
    assert refused(ring, token, NOW - timedelta(seconds=6))


# -- shape -------------------------------------------------------------------------------------------------------------


def test_nested_brackets_are_refused_before_they_exhaust_the_stack(ring):
    nested = b64(b"[" * 970)
    assert 1250 < len(f"{nested}.e30.e30") < 1400
    assert refused(ring, f"{nested}.e30.e30")
    assert refused(ring, f"{b64(json.dumps(HEADER).encode())}.{nested}.{b64(b'x' * 64)}")


def test_a_token_over_two_kilobytes_is_refused_although_it_is_signed(ring, row, good_claims):
    good_claims["jti"] = "x" * 1500
    token = sealed(row, HEADER, good_claims)
    assert len(token) > tokens.MAX_TOKEN_BYTES
    assert refused(ring, token)


def test_a_token_has_one_spelling(ring):
    token = tokens.issue(ring, ACCOUNT, NOW, TEN_MINUTES)
    for spelling in (f"{token}=", f"{token}\n", f" {token}", f"{token}.", token.replace(".", "..", 1), f"{token}é"):
        assert refused(ring, spelling)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "\x00.\x00.\x00", "令.牌.牌"])
def test_what_is_no_token_is_refused(ring, token):
    assert refused(ring, token)


# -- keys --------------------------------------------------------------------------------------------------------------


def test_after_a_rotation_new_tokens_use_the_new_key_and_old_ones_live_to_their_end(world, app, clock):
    ring = app.state.keyring
    account = world.accounts["li"]
    old = tokens.issue(ring, account, clock(), TEN_MINUTES)
    with world.database.writing() as session:
        tokens.rotate_signing_keys(session, clock())
    ring.reload()
    new = tokens.issue(ring, account, clock(), TEN_MINUTES)
    assert jwt.get_unverified_header(old)["kid"] != jwt.get_unverified_header(new)["kid"]
    clock.forward(seconds=599)
    assert tokens.verify(ring, old, clock()) == tokens.verify(ring, new, clock()) == account
    clock.forward(seconds=1)
    assert refused(ring, old, clock())


def test_a_retired_key_verifies_nothing_once_its_last_token_has_run_out(row, good_claims):
    retired = SigningKey(kid="first", private_pem=row.private_pem, created_at=NOW, retired_at=NOW)
    ring = tokens.KeyRing(lambda: [retired, key_row("second")])
    # Whoever steals a retired key writes the times as it suits him.
    late = NOW + tokens.LONGEST_LIFETIME
    good_claims |= {"iat": int(late.timestamp()) - 60, "exp": int(late.timestamp()) + 60}
    token = sealed(row, HEADER, good_claims)
    assert tokens.verify(ring, token, late - timedelta(seconds=1)) == ACCOUNT
    assert refused(ring, token, late)
    assert [key["kid"] for key in ring.public_keys(late)] == ["second"]


def test_rotating_again_deletes_the_keys_that_no_token_needs(world, clock):
    def kids() -> list[str]:
        with world.database.reading() as session:
            return [key.kid for key in tokens.load_signing_keys(session)]

    first = kids()[0]
    for wait in (timedelta(0), timedelta(minutes=59), timedelta(minutes=1)):
        clock.forward(seconds=wait.total_seconds())
        with world.database.writing() as session:
            tokens.rotate_signing_keys(session, clock())
        expected = wait != timedelta(minutes=1)
        assert (first in kids()) is expected


def test_withdrawing_the_keys_ends_every_token_at_once(world, app, clock):
    ring = app.state.keyring
    token = tokens.issue(ring, world.accounts["li"], clock(), TEN_MINUTES)
    with world.database.writing() as session:
        tokens.rotate_signing_keys(session, clock(), withdraw=True)
    ring.reload()
    assert refused(ring, token, clock())


def test_made_up_kids_do_not_read_the_database_each_time(row, good_claims):
    loads = []
    ring = tokens.KeyRing(lambda: loads.append(1) or [row])
    tokens.issue(ring, ACCOUNT, NOW, TEN_MINUTES)
    for number in range(50):
        assert refused(ring, sealed(row, {**HEADER, "kid": f"made-up-{number}"}, good_claims))
    assert len(loads) == 1


class Keys:
    """A database with one key, which may be away, and a clock that is moved by hand."""

    def __init__(self, row: SigningKey) -> None:
        self.row, self.away, self.asked, self.seconds = row, False, 0, 0.0
        self.ring = tokens.KeyRing(self.load, lambda: self.seconds)

    def load(self) -> list[SigningKey]:
        self.asked += 1
        if self.away:
            raise OperationalError("SELECT", {}, Exception("gone"))
        return [self.row]


@pytest.fixture
def keys(row) -> Keys:
    return Keys(row)


def test_while_the_database_is_away_a_token_is_good_by_the_key_in_hand(keys, row, good_claims):
    token = sealed(row, HEADER, good_claims)
    assert tokens.verify(keys.ring, token, NOW) == ACCOUNT
    keys.away, keys.seconds = True, 3 * tokens.STALE_SECONDS
    for _ in range(50):
        assert tokens.verify(keys.ring, token, NOW) == ACCOUNT
    assert keys.asked == 2
    keys.away, keys.seconds = False, keys.seconds + tokens.RELOAD_SECONDS
    keys.row = key_row("second")
    assert refused(keys.ring, token)


def test_while_the_database_is_away_nobody_is_told_that_an_unknown_key_is_no_good(keys, row, good_claims):
    unknown = sealed(row, {**HEADER, "kid": "unknown"}, good_claims)
    keys.away = True
    with pytest.raises(OperationalError):
        tokens.verify(keys.ring, unknown, NOW)
    with pytest.raises(OperationalError):
        tokens.issue(keys.ring, ACCOUNT, NOW, TEN_MINUTES)
    keys.away = False
    assert refused(keys.ring, unknown)
    keys.away, keys.seconds = True, tokens.RELOAD_SECONDS
    for _ in range(50):
        with pytest.raises(Unavailable):
            tokens.verify(keys.ring, unknown, NOW)
    assert keys.asked == 4


def test_at_once_only_keys_in_hand_verify_and_nobody_asks_the_database(keys, row, good_claims):
    token = sealed(row, HEADER, good_claims)
    assert (tokens.verify_at_once(keys.ring, token, NOW), keys.asked) == (None, 0)
    tokens.verify(keys.ring, token, NOW)
    keys.seconds = tokens.STALE_SECONDS - 1
    assert tokens.verify_at_once(keys.ring, token, NOW) == ACCOUNT
    assert tokens.verify_at_once(keys.ring, token[:-4] + "AAAA", NOW) is None
    keys.seconds = tokens.STALE_SECONDS
    assert (tokens.verify_at_once(keys.ring, token, NOW), keys.asked) == (None, 1)


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/me/today"), ("POST", "/api/v1/check-ins")])
def test_keys_are_read_where_the_event_loop_does_not_wait(client, world, app, row, good_claims, method, path):
    """Whoever has a connection of the database needs the loop to go on, and gives it back only then."""
    on_the_loop = []
    known = app.state.keyring

    def load() -> list[SigningKey]:
        on_the_loop.append(asyncio._get_running_loop() is not None)
        return [row]

    app.state.keyring = tokens.KeyRing(load)
    token = sealed(row, {**HEADER, "kid": "made-up"}, good_claims)
    answer = client.request(
        method, path, headers={"Authorization": f"Bearer {token}"}, json={} if method == "POST" else None
    )
    app.state.keyring = known
    assert (answer.status_code, on_the_loop) == (401, [False])


# -- accounts ----------------------------------------------------------------------------------------------------------


def test_a_switched_off_account_is_out_with_its_next_request(world):
    li = world.as_("li")
    assert li.get("/me").status_code == 200
    world.as_("admin").patch(f"/accounts/{world.accounts['li']}", json={"active": False})
    refusal = li.get("/me")
    assert (refusal.status_code, refusal.headers["www-authenticate"]) == (401, "Bearer")


def test_a_changed_role_holds_with_the_next_request(world):
    officer = world.as_("county_officer")
    assert officer.get("/accounts").status_code == 403
    changed = world.as_("admin").patch(
        f"/accounts/{world.accounts['county_officer']}", json={"role": "admin", "area_code": None}
    )
    assert changed.status_code == 200
    assert officer.get("/accounts").status_code == 200


def test_every_bad_token_gets_the_same_401_over_http(client, world):
    for header in ("Bearer x.y.z", "Bearer", "Basic abc", "Bearer " + "x" * 5000, "bearer  ", "令牌".encode()):
        answer = client.get("/api/v1/me", headers={"Authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert client.get("/api/v1/me").status_code == 401


def test_the_public_keys_are_at_the_root_and_verify_a_token_by_themselves(client, world, clock):
    answer = client.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    (key,) = answer.json()["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert "d" not in key
    token = tokens.issue(world.app.state.keyring, ACCOUNT, clock(), TEN_MINUTES)
    assert json.loads(jws.verify(token, key, ["ES256"]))["sub"] == str(ACCOUNT)
