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
from app.web.schemas import file_example

router = APIRouter(prefix="/imports")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Upload = Annotated[
    UploadFile,
    File(
        description="不带密码的 .xlsx，或 UTF-8、GBK 编码的 .csv。An .xlsx without a password or a .csv (UTF-8, GBK)."
    ),
]
DryRun = Annotated[
    bool, Query(description="只检查并报告结果，不保存。Check the file and report what would happen; save nothing.")
]


def _xlsx(content: bytes, filename: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"}
    return Response(content, media_type=XLSX, headers=headers)


_XLSX_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}, "description": "工作簿 A workbook"}
}


@router.post(
    "/areas", summary="导入区划", responses=problem_responses(409, 413), openapi_extra=file_example("区划.csv")
)
def import_areas(
    request: Request,
    call: Annotated[Call, writing(Role.ADMIN, Role.CITY, Role.COUNTY)],
    file: Upload,
    dry_run: DryRun = False,
) -> schemas.ImportReport:
    """从表格新增区划或更改名称，表头为 代码、名称、级别、上级代码（code、name、level、parent_code）。文件有误时答复 200
    并逐项列出，一行也不保存。

    Add and rename areas from a table with the columns code, name, level, parent_code. A file with errors is answered
    with 200 and the report of them; nothing of it is saved then.
    """
    return read_areas(call, file.file, dry_run=dry_run, language=language_of(request))


@router.post(
    "/roster", summary="导入花名册", responses=problem_responses(409, 413), openapi_extra=file_example("花名册.xlsx")
)
def import_roster(
    request: Request, call: Annotated[Call, writing(Role.COUNTY)], file: Upload, dry_run: DryRun = False
) -> schemas.ImportReport:
    """从县办的花名册登记干部、派出单位和派驻，并为干部开设账号。文件有误时答复 200 并逐项列出，一行也不保存。

    Enter cadres, units and postings from the county office's workbook, and make the cadres' accounts. A file with
    errors is answered with 200 and the report of them; nothing of it is saved then.
    """
    return read_roster(call, file.file, dry_run=dry_run, language=language_of(request))


@router.get("/roster/template", summary="下载花名册模板", response_class=Response, responses=_XLSX_ANSWER)
def get_roster_template(call: Annotated[Call, reading(Role.COUNTY)]) -> Response:
    """空白花名册，附填写说明和本县村代码。

    The empty workbook, with instructions and the codes of the county's villages.
    """
    return _xlsx(build_template(call), "roster-template.xlsx")


@router.post("/roster/activation-sheet", summary="生成激活单", response_class=Response, responses=_XLSX_ANSWER)
def create_activation_sheet(request: Request, call: Annotated[Call, writing(Role.COUNTY)]) -> Response:
    """为本县尚未激活账号的干部生成新的一次性激活码，供打印发放；之前的激活码全部作废。

    New one-time codes for the county's cadres who have not activated their accounts; earlier codes are void.
    """
    return _xlsx(build_activation_sheet(call, request.app.state.settings.activation_days), "activation-codes.xlsx")
