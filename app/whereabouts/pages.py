"""The board for people's eyes: one self-contained page without JavaScript, and its QR code."""

import base64
import hashlib
import io
import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from app.clock import SHANGHAI
from app.errors import NotFound, Problem
from app.settings import Settings
from app.web.caching import etag_of, not_modified
from app.whereabouts.board import Board

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "board.css").read_text(encoding="utf-8")

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{_STYLE_HASH}'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
NOT_INDEXED = {"X-Robots-Tag": "noindex, nofollow, noarchive"}
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Content-Language": "zh-CN",
    "Cache-Control": "no-cache",
    **NOT_INDEXED,
}

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_WEEKDAYS = "一二三四五六日"


def _day(value: date) -> str:
    return f"{value.year}年{value.month}月{value.day}日"


def _weekday(value: date) -> str:
    return f"星期{_WEEKDAYS[value.weekday()]}"


def _moment(value: datetime) -> str:
    """Beijing time, without the year: a board is about these days."""
    local = value.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - late: for pages alone

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(day=_day, weekday=_weekday, moment=_moment)
    environment.globals["style"] = STYLE
    return environment


def board_page(request: Request, board: Board, now: datetime) -> Response:
    """The page, which says of which moment it is; so its tag holds for that minute."""
    template = _environment().get_template("board.html")
    html = template.render(board=board, now=now, address=board_url(request, board.village.code))
    headers = {**PAGE_HEADERS, "ETag": etag_of(html)}
    return not_modified(request, headers) or HTMLResponse(html, headers=headers)


def notice_page(title: str, text: str, *, back: str | None, status: int = 200) -> Response:
    """A sentence to the visitor, and the way back to the board."""
    html = _environment().get_template("notice.html").render(title=title, text=text, back=back)
    return HTMLResponse(html, status_code=status, headers=PAGE_HEADERS)


def problem_page(request: Request, problem: Problem) -> Response:
    """What went wrong, as a page in Chinese: residents don't read JSON."""
    back = request.path_params.get("code") if request.method == "POST" else None
    text = "；".join(error.zh for error in problem.errors) or problem.zh
    if isinstance(problem, NotFound):  # its own words speak to officers
        text = "没有这块去向牌，或这名队员已不在牌上。请重新扫描村里张贴的二维码。"
    page = notice_page(problem.title_zh, text, back=back, status=problem.status)
    page.headers.update(problem.headers)
    return page


def board_url(request: Request, code: str) -> str:
    """The page's address for residents: under the configured public address, else the one that was asked."""
    settings: Settings = request.app.state.settings
    base = settings.public_url or _asked_address(request)
    return f"{base.rstrip('/')}/board/{code}"


def _asked_address(request: Request) -> str:
    """Nothing but a host and port is taken from the Host header, which says whatever the client likes."""
    host = request.headers.get("host", "")
    return f"{request.scope['scheme']}://{host if _HOST.fullmatch(host) else 'localhost'}"


def qr_code(url: str) -> bytes:
    """The address as an SVG; correction level M reads well from a wall."""
    import segno  # noqa: PLC0415 - late: for QR codes alone

    buffer = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        buffer,
        kind="svg",
        scale=4,
        border=4,
        dark="#000",
        light="#fff",
        xmldecl=False,
        omitsize=True,
        title="去向牌二维码",
    )
    return buffer.getvalue()
