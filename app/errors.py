"""The Problem family (RFC 9457) and its one handler. Text is Chinese, English on request; input is never echoed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from app.error_texts import HTTP_TEXTS, describe_validation

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

_LANGUAGE_RANGE = re.compile(
    r"(?P<language>\*|[a-z]{1,8})(?:-[a-z0-9]{1,8})*(?:[ \t]*;[ \t]*q=(?P<quality>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?"
)
"""One part of `Accept-Language` (RFC 9110), in lower case."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of the input; `pointer` is a JSON pointer into the body, or `/query/x`, `/path/x`, `/header/x`."""

    pointer: str
    code: str
    zh: str
    en: str

    def as_json(self, language: str) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "detail": self.en if language == "en" else self.zh}


class Problem(Exception):
    """An answer that is not the wanted one. `code` is stable; `zh` and `en` say what to do about it."""

    status = 400
    title_zh = "请求有误"
    title_en = "Bad request"

    def __init__(
        self,
        code: str,
        zh: str,
        en: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(en)
        self.code = code
        self.zh = zh
        self.en = en
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def as_json(self, language: str, trace_id: str) -> dict[str, Any]:
        english = language == "en"
        return {
            "type": f"/problems/{self.code}",
            "title": self.title_en if english else self.title_zh,
            "status": self.status,
            "detail": self.en if english else self.zh,
            "code": self.code,
            "trace_id": trace_id,
            "errors": [error.as_json(language) for error in self.errors],
        }


class BadRequest(Problem):
    pass


class Unauthenticated(Problem):
    status = 401
    title_zh, title_en = "未登录或登录已失效", "Not signed in"

    def __init__(
        self,
        code: str = "unauthenticated",
        zh: str = "请先登录。",
        en: str = "Sign in first.",
        *,
        challenge: str = "Bearer",
    ) -> None:
        super().__init__(code, zh, en, headers={"WWW-Authenticate": challenge})


class Forbidden(Problem):
    status = 403
    title_zh, title_en = "没有此项权限", "Not allowed"

    def __init__(
        self,
        code: str = "forbidden",
        zh: str = "您的角色不能进行此操作。",
        en: str = "Your role may not do this.",
    ) -> None:
        super().__init__(code, zh, en)


class NotFound(Problem):
    """What does not exist and what lies outside the viewer's scope: the same body, always."""

    status = 404
    title_zh, title_en = "没有找到", "Not found"

    def __init__(self) -> None:
        super().__init__("not_found", "没有找到，或不在您的管理范围内。", "It does not exist or is not in your scope.")


class Conflict(Problem):
    status = 409
    title_zh, title_en = "与现有记录冲突", "Conflict with what is recorded"


class TooLarge(Problem):
    status = 413
    title_zh, title_en = "内容过大", "Too large"


class Unprocessable(Problem):
    status = 422
    title_zh, title_en = "填写内容有误", "The input is not valid"

    @classmethod
    def field(cls, pointer: str, code: str, zh: str, en: str) -> "Unprocessable":
        """The usual case: one field, whose fault is also the detail."""
        return cls("invalid_input", zh, en, errors=[FieldError(pointer, code, zh, en)])


class TooManyRequests(Problem):
    status = 429
    title_zh, title_en = "请求过于频繁", "Too many requests"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            "rate_limited",
            f"请求过于频繁，请在 {retry_after_seconds} 秒后重试。",
            f"Too many requests; try again in {retry_after_seconds} seconds.",
            headers={"Retry-After": str(retry_after_seconds)},
        )


class Unavailable(Problem):
    status = 503
    title_zh, title_en = "服务暂时不可用", "Temporarily unavailable"

    def __init__(self, code: str = "unavailable", retry_after_seconds: int = 2) -> None:
        super().__init__(
            code,
            "服务暂时繁忙，请稍后重试，数据未丢失。",
            "The service is busy; try again shortly. Nothing was lost.",
            headers={"Retry-After": str(retry_after_seconds)},
        )


class ServerFault(Problem):
    status = 500
    title_zh, title_en = "服务器内部错误", "Internal error"

    def __init__(self) -> None:
        super().__init__(
            "internal_error",
            "服务器内部错误，本次操作未保存。请将 trace_id 告知管理员。",
            "Internal error; nothing was saved. Tell your administrator the trace_id.",
        )


class _HttpProblem(Problem):
    """What the framework itself refuses: unknown path, wrong method, broken body."""

    def __init__(self, error: HTTPException) -> None:
        code, zh, en = HTTP_TEXTS.get(error.status_code, HTTP_TEXTS[400])
        super().__init__(code, zh, en, headers=error.headers)
        self.status = error.status_code
        self.title_zh, self.title_en = zh.rstrip("。"), en.rstrip(".")


class FieldErrorBody(BaseModel):
    pointer: str
    code: str
    detail: str


