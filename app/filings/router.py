"""报送与停电断网申报 over HTTP (第八条)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.access.call import Call, reading, writing
from app.access.viewer import Role
from app.errors import problem_responses
from app.filings import outages, schemas, service, standing
from app.models import Outage
from app.web.paging import Paging
from app.web.schemas import AreaCode, Day, Page

router = APIRouter(tags=["filings"], responses=problem_responses(401, 403, 404, 422))

OfficeReading = Annotated[Call, reading(Role.TOWNSHIP, Role.COUNTY, Role.CITY)]
CountyWriting = Annotated[Call, writing(Role.COUNTY)]


@router.post("/filings", status_code=201, responses=problem_responses(409))
def create_filing(
    body: schemas.FilingIn, call: Annotated[Call, writing(Role.TOWNSHIP, Role.COUNTY)]
) -> schemas.FilingReceipt:
    """File a day or a month of the township, or a week of the county, once it has closed.

    The sheet is frozen as the ledger stands; days that nobody has confirmed are filed as unconfirmed and listed in the
    answer. A month is locked by its filing: from then on only the county corrects it, with a reason, and what changes
    is shown beside the filed sheet. A period is filed once.
    """
    return service.file_period(call, body)


@router.get("/filings")
def list_filings(
    call: OfficeReading,
    paging: Paging,
    area: Annotated[AreaCode | None, Query(description="Defaults to the viewer's own area.")] = None,
    period: Annotated[
        schemas.PeriodText | None, Query(description="YYYY-MM-DD, YYYY-Www or YYYY-MM; without it: all that was filed.")
    ] = None,
) -> Page[schemas.FilingStatus]:
    """Of a period: every office that owes its filing, by area code, those that have not filed among them. Without a
    period: what has been filed, newest first.
    """
    if period is None:
        items, cursor = standing.list_filed(call, paging, area)
    else:
        items, cursor = standing.list_standing(call, paging, area, service.read_period(period, "/query/period"))
    return Page(items=items, next_cursor=cursor)


@router.get("/filings/{filing_id}")
def get_filing(filing_id: UUID, call: OfficeReading) -> schemas.FilingDetail:
    """The sheet as it was filed, with its digest; the days that read differently now and who changed them; and what
    came after the lock and waits for the county.
    """
    return standing.show_filing(call, filing_id)


@router.post("/outages", status_code=201, responses=problem_responses(409))
def declare_outage(body: schemas.OutageIn, call: CountyWriting) -> schemas.OutageOut:
    """Declare that nobody could check in. Its days without evidence are 待定 until the township confirms them, also
    those that had closed as 离岗. Days of filed months stay as filed.
    """
    return outages.declare_outage(call, body)


@router.get("/outages")
def list_outages(
    call: OfficeReading,
    paging: Paging,
    area: Annotated[AreaCode | None, Query(description="Defaults to the viewer's own area.")] = None,
    on: Annotated[Day | None, Query(description="Only outages in force on this day.")] = None,
) -> Page[schemas.OutageOut]:
    """The outages that touch an area, newest first."""
    rows, cursor = paging.fetch(call.session, outages.outages_query(call, area, on), Outage.id, descending=True)
    return Page(items=[outages.present(row) for row in rows], next_cursor=cursor)


@router.post("/outages/{outage_id}/end", responses=problem_responses(409))
def end_outage(outage_id: UUID, body: schemas.OutageEndIn, call: CountyWriting) -> schemas.OutageOut:
    """Let an outage end earlier, or take it back; the days that it no longer covers are judged again."""
    return outages.end_outage(call, outage_id, body)
