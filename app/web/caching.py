"""Conditional GETs."""

import hashlib
from collections.abc import Mapping

from fastapi import Request, Response

CACHE_CONTROL = "private, no-cache"

_OF_A_304 = ("ETag", "Cache-Control", "Vary")


def etag_of(*parts: object) -> str:
    """A weak tag over everything that an answer depends on; weak because JSON, CSV and XLSX of one state differ only
    in form and a proxy may compress them.
    """
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()
    return f'W/"{digest[:32]}"'


def not_modified(request: Request, headers: Mapping[str, str]) -> Response | None:
    """The 304, if the client has this state already. `headers` are those of the 200, with its `ETag`: a cache keeps
    its answer by what the 304 says of it (RFC 9110, 15.4.5).
    """
    lines = request.headers.getlist("if-none-match")
    tags = {tag.strip().removeprefix("W/") for line in lines for tag in line.split(",")}
    if headers["ETag"].removeprefix("W/") in tags or "*" in tags:  # a weak comparison (RFC 9110, 13.1.2)
        return Response(status_code=304, headers={name: headers[name] for name in _OF_A_304 if name in headers})
    return None
