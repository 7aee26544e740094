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
NameQuery = Annotated[str | None, Query(min_length=1, max_length=50, description="A part of the name.")]


@router.get("/areas")
def list_areas(
    call: Annotated[Call, reading()],
    paging: Paging,
    parent: AreaQuery = None,
    level: Annotated[schemas.AreaLevel | None, Query()] = None,
) -> Page[schemas.AreaOut]:
    """The areas in the caller's scope and the path above them; with `parent` those directly below it."""
    items, cursor = areas.list_areas(call, paging, parent, level)
    return Page(items=items, next_cursor=cursor)


@router.get("/areas/{code}")
def get_area(call: Annotated[Call, reading()], code: AreaCode) -> schemas.AreaDetail:
    """One area, with its fences for its officers and for those who serve there."""
    return areas.show_area(call, code)


@router.post("/areas", status_code=201, responses=problem_responses(409))
def create_area(call: Annotated[Call, writing(Role.COUNTY)], body: schemas.AreaIn) -> schemas.AreaOut:
    """Add a township or village to the county."""
    return areas.create_area(call, body)


@router.put("/areas/{code}/fence", responses=problem_responses(409))
def put_area_fence(
    call: Annotated[Call, writing(Role.COUNTY)], code: AreaCode, body: schemas.FencesIn
) -> schemas.AreaDetail:
    """Put a village's fences in the place of its earlier ones. Verdicts already given stay."""
    fences.replace_fences(call, code, body)
    return areas.show_area(call, code)


@router.get("/units")
def list_units(
    call: Annotated[Call, reading(*PEOPLE, Role.ADMIN)],
    paging: Paging,
    level: Annotated[schemas.UnitLevel | None, Query()] = None,
    name: NameQuery = None,
) -> Page[schemas.UnitOut]:
    """The dispatch units that may send cadres to the caller's area, or do."""
    items, cursor = units.list_units(call, paging, level, name)
    return Page(items=items, next_cursor=cursor)


@router.post("/units", status_code=201, responses=problem_responses(409))
def create_unit(call: Annotated[Call, writing(Role.COUNTY)], body: schemas.UnitIn) -> schemas.UnitOut:
    """Add a dispatch unit of the county, or of the city or province above it."""
    return units.create_unit(call, body)


@router.get("/cadres")
def list_cadres(
    call: Annotated[Call, reading(*PEOPLE)], paging: Paging, area: AreaQuery = None, name: NameQuery = None
) -> Page[schemas.CadreOut]:
    """The cadres in the caller's scope; with `area` those who are or were posted in it."""
    items, cursor = cadres.list_cadres(call, paging, area, name)
    return Page(items=items, next_cursor=cursor)


@router.post("/cadres", status_code=201, responses=problem_responses(409))
def create_cadre(
    request: Request, call: Annotated[Call, writing(Role.COUNTY)], body: schemas.CadreIn
) -> schemas.NewCadreOut:
    """Enter a cadre and make the account; the activation code is shown this once."""
    return cadres.create_cadre(call, body, request.app.state.settings.activation_days)


@router.patch("/cadres/{cadre_id}", responses=problem_responses(409))
def change_cadre(
    call: Annotated[Call, writing(Role.COUNTY)], cadre_id: UUID, body: schemas.CadrePatch
) -> schemas.CadreOut:
    """Change a cadre's name or phone; the phone is also the login."""
    return cadres.change_cadre(call, cadre_id, body)


@router.get("/postings")
def list_postings(
    call: Annotated[Call, reading(*PEOPLE)],
    paging: Paging,
    area: AreaQuery = None,
    cadre_id: UUID | None = None,
    unit_id: UUID | None = None,
    on: Annotated[Day | None, Query(description="Only the postings that last on this day.")] = None,
) -> Page[schemas.PostingOut]:
    """The postings in the caller's scope."""
    items, cursor = postings.list_postings(call, paging, area=area, cadre_id=cadre_id, unit_id=unit_id, on=on)
    return Page(items=items, next_cursor=cursor)


@router.post("/postings", status_code=201, responses=problem_responses(409))
def create_posting(call: Annotated[Call, writing(Role.COUNTY)], body: schemas.PostingIn) -> schemas.PostingOut:
    """Post a cadre of the county to one of its villages."""
    return postings.create_posting(call, body)


@router.post("/postings/{posting_id}/end", responses=problem_responses(409))
def end_posting(
    call: Annotated[Call, writing(Role.COUNTY)], posting_id: UUID, body: schemas.PostingEndIn
) -> schemas.PostingOut:
    """Set the last day of a posting; the days after it leave the ledger."""
    return postings.end_posting(call, posting_id, body)


@router.get("/teams")
def list_teams(
    call: Annotated[Call, reading(*OFFICERS)],
    paging: Paging,
    area: AreaQuery = None,
    on: Annotated[Day | None, Query(description="Defaults to today.")] = None,
) -> Page[schemas.TeamOut]:
    """Each village's team on a day, with what article 4 has to say of it."""
    items, cursor = teams.list_teams(call, paging, area, on or call.today)
    return Page(items=items, next_cursor=cursor)


router.include_router(imports)
