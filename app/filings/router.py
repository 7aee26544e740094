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


@router.post("/filings", summary="报送", status_code=201, responses=problem_responses(409))
def create_filing(
    body: schemas.FilingIn, call: Annotated[Call, writing(Role.TOWNSHIP, Role.COUNTY)]
) -> schemas.FilingReceipt:
    """关账后报送：乡镇报日报、月报，县级报周报。

    报送时的表原样封存；无人确认的日子按未确认报送，并在答复中列出。月报报送即锁账：此后只由县级更正，须写原因，
    改动与报送的表并列显示。一期只报一次。

    File a day or a month of the township, or a week of the county, once it has closed.

    The sheet is frozen as the ledger stands; days that nobody has confirmed are filed as unconfirmed and listed in the
    answer. A month is locked by its filing: from then on only the county corrects it, with a reason, and what changes
    is shown beside the filed sheet. A period is filed once.
    """
    return service.file_period(call, body)


@router.get("/filings", summary="查询报送情况")
def list_filings(
    call: OfficeReading,
    paging: Paging,
    area: Annotated[AreaCode | None, Query(description="不填为本区域。Defaults to the viewer's own area.")] = None,
    period: Annotated[
        schemas.PeriodText | None,
        Query(description="YYYY-MM-DD、YYYY-Www 或 YYYY-MM；不填为已报送的全部。Without it: all that was filed."),
    ] = None,
) -> Page[schemas.FilingStatus]:
    """填 `period` 时：应报送的各单位，按区划代码排列，未报的也在其中。不填时：已报送的，新的在前。

    Of a period: every office that owes its filing, by area code, those that have not filed among them. Without a
    period: what has been filed, newest first.
    """
    if period is None:
        items, cursor = standing.list_filed(call, paging, area)
    else:
        items, cursor = standing.list_standing(call, paging, area, service.read_period(period, "/query/period"))
    return Page(items=items, next_cursor=cursor)


@router.get("/filings/{filing_id}", summary="查询一次报送")
def get_filing(filing_id: UUID, call: OfficeReading) -> schemas.FilingDetail:
    """报送时的表及其摘要；此后有变的日期和改动人；锁账后收到、待县级更正的内容。

    The sheet as it was filed, with its digest; the days that read differently now and who changed them; and what came
    after the lock and waits for the county.
    """
    return standing.show_filing(call, filing_id)


@router.post("/outages", summary="申报停电断网", status_code=201, responses=problem_responses(409))
def declare_outage(body: schemas.OutageIn, call: CountyWriting) -> schemas.OutageOut:
    """县级申报无法登记的区域和期间。其间没有依据的日子记为待定，待乡镇确认，已按离岗关账的也在内。
    已报送月份的日子维持原状。

    Declare that nobody could check in. Its days without evidence are pending until the township confirms them, also
    those that had closed as absent. Days of filed months stay as filed.
    """
    return outages.declare_outage(call, body)


@router.get("/outages", summary="查询停电断网")
def list_outages(
    call: OfficeReading,
    paging: Paging,
    area: Annotated[AreaCode | None, Query(description="不填为本区域。Defaults to the viewer's own area.")] = None,
    on: Annotated[Day | None, Query(description="只列当日有效的。Only outages in force on this day.")] = None,
) -> Page[schemas.OutageOut]:
    """涉及某区域的申报，新的在前。

    The outages that touch an area, newest first.
    """
    rows, cursor = paging.fetch(call.session, outages.outages_query(call, area, on), Outage.id, descending=True)
    return Page(items=[outages.present(row) for row in rows], next_cursor=cursor)


@router.post("/outages/{outage_id}/end", summary="结束停电断网", responses=problem_responses(409))
def end_outage(outage_id: UUID, body: schemas.OutageEndIn, call: CountyWriting) -> schemas.OutageOut:
    """提前结束或撤销申报；不再涵盖的日子重新认定。

    Let an outage end earlier, or take it back; the days that it no longer covers are judged again.
    """
    return outages.end_outage(call, outage_id, body)
