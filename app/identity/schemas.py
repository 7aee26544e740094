"""Bodies of signing in, of the own account, and of the administrator's accounts."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.access.passwords import MAX_LENGTH
from app.access.viewer import Role
from app.web.schemas import AreaCode, Day, Input, InstantOut, Name, Output

AnyPassword = Annotated[str, StringConstraints(max_length=MAX_LENGTH, strip_whitespace=False)]
"""As it was typed: spaces belong to it."""


def _lower(login: str) -> str:
    return login.casefold()


TypedLogin = Annotated[str, StringConstraints(max_length=64, strip_whitespace=True), AfterValidator(_lower)]
"""Logins are small letters; a phone's keyboard likes to begin with a capital."""

NewLogin = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{2,63}$"),
    AfterValidator(_lower),
    Field(
        examples=["yunling.office"],
        description="3 至 64 个小写字母、数字或 . _ @ -。From 3 to 64 small letters, digits or . _ @ -",
    ),
]


class TokenForm(BaseModel):
    """OAuth2（RFC 6749）表单：各 `grant_type` 所需的项由其自行检查，错误代码依照 OAuth2。

    OAuth2 (RFC 6749): what each `grant_type` needs is checked by it, with OAuth2's own error codes.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"grant_type": "password", "username": "13900000001", "password": "river-stone-lantern"}
        }
    )

    grant_type: Annotated[
        str, Field(max_length=100, description="取 password、refresh_token 或 client_credentials。One of these three.")
    ] = ""
    username: TypedLogin | None = None
    password: Annotated[AnyPassword, Field(json_schema_extra={"format": "password"})] | None = None
    refresh_token: Annotated[str, Field(max_length=200)] | None = None
    client_id: TypedLogin | None = None
    client_secret: Annotated[AnyPassword, Field(json_schema_extra={"format": "password"})] | None = None
    scope: Annotated[
        str, Field(max_length=500, description="不使用；权限由账号的角色决定。Not used: the account's role decides.")
    ] = ""


class RevokeForm(BaseModel):
    """退出登录的表单（RFC 7009）。The form for signing out (RFC 7009)."""

    model_config = ConfigDict(json_schema_extra={"example": {"token": "0192f7c2….k3Jd…"}})

    token: Annotated[str, Field(max_length=MAX_LENGTH * 20)] = ""
    token_type_hint: Annotated[str, Field(max_length=100)] = ""


class Tokens(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: Annotated[int, Field(description="有效秒数。Seconds.", examples=[600])]
    refresh_token: (
        Annotated[str, Field(description="只能使用一次，每次换得新的一个。Good for one use, which gives the next one.")]
        | None
    ) = None


class Activation(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"login": "13900000001", "code": "K7QM-2XRB-9TDE", "password": "river-stone-lantern"}
        }
    )

    login: TypedLogin
    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    password: AnyPassword


class PasswordChange(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"current_password": "river-stone-lantern", "new_password": "seven-walnut-bridges"}
        }
    )

    current_password: AnyPassword
    new_password: AnyPassword


class PublicKey(BaseModel):
    """P-256 曲线的 JSON Web Key（RFC 7517）。A JSON Web Key (RFC 7517) of the curve P-256."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class PublicKeys(BaseModel):
    keys: list[PublicKey]


class OwnPosting(Output):
    """今日的派驻。The posting that holds today."""

    id: UUID
    village_code: AreaCode
    village: str
    duty: str
    unit: str
    starts_on: Day
    ends_on: Day | None


class Me(Output):
    id: UUID
    name: str
    role: Role
    area_code: AreaCode | None
    unit_id: UUID | None
    posting: OwnPosting | None


AccountRole = Literal["township_officer", "county_officer", "city_officer", "unit_officer", "dashboard", "admin"]
"""Cadres' accounts come with the roster."""


class NewAccount(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "login": "yunling.office",
                "name": "云岭县驻村办",
                "role": "county_officer",
                "area_code": "990101000000",
            }
        }
    )

    login: NewLogin
    name: Name
    role: AccountRole
    area_code: AreaCode | None = None
    unit_id: UUID | None = None


class AccountChange(Input):
    """只更改所填的项。Only what is sent changes."""

    model_config = ConfigDict(json_schema_extra={"example": {"active": False}})

    name: Name | None = None
    role: AccountRole | None = None
    area_code: AreaCode | None = None
    unit_id: UUID | None = None
    active: bool | None = None
    new_activation_code: Annotated[bool, Field(description="重新发放一次性激活码。Hand out a new one-time code.")] = (
        False
    )
    new_client_secret: Annotated[
        bool,
        Field(description="更换看板程序的密钥，旧密钥立即失效。A new secret for a dashboard; the old one is void."),
    ] = False


class AccountOut(Output):
    id: UUID
    login: str
    name: str
    role: Role
    area_code: AreaCode | None
    unit_id: UUID | None
    cadre_id: UUID | None
    active: bool
    activated: Annotated[
        bool, Field(description="已设置密码（看板程序：已有密钥）。Has a password (a dashboard: a secret).")
    ]
    activation_expires_at: InstantOut | None
    created_at: InstantOut


class AccountWithSecret(AccountOut):
    """激活码、密钥只在此显示一次。The two secrets are shown in this answer and never again."""

    activation_code: Annotated[str, Field(examples=["K7QM-2XRB-9TDE"])] | None = None
    client_secret: str | None = None
