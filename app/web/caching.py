"""Conditional GETs."""

import hashlib

from fastapi import Request, Response

CACHE_CONTROL = "private, no-cache"


def etag_of(*parts: object) -> str:
    """A weak tag over everything that an answer depends on; weak because JSON, CSV and XLSX of one state differ only
    in form and a proxy may compress them.
    """
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()
    return f'W/"{digest[:32]}"'


def not_modified(request: Request, etag: str) -> Response | None:
    """The 304, if the client has this state already."""
    wanted = request.headers.get("if-none-match")
    if wanted is None:
        return None
    tags = {tag.strip() for tag in wanted.split(",")}
    if etag in tags or "*" in tags:
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": CACHE_CONTROL})
    return None
