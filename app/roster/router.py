"""Areas, fences, units, cadres, postings and teams over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from app.access.call import Call, reading, writing
from app.access.viewer import OFFICERS, Role
from app.errors import problem_responses
from app.roster import areas, cadres, fences, postings, schemas, teams, units
from app.roster.imports_router import router as imports
from app.web.paging import Paging
from app.web.schemas import AreaCode, Day, Page

router = APIRouter(tags=["roster"], responses=problem_responses(401, 403, 404, 422))

PEOPLE = (*OFFICERS, Role.CADRE)

AreaQuery = Annotated[AreaCode | None, Query()]
NameQuery = Annotated[
    str | None, Query(min_length=1, max_length=50, description="名称或姓名的一部分。A part of the name.")
]


@router.get("/areas", summary="查询区划")
def list_areas(
    call: Annotated[Call, reading()],
    paging: Paging,
    parent: AreaQuery = None,
    level: Annotated[schemas.AreaLevel | None, Query()] = None,
) -> Page[schemas.AreaOut]:
    """可见范围内的区划及其各上级；填 `parent` 时只列其直接下级。

    The areas in the caller's scope and the path above them; with `parent` those directly below it.
    """
    items, cursor = areas.list_areas(call, paging, parent, level)
    return Page(items=items, next_cursor=cursor)


@router.get("/areas/{code}", summary="查询一个区划")
def get_area(call: Annotated[Call, reading()], code: AreaCode) -> schemas.AreaDetail:
    """一个区划及其各上级；该区域的工作人员、现在该村派驻的干部及其派出单位，另见电子围栏。

    One area and those above it, with its fences for its officers, for those who serve there and for their units.
    """
    return areas.show_area(call, code)


@router.post("/areas", summary="新增区划", status_code=201, responses=problem_responses(409))
def create_area(call: Annotated[Call, writing(Role.COUNTY)], body: schemas.AreaIn) -> schemas.AreaOut:
    """在本县新增乡镇或村。

    Add a township or village to the county.
    """
    return areas.create_area(call, body)


@router.put("/areas/{code}/fence", summary="设置电子围栏", responses=problem_responses(409))
def put_area_fence(
    call: Annotated[Call, writing(Role.COUNTY)], code: AreaCode, body: schemas.FencesIn
) -> schemas.AreaDetail:
    """设置村的电子围栏，替换原有的全部围栏。已作出的判定不变。

    Put a village's fences in the place of its earlier ones. Verdicts already given stay.
    """
    fences.replace_fences(call, code, body)
    return areas.show_area(call, code)


@router.get("/units", summary="查询派出单位")
def list_units(
    call: Annotated[Call, reading(*PEOPLE, Role.ADMIN)],
    paging: Paging,
    level: Annotated[schemas.UnitLevel | None, Query()] = None,
    name: NameQuery = None,
) -> Page[schemas.UnitOut]:
    """可以向本区域派出、或已经派出干部的单位。

    The dispatch units that may send cadres to the caller's area, or do.
    """
    items, cursor = units.list_units(call, paging, level, name)
    return Page(items=items, next_cursor=cursor)


@router.post("/units", summary="新增派出单位", status_code=201, responses=problem_responses(409))
def create_unit(call: Annotated[Call, writing(Role.COUNTY)], body: schemas.UnitIn) -> schemas.UnitOut:
    """新增本县的派出单位，或所属市、省的派出单位。

    Add a dispatch unit of the county, or of the city or province above it.
    """
    return units.create_unit(call, body)


@router.get("/cadres", summary="查询驻村干部")
def list_cadres(
    call: Annotated[Call, reading(*PEOPLE)], paging: Paging, area: AreaQuery = None, name: NameQuery = None
) -> Page[schemas.CadreOut]:
    """可见范围内的驻村干部；填 `area` 时为现在或曾经派驻在该区域的。

    The cadres in the caller's scope; with `area` those who are or were posted in it.
    """
    items, cursor = cadres.list_cadres(call, paging, area, name)
    return Page(items=items, next_cursor=cursor)


@router.post("/cadres", summary="登记驻村干部", status_code=201, responses=problem_responses(409))
def create_cadre(
    request: Request, call: Annotated[Call, writing(Role.COUNTY)], body: schemas.CadreIn
) -> schemas.NewCadreOut:
    """登记驻村干部并开设账号；激活码只在此显示一次。

    Enter a cadre and make the account; the activation code is shown this once.
    """
    return cadres.create_cadre(call, body, request.app.state.settings.activation_days)


@router.patch("/cadres/{cadre_id}", summary="更改驻村干部", responses=problem_responses(409))
def change_cadre(
    call: Annotated[Call, writing(Role.COUNTY)], cadre_id: UUID, body: schemas.CadrePatch
) -> schemas.CadreOut:
    """更改姓名或手机号；手机号同时是登录名。

    Change a cadre's name or phone; the phone is also the login.
    """
    return cadres.change_cadre(call, cadre_id, body)


@router.get("/postings", summary="查询派驻")
def list_postings(
    call: Annotated[Call, reading(*PEOPLE)],
    paging: Paging,
    area: AreaQuery = None,
    cadre_id: UUID | None = None,
    unit_id: UUID | None = None,
    on: Annotated[
        Day | None, Query(description="只列当日在派驻期内的。Only the postings that last on this day.")
    ] = None,
) -> Page[schemas.PostingOut]:
    """可见范围内的派驻，可按区域、干部、单位、日期筛选。

    The postings in the caller's scope, by area, cadre, unit and day.
    """
    items, cursor = postings.list_postings(call, paging, area=area, cadre_id=cadre_id, unit_id=unit_id, on=on)
    return Page(items=items, next_cursor=cursor)


@router.post("/postings", summary="登记派驻", status_code=201, responses=problem_responses(409))
def create_posting(call: Annotated[Call, writing(Role.COUNTY)], body: schemas.PostingIn) -> schemas.PostingOut:
    """把本县名册中的干部派驻到本县的村。

    Post a cadre of the county's roster to one of its villages.
    """
    return postings.create_posting(call, body)


@router.post("/postings/{posting_id}/end", summary="结束派驻", responses=problem_responses(409))
def end_posting(
    call: Annotated[Call, writing(Role.COUNTY)], posting_id: UUID, body: schemas.PostingEndIn
) -> schemas.PostingOut:
    """设定派驻的最后一天；此后各日不再计入台账。填错的可以再次更改，因召回或调整结束的除外。

    Set the last day of a posting; the days after it leave the ledger. A mistaken end is set right in the same way,
    unless a recall or reassignment ended the posting.
    """
    return postings.end_posting(call, posting_id, body)


@router.get("/teams", summary="查询驻村工作队")
def list_teams(
    call: Annotated[Call, reading(*OFFICERS)],
    paging: Paging,
    area: AreaQuery = None,
    on: Annotated[Day | None, Query(description="不填为今天。Defaults to today.")] = None,
) -> Page[schemas.TeamOut]:
    """某日各村的工作队，并按第四条提示人数不足、层级重复。

    Each village's team on a day, with what article 4 has to say of it.
    """
    items, cursor = teams.list_teams(call, paging, area, on or call.today)
    return Page(items=items, next_cursor=cursor)


router.include_router(imports)
