"""`/docs` from files of our own: closed networks have no CDN. And what the OpenAPI document says of every operation."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from app.errors import ProblemBody, problem_responses

STATIC = Path(__file__).parent / "static"

_HEADERS = {
    # The browser itself refuses whatever would come from elsewhere. Swagger UI styles and draws inline.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}


TAGS = {
    "identity": "登录和账号 Signing in and accounts",
    "roster": "区划、花名册和派驻 Areas, cadres, postings",
    "check-in": "到岗登记 Check-ins",
    "attendance": "考勤和台账 The days and the ledger",
    "whereabouts": "去向和群众反映 Whereabouts and reports",
    "board": "去向牌网页 The board's pages",
    "leave": "请假、审批、销假 Leave, its decisions, the return from it",
    "recall": "召回、调整和空缺 Recall, reassignment, vacancies",
    "provisions": "条文和日历 Provisions and calendars",
    "filings": "报送和停电断网 Filings and outages",
    "feedback": "意见和答复 Complaints and answers",
    "webhooks": "事件推送 Events for other systems",
    "stats": "统计 Numbers for dashboards",
    "operation": "运行 Health and metrics",
}


def install_docs(app: FastAPI) -> None:
    app.openapi_tags = [{"name": name, "description": text} for name, text in TAGS.items()]

    @app.get("/docs", include_in_schema=False)
    def get_docs() -> FileResponse:
        return FileResponse(STATIC / "docs.html", headers=_HEADERS)

    app.mount("/static", StaticFiles(directory=STATIC))
    _complete_openapi(app)


def _complete_openapi(app: FastAPI) -> None:
    """What routes leave out: the problem they refer to, and that before an operation of ours is asked any address or
    body can be broken (400), and a body too large (413). An ordinary answer is called so in Chinese too.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        is_new = app.openapi_schema is None
        document = generate()
        if is_new:
            _add_problem(document["components"])
            for item in document["paths"].values():
                for operation in item.values():
                    _name_successes(operation["responses"])
                    if "requestBody" in operation:
                        _declare(operation["responses"], 400, 413)
                    elif operation.get("parameters"):
                        _declare(operation["responses"], 400)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _add_problem(components: dict[str, Any]) -> None:
    """What every refusal refers to."""
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schemas = components["schemas"] | problem.pop("$defs") | {ProblemBody.__name__: problem}
    components["schemas"] = {name: schemas[name] for name in sorted(schemas)}


def _name_successes(responses: dict[str, Any]) -> None:
    for response in responses.values():
        if response["description"] == "Successful Response":
            response["description"] = "成功 Success"


def _declare(responses: dict[str, Any], *statuses: int) -> None:
    for status, response in problem_responses(*statuses).items():
        responses.setdefault(str(status), response)
