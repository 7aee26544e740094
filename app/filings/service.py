"""日报, 周报, 月报: filing freezes the sheet; a monthly one locks the month."""

from sqlalchemy import select

from app.access import scope
from app.access.areas import county_of
from app.access.call import Call
from app.access.viewer import Role
from app.attendance.heads import take_heads
from app.attendance.law import load_provisions
from app.attendance.schemas import Actor
from app.clock import SHANGHAI
from app.errors import Conflict, Forbidden, NotFound, Unprocessable
from app.filings import schemas
from app.filings.sheet import build_sheet, digest
from app.filings.standing import filing_out, times_of
from app.ids import new_id
from app.models import Account, Area, Filing
from app.policy.filing import FILED_BY, FilingKind, NotAPeriod, Period, judge_filing, parse_period

_OFFICE_OF = {Role.TOWNSHIP: "township", Role.COUNTY: "county"}


def read_period(text: str, pointer: str) -> Period:
    try:
        return parse_period(text)
    except NotAPeriod as error:
        raise Unprocessable.field(
            pointer,
            "invalid_period",
            "应为日期（2026-11-23）、ISO 周（2026-W48）或月份（2026-11），且在 2000 至 2100 年之间",
            "must be a day (2026-11-23), an ISO week (2026-W48) or a month (2026-11) of the years 2000 to 2100",
        ) from error


def file_period(call: Call, body: schemas.FilingIn) -> schemas.FilingReceipt:
    """File a period that has closed. Unconfirmed days are filed as unconfirmed, and listed; so are people without an
    evaluation. A period is filed once: what is corrected afterwards shows as a difference from the filed sheet.
    """
    period = read_period(body.period, "/period")
    area = scope.find_area(call.session, call.viewer, body.area_code)
    _require_own(call, area, period)
    _take_closed_days(call, area, period)
    _refuse_second(call, area, period)
    sheet = build_sheet(call, area, period)
    if not sheet.rows:
        raise Conflict("nothing_to_file", "该期内没有派驻人员，无需报送。", "Nobody was posted there in the period.")
    _evaluate(sheet, body, period)
    sheet.remark = body.remark
    filing = _freeze(call, area, period, sheet)
    return _receipt(call, filing, sheet, period)


def _require_own(call: Call, area: Area, period: Period) -> None:
    if _OFFICE_OF[call.viewer.role] != FILED_BY[period.kind]:
        raise Forbidden(
            "not_your_filing",
            "日报、月报由乡镇报送，周报由县级报送。",
            "Daily and monthly filings are the township's, weekly ones the county's.",
        )
    if area.code != call.viewer.area_code:
        raise Unprocessable.field(
            "/area_code", "not_your_area", "应为本乡镇（周报为本县）的区划代码", "must be your own township or county"
        )


def _take_closed_days(call: Call, area: Area, period: Period) -> None:
    """Take every day of the period until the commit, so that nobody's write comes between the sheet and its lock."""
    if period.last >= call.today:
        raise _not_closed()
    county = county_of(area.code)
    closed = take_heads(call.session, [(county, day) for day in period.days])
    if closed[county, period.last] is None:
        raise _not_closed()


def _not_closed() -> Conflict:
    return Conflict(
        "not_closed",
        "该期的最后一天尚未关闭，关闭后（次日凌晨）方可报送；启用本系统以前的日期不报送。",
        "The period's last day has not been closed; it can be filed once it is. Days before the service began are not"
        " filed.",
    )


def _refuse_second(call: Call, area: Area, period: Period) -> None:
    query = select(Filing.filed_at, Account.name).join(Account, Account.id == Filing.filed_by)
    earlier = call.session.execute(query.where(Filing.area_code == area.code, Filing.period == period.text)).first()
    if earlier is not None:
        at = f"{earlier.filed_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        raise Conflict(
            "already_filed",
            f"{earlier.name} 已于 {at} 报送该期，不能重复报送；此后的更正由台账记录，并在报送件中列明。",
            f"{earlier.name} filed this period at {at}; later corrections are shown beside what was filed.",
        )


def _evaluate(sheet: schemas.FiledSheet, body: schemas.FilingIn, period: Period) -> None:
    if body.evaluations and period.kind is not FilingKind.MONTHLY:
        raise Unprocessable.field(
            "/evaluations", "monthly_only", "评价随月报报送", "evaluations come with the monthly filing"
        )
    rows = {row.posting_id: row for row in sheet.rows}
    for number, given in enumerate(body.evaluations):
        row = rows.get(given.posting_id)
        if row is None:
            raise NotFound
        if row.evaluation is not None:
            pointer = f"/evaluations/{number}/posting_id"
            raise Unprocessable.field(pointer, "duplicate_item", "同一派驻重复出现", "a posting occurs twice")
        row.evaluation = schemas.Evaluation(
            grade=given.grade, grade_label=schemas.GRADES_ZH[given.grade], remark=given.remark
        )


def _freeze(call: Call, area: Area, period: Period, sheet: schemas.FiledSheet) -> Filing:
    frozen = sheet.model_dump(mode="json")
    filing = Filing(
        id=new_id(),
        county_code=county_of(area.code),
        area_code=area.code,
        kind=period.kind.value,
        period=period.text,
        sheet=frozen,
        sheet_sha256=digest(frozen),
        filed_by=call.viewer.account_id,
        filed_at=call.now,
    )
    call.session.add(filing)
    call.session.flush()
    call.audit(
        chain=filing.county_code,
        action="period.filed",
        target=str(filing.id),
        area_code=area.code,
        period=period.text,
        sheet_sha256=filing.sheet_sha256,
    )
    return filing


def _receipt(call: Call, filing: Filing, sheet: schemas.FiledSheet, period: Period) -> schemas.FilingReceipt:
    by = Actor(id=call.viewer.account_id, name=call.viewer.name, role=call.viewer.role.value)
    times = times_of(load_provisions(call.session), filing.area_code, period)
    state = judge_filing(times, filing.filed_at, call.now).verdict
    monthly = period.kind is FilingKind.MONTHLY
    return schemas.FilingReceipt(
        **filing_out(filing, by).model_dump(),
        state=state,
        state_label=schemas.STATE_LABELS_ZH[state],
        due_at=times.due_at,
        people=sheet.people,
        numbers=sheet.numbers,
        unconfirmed=[
            schemas.UnconfirmedDay(posting_id=row.posting_id, name=row.name, date=day.date, status=day.status)
            for row in sheet.rows
            for day in row.days
            if not day.confirmed
        ],
        not_evaluated=[row.posting_id for row in sheet.rows if monthly and row.evaluation is None],
    )