class ProblemBody(BaseModel):
    """错误答复（RFC 9457）。RFC 9457 problem details."""

    type: str = Field(examples=["/problems/no_posting"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["no_posting"])
    trace_id: str
    errors: list[FieldErrorBody]


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route declares in OpenAPI for its refusals. No `model` is named: FastAPI would build a validator for each
    status of each route, twice, a third of a start. `app.web.docs` adds what the reference leads to.
    """
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {
        status: {"description": _TITLES.get(status, "未能办理 Refused"), "content": dict(content)}
        for status in statuses
    }


_TITLES = {
    kind.status: f"{kind.title_zh} {kind.title_en}"
    for kind in (
        BadRequest,
        Unauthenticated,
        Forbidden,
        NotFound,
        Conflict,
        TooLarge,
        Unprocessable,
        TooManyRequests,
        Unavailable,
    )
}


def language_of(request: Request) -> str:
    """`en` when the client prefers English to Chinese, else `zh`; `zh` as well where what it sends is not in order."""
    parts = request.headers.get("accept-language", "").lower().split(",")
    ranges = [_LANGUAGE_RANGE.fullmatch(part.strip()) for part in parts if part.strip()]
    wanted = [(one["language"], float(one["quality"] or 1)) for one in ranges if one]
    if len(wanted) < len(ranges):
        return "zh"
    return "en" if _preference("en", wanted) > _preference("zh", wanted) else "zh"


def _preference(language: str, wanted: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """How much a language is wanted and, to tell apart two that are wanted as much, how early it is named."""
    placed = [(named, (quality, -place)) for place, (named, quality) in enumerate(wanted)]
    own = [preference for named, preference in placed if named == language]
    others = [preference for named, preference in placed if named == "*"]
    return max(own or others, default=(0.0, 0))


def respond(request: Request, problem: Problem) -> Response:
    """The problem as JSON, or as the page that a route for people's eyes has put into `request.state.problem_page`."""
    state = request.scope.get("state", {})
    if "problem_page" in state:
        page: Response = state["problem_page"](request, problem)
        return page
    trace_id = state.get("trace_id", "")
    language = language_of(request)
    return JSONResponse(
        problem.as_json(language, trace_id),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**problem.headers, "Content-Language": "en" if language == "en" else "zh-CN"},
    )


def _methods_of(request: Request) -> list[str]:
    """All that the address supports: the framework names those of the first of its routes."""
    address = {name: request.scope[name] for name in ("type", "path", "root_path", "headers")}
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    return [
        method
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**address, "method": method})[0] is Match.FULL for route in routes)
    ]


def from_validation(errors: Sequence[Mapping[str, Any]]) -> Unprocessable:
    """Pydantic's errors as a Problem; the input they carry is dropped."""
    found = [FieldError(_pointer(error["loc"]), *describe_validation(error)) for error in errors]
    return Unprocessable(
        "invalid_input",
        "填写内容有误，请按 errors 逐项更正。",
        "The input is not valid; see errors.",
        errors=found,
    )


def _pointer(location: Sequence[str | int]) -> str:
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in location]
    if parts and parts[0] == "body":
        parts = parts[1:]
    return "/" + "/".join(parts) if parts else ""


def is_collision(error: Exception) -> bool:
    """Whether a unique or foreign key refused the row, rather than a check that should have been made before."""
    if not (isinstance(error, IntegrityError) or is_driver_error(error, "IntegrityError")):
        return False
    cause = error.orig if isinstance(error, IntegrityError) else error
    name = type(cause).__name__
    return name in {"UniqueViolation", "ForeignKeyViolation"} or str(cause).startswith(("UNIQUE", "FOREIGN KEY"))


def is_driver_error(error: BaseException, *names: str) -> bool:
    """Whether a database driver raised it, as one of these errors of the DB-API. Told by the name: importing the driver
    of the other database takes longer and holds more memory than all rooms together.
    """
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] in {"psycopg", "sqlite3"}
        for kind in type(error).__mro__
    )


def _is_failure(error: Exception) -> bool:
    """Whether the database is out of reach, lost or too busy."""
    return isinstance(error, (OperationalError, PoolTimeoutError)) or is_driver_error(
        error, "OperationalError", "InterfaceError"
    )


def problem_of(error: Exception) -> Problem:
    """What is answered for an exception that is no Problem; it is logged here."""
    if is_collision(error):
        # Two writers met on a unique key after both had looked: the loser is told to look again.
        log.warning("integrity_conflict", error=type(error).__name__)
        return Conflict(
            "conflict",
            "该记录刚被他人更改，或与现有记录重复，请刷新后重试。",
            "Somebody else just changed this, or it exists already; reload and try again.",
        )
    if is_driver_error(getattr(error, "orig", None) or error, "DeadlockDetected", "SerializationFailure"):
        log.warning("broken_off", error=str(error)[:300])
        return Unavailable("busy")
    if _is_failure(error):
        log.error("database_unavailable", error=str(error)[:300])
        return Unavailable("database_unavailable")
    log.error("internal_error", exc_info=error)
    return ServerFault()


def install_handlers(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    def on_problem(request: Request, problem: Problem) -> Response:
        return respond(request, problem)

    @app.exception_handler(RequestValidationError)
    def on_validation(request: Request, error: RequestValidationError) -> Response:
        return respond(request, from_validation(error.errors()))

    @app.exception_handler(HTTPException)
    def on_http(request: Request, error: HTTPException) -> Response:
        problem = NotFound() if error.status_code == 404 else _HttpProblem(error)
        if error.status_code == 405:
            problem.headers["Allow"] = ", ".join(_methods_of(request)) or "GET, HEAD"  # static files name none
        return respond(request, problem)

    @app.exception_handler(IntegrityError)
    @app.exception_handler(OperationalError)
    @app.exception_handler(PoolTimeoutError)
    @app.exception_handler(Exception)
    def on_fault(request: Request, error: Exception) -> Response:
        return respond(request, problem_of(error))
