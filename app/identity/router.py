"""Signing in, the own account, and accounts over HTTP."""

import base64
import binascii
from typing import Annotated
from urllib.parse import unquote_plus
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy import select

from app.access.call import Call, Visiting, reading, signed_in, writing
from app.access.limits import limited
from app.access.viewer import Role, Viewer
from app.errors import problem_responses
from app.identity import accounts, schemas, service
from app.identity.problems import InvalidClient, InvalidRequest, UnsupportedGrantType
from app.identity.service import SigningIn
from app.models import Account
from app.settings import Settings
from app.web.paging import Paging
from app.web.schemas import AreaCode, Page

router = APIRouter(tags=["identity"])
root_router = APIRouter(tags=["identity"])

# Guessing one account is slowed down by the backoff; this bounds one address that tries many. It is wide, because
# the phones of a whole township may come from one address of their network.
PER_ADDRESS = "600/minute"
ACTIVATIONS_PER_ADDRESS = "120/minute"

PEOPLE = tuple(role for role in Role if role is not Role.DASHBOARD)


@router.post(
    "/auth/token",
    summary="登录或换发令牌",
    response_model_exclude_none=True,
    responses=problem_responses(400, 401, 422, 429, 503),
    dependencies=[limited("token", PER_ADDRESS)],
)
def create_token(
    request: Request, response: Response, desk: SigningIn, form: Annotated[schemas.TokenForm, Form()]
) -> schemas.Tokens:
    """登录（OAuth2）：人员用 `password`，看板程序用 `client_credentials`（也可用 HTTP Basic）；
    人员此后用 `refresh_token` 换发。刷新令牌只能用一次；重复使用的，同一次登录的刷新令牌全部作废。

    Sign in (OAuth2): people with `password`, dashboards with `client_credentials` (also with HTTP Basic); people then
    with `refresh_token`. A refresh token is good for one use; using one twice ends all refresh tokens of the same
    sign-in.
    """
    response.headers["Cache-Control"] = "no-store"
    if form.grant_type == "password":
        return service.sign_in(desk, _given(form, "username"), _given(form, "password"))
    if form.grant_type == "refresh_token":
        return service.refresh(desk, _given(form, "refresh_token"))
    if form.grant_type == "client_credentials":
        client_id, secret = _basic_credentials(request) or (
            _given(form, "client_id"),
            _given(form, "client_secret"),
        )
        return service.sign_in_client(desk, client_id.casefold(), secret)
    if not form.grant_type:
        raise InvalidRequest("grant_type")
    raise UnsupportedGrantType


@router.post(
    "/auth/revoke",
    summary="退出登录",
    response_class=Response,
    responses=problem_responses(422, 429),
    dependencies=[limited("revoke", PER_ADDRESS)],
)
def revoke_token(visit: Visiting, form: Annotated[schemas.RevokeForm, Form()]) -> Response:
    """退出登录（RFC 7009）：作废同一次登录的刷新令牌。令牌不存在也答复 200。

    Sign out (RFC 7009): ends the refresh tokens of one sign-in. Also 200 for a token that does not exist.
    """
    service.revoke(visit, form.token)
    return Response(headers={"Cache-Control": "no-store"})


@router.post(
    "/auth/activate",
    summary="激活账号",
    responses=problem_responses(400, 422, 429, 503),
    dependencies=[limited("activate", ACTIVATIONS_PER_ADDRESS)],
)
def activate_account(response: Response, desk: SigningIn, body: schemas.Activation) -> schemas.Tokens:
    """用办公室发放的一次性激活码设置首个密码，并随即登录。

    Set the first password with the one-time code from the office, and sign in.
    """
    response.headers["Cache-Control"] = "no-store"
    return service.activate(desk, body.login, body.code, body.password)


@router.get("/me", summary="查询本人账号", responses=problem_responses(401))
def get_me(call: Annotated[Call, reading()]) -> schemas.Me:
    """当前登录人的姓名、角色、区划、单位；驻村干部另有今日的派驻。

    Who is signed in: name, role, area, unit; for a cadre also the posting that holds today.
    """
    return service.describe_me(call)


@router.post(
    "/me/password", summary="修改本人密码", status_code=204, responses=problem_responses(401, 403, 422, 429, 503)
)
def change_my_password(
    desk: SigningIn, viewer: Annotated[Viewer, signed_in(*PEOPLE)], body: schemas.PasswordChange
) -> None:
    """修改本人密码，各设备均须重新登录。

    Change the own password. Every device has to sign in again.
    """
    service.change_password(desk, viewer, body.current_password, body.new_password)


@router.get("/accounts", summary="查询账号", responses=problem_responses(401, 403, 422))
def list_accounts(
    call: Annotated[Call, reading(Role.ADMIN)],
    paging: Paging,
    role: Annotated[Role | None, Query()] = None,
    area: Annotated[AreaCode | None, Query()] = None,
    active: Annotated[bool | None, Query()] = None,
) -> Page[schemas.AccountOut]:
    """全部账号，可按角色、区划、是否启用筛选，先建的在前。

    Accounts by role, area and whether they are active, oldest first.
    """
    query = select(Account).where(*accounts.matching(role, area, active))
    rows, cursor = paging.fetch(call.session, query, Account.id)
    return Page(items=[accounts.describe(row) for row in rows], next_cursor=cursor)


@router.post("/accounts", summary="新建账号", status_code=201, responses=problem_responses(401, 403, 409, 422))
def create_account(
    request: Request, response: Response, call: Annotated[Call, writing(Role.ADMIN)], body: schemas.NewAccount
) -> schemas.AccountWithSecret:
    """新建工作人员账号，答复一次性激活码；或新建看板程序账号，答复客户端密钥。二者都只在此显示一次。

    An officer's account, with its one-time activation code; or a dashboard's, with its client secret. Both are shown
    only in this answer.
    """
    response.headers["Cache-Control"] = "no-store"
    return accounts.create(call, body, _settings(request).activation_days)


@router.patch("/accounts/{account_id}", summary="更改账号", responses=problem_responses(401, 403, 404, 409, 422))
def update_account(
    request: Request,
    response: Response,
    call: Annotated[Call, writing(Role.ADMIN)],
    account_id: UUID,
    body: schemas.AccountChange,
) -> schemas.AccountWithSecret:
    """更改、停用或启用账号，或重新发放激活码、密钥。自下一次请求起生效。

    Change an account, switch it off or on, or hand out a new code or secret. Holds from the next request on.
    """
    response.headers["Cache-Control"] = "no-store"
    return accounts.change(call, account_id, body, _settings(request).activation_days)


@root_router.get("/.well-known/jwks.json", summary="查询令牌公钥")
def get_jwks(request: Request, response: Response, visit: Visiting) -> schemas.PublicKeys:
    """验证访问令牌所用的公钥（RFC 7517）。

    The public keys of the access tokens (RFC 7517).
    """
    response.headers["Cache-Control"] = "public, max-age=60"
    keys = request.app.state.keyring.public_keys(visit.now)
    return schemas.PublicKeys.model_validate({"keys": keys})


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _given(form: schemas.TokenForm, name: str) -> str:
    value: str | None = getattr(form, name)
    if not value:
        raise InvalidRequest(name)
    return value


def _basic_credentials(request: Request) -> tuple[str, str] | None:
    """Client id and secret from an HTTP Basic header (RFC 6749, 2.3.1: each form-encoded first)."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidClient from error
    if not colon:
        raise InvalidClient
    return unquote_plus(client_id), unquote_plus(secret)
