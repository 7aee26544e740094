"""Files in and out: imports of areas and of the roster, the template, the activation codes."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Request, Response, UploadFile

from app.access.call import Call, reading, writing
from app.access.viewer import Role
from app.errors import language_of, problem_responses
from app.roster import schemas
from app.roster.activation_sheet import build_activation_sheet
from app.roster.imports_areas import import_areas as read_areas
from app.roster.imports_roster import import_roster as read_roster
from app.roster.template import build_template

router = APIRouter(prefix="/imports")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Upload = Annotated[UploadFile, File(description="An .xlsx without a password, or a .csv in UTF-8 or GBK.")]
DryRun = Annotated[bool, Query(description="Check the file and report what would happen; save nothing.")]


def _xlsx(content: bytes, filename: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"}
    return Response(content, media_type=XLSX, headers=headers)


_XLSX_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}, "description": "A workbook"}
}


@router.post("/areas", responses=problem_responses(409, 413))
def import_areas(
    request: Request,
    call: Annotated[Call, writing(Role.ADMIN, Role.CITY, Role.COUNTY)],
    file: Upload,
    dry_run: DryRun = False,
) -> schemas.ImportReport:
    """Add and rename areas from a table with the columns code, name, level, parent_code (代码, 名称, 级别, 上级代码).
    A file with errors is answered with 200 and the report of them; nothing of it is saved then.
    """
    return read_areas(call, file.file, dry_run=dry_run, language=language_of(request))


@router.post("/roster", responses=problem_responses(409, 413))
def import_roster(
    request: Request, call: Annotated[Call, writing(Role.COUNTY)], file: Upload, dry_run: DryRun = False
) -> schemas.ImportReport:
    """Enter cadres, units and postings from the county office's workbook, and make the cadres' accounts.
    A file with errors is answered with 200 and the report of them; nothing of it is saved then.
    """
    return read_roster(call, file.file, dry_run=dry_run, language=language_of(request))


@router.get("/roster/template", response_class=Response, responses=_XLSX_ANSWER)
def get_roster_template(call: Annotated[Call, reading(Role.COUNTY)]) -> Response:
    """The empty workbook, with instructions and the codes of the county's villages."""
    return _xlsx(build_template(call), "roster-template.xlsx")


@router.post("/roster/activation-sheet", response_class=Response, responses=_XLSX_ANSWER)
def create_activation_sheet(request: Request, call: Annotated[Call, writing(Role.COUNTY)]) -> Response:
    """New one-time codes for the county's cadres who have not activated their accounts; earlier codes are void."""
    return _xlsx(build_activation_sheet(call, request.app.state.settings.activation_days), "activation-codes.xlsx")
