"""OAuth2's refusals (RFC 6749, 5.2) as problems: `error` stands beside `code`, where OAuth2 clients look for it."""

from typing import Any

from app.errors import BadRequest, FieldError, Problem


class OAuthProblem(Problem):
    def as_json(self, language: str, trace_id: str) -> dict[str, Any]:
        return {**super().as_json(language, trace_id), "error": self.code}


class InvalidRequest(OAuthProblem):
    def __init__(self, missing: str) -> None:
        super().__init__(
            "invalid_request",
            f"缺少参数 {missing}。",
            f"The parameter {missing} is missing.",
            errors=[FieldError(f"/{missing}", "missing", "此项必填", "required")],
        )


class UnsupportedGrantType(OAuthProblem):
    def __init__(self) -> None:
        super().__init__(
            "unsupported_grant_type",
            "grant_type 应为 password、refresh_token 或 client_credentials。",
            "grant_type must be password, refresh_token or client_credentials.",
        )


class InvalidGrant(OAuthProblem):
    title_zh, title_en = "登录失败", "Sign-in failed"

    @classmethod
    def password(cls) -> "InvalidGrant":
        """The same whether the login is unknown, the password wrong, or the account switched off or not activated."""
        return cls(
            "invalid_grant",
            "登录名或密码不正确，或账号未激活、已停用。",
            "The login or password is wrong, or the account is not active.",
        )

    @classmethod
    def refresh_token(cls) -> "InvalidGrant":
        return cls("invalid_grant", "登录已过期，请重新登录。", "The refresh token no longer holds; sign in again.")


class InvalidClient(OAuthProblem):
    status = 401
    title_zh, title_en = "程序身份验证失败", "Client authentication failed"

    def __init__(self) -> None:
        super().__init__(
            "invalid_client",
            "client_id 或 client_secret 不正确，或账号已停用。",
            "The client_id or client_secret is wrong, or the account is not active.",
            headers={"WWW-Authenticate": 'Basic realm="zaigang"'},
        )


class ActivationFailed(BadRequest):
    title_zh, title_en = "激活失败", "Activation failed"

    def __init__(self) -> None:
        super().__init__(
            "activation_failed",
            "登录名或激活码不正确，或激活码已使用、已过期，请向发放单位重新领取。",
            "The login or code is wrong, or the code was used or has run out; ask your office for a new one.",
        )
