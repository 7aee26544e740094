"""`/docs` from files of our own: closed networks have no CDN."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"

_HEADERS = {
    # The browser itself refuses whatever would come from elsewhere. Swagger UI styles and draws inline.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}


def install_docs(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    def get_docs() -> FileResponse:
        return FileResponse(STATIC / "docs.html", headers=_HEADERS)

    app.mount("/static", StaticFiles(directory=STATIC))
