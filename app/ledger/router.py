"""月考勤表 over HTTP."""

import os
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.access.call import Call, reporting
from app.access.viewer import OFFICERS
from app.attendance.sheet import Sheet
from app.attendance.sheet_loading import load_sheet
from app.attendance.sheet_question import version_of
from app.errors import problem_responses
from app.ledger import schemas, service, workbook
from app.ledger.forms import csv_pieces, json_pieces
from app.web import csv
from app.web.caching import CACHE_CONTROL, etag_of, not_modified
from app.web.schemas import AreaCode

router = APIRouter(tags=["attendance"], responses=problem_responses(401, 403, 404, 422))


class Form(StrEnum):
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": schemas.Ledger,
        "content": {
            csv.MEDIA_TYPE.split(";")[0]: {"schema": {"type": "string"}},
            workbook.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
        },
    },
    304: {"description": "未更改 Not modified"},
}


@router.get("/ledger", summary="查询月考勤表", response_class=StreamingResponse, responses=_ANSWERS)
def get_ledger(
    request: Request,
    call: Annotated[Call, reporting(*OFFICERS)],
    area: Annotated[
        AreaCode, Query(description="派出单位只见本单位派出的干部。A unit officer sees the cadres that the unit sent.")
    ],
    month: Annotated[
        schemas.Month | None, Query(description="YYYY-MM，不填为本月。Defaults to the current month.")
    ] = None,
    form: Annotated[Form, Query(alias="format")] = Form.JSON,
) -> Response:
    """月考勤表：一人一行（先后在两村的各一行），一日一列；三种格式逐格相同。

    The month sheet: a row a cadre (one for each village), a column a day; the three formats are equal to the cell.
    """
    question = service.ask(call, area, month)
    headers = {
        "ETag": etag_of("ledger", form, *version_of(call.session, question)),
        "Cache-Control": CACHE_CONTROL,
    }
    if unchanged := not_modified(request, headers):
        return unchanged
    sheet = load_sheet(call.session, question)
    call.session.close()  # what follows is writing, for which nobody has to wait with a connection
    if form is Form.JSON:
        return StreamingResponse(json_pieces(sheet), media_type="application/json", headers=headers)
    headers["Content-Disposition"] = _disposition(sheet, form)
    if form is Form.CSV:
        return StreamingResponse(csv_pieces(sheet), media_type=csv.MEDIA_TYPE, headers=headers)
    file = workbook.build_workbook(sheet, call.now)
    headers["Content-Length"] = str(file.seek(0, os.SEEK_END))
    file.seek(0)
    return StreamingResponse(workbook.pieces_of(file), media_type=workbook.MEDIA_TYPE, headers=headers)


def _disposition(sheet: Sheet, form: Form) -> str:
    """The Chinese name, and a plain one for what cannot read it (RFC 6266, RFC 8187)."""
    plain = f"ledger-{sheet.area_code}-{sheet.month}.{form}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(f'{sheet.title}.{form}', safe='')}"
