"""Health, readiness, metrics."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.database import Database
from app.errors import Unavailable, problem_responses
from app.web.heads import get_and_head

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


@get_and_head(router, "/healthz", summary="存活检查")
def get_healthz() -> Health:
    """进程能够答复。

    The process answers.
    """
    return Health()


@get_and_head(router, "/readyz", summary="就绪检查", responses=problem_responses(503))
def get_readyz(database: Annotated[Database, Depends(_database)]) -> Health:
    """进程能够答复，并能连上数据库。

    The process answers and reaches its database.
    """
    try:
        with database.reading() as session:
            session.execute(select(1))
    except SQLAlchemyError as error:
        raise Unavailable("database_unavailable") from error
    return Health()


@router.get("/metrics", summary="运行指标", response_class=Response)
def get_metrics() -> Response:
    """运行指标，Prometheus 文本格式。

    Metrics in Prometheus' text format.
    """
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
