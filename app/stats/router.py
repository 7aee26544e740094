"""Numbers for dashboards and officers; no names."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from app.access.call import Call, reporting
from app.access.viewer import OFFICERS, Role
from app.errors import language_of, problem_responses
from app.stats import answers, schemas
from app.stats.counting import By
from app.web import csv
from app.web.caching import CACHE_CONTROL, etag_of, not_modified
from app.web.schemas import AreaCode, Day

router = APIRouter(tags=["stats"], responses=problem_responses(401, 403, 404, 422))

Asker = Annotated[Call, reporting(*OFFICERS, Role.DASHBOARD)]
AreaQuery = Annotated[AreaCode | None, Query(description="不填为本区域。Defaults to the caller's own area.")]

CSV_COLUMNS = (
    "period",
    "area_code",
    "area",
    "people",
    "on_post",
    "official",
    "leave",
    "rest",
    "absent",
    "pending",
    "unconfirmed",
    "on_post_rate",
    "starts_on",
    "ends_on",
    "unit_id",
    "unit",
    "suppressed",
)
"""The fields' own names: dashboards read the file by them."""

_ATTENDANCE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
    304: {"description": "未更改 Not modified"},
}


@router.get("/stats/attendance", summary="统计考勤", responses=_ATTENDANCE)
def get_attendance_stats(
    request: Request,
    response: Response,
    call: Asker,
    area: AreaQuery = None,
    first: Annotated[
        Day | None, Query(alias="from", description="不填为 `to` 所在月的 1 日。Defaults to the first of `to`'s month.")
    ] = None,
    last: Annotated[
        Day | None, Query(alias="to", description="含当日，不填为今天。Inclusive; defaults to today.")
    ] = None,
    by: Annotated[
        By,
        Query(description="`area` 为下一级各区划，`unit` 为各派出单位。The areas one level below; the dispatch units."),
    ] = By.DAY,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    envelope: Annotated[
        bool, Query(description="填 false 只返回各行的数组。The bare array of rows where false.")
    ] = True,
) -> schemas.AttendanceStats | list[schemas.AttendanceRow]:
    """按状态统计人日数，一次最多 366 天。数据时间和日历是否推定另见答复头 `X-Data-As-Of`、`X-Calendar-Assumed`，
    供没有 `meta` 的格式使用。

    Person-days by status, at most 366 days at once. The data's time, and whether the calendar is assumed, are also in
    the headers `X-Data-As-Of` and `X-Calendar-Assumed`, for forms without `meta`.
    """
    end = last or call.today
    asking = answers.ask(call, area, first or end.replace(day=1), end, by, language_of(request))
    kept = _kept("attendance", form, envelope, *answers.version_of(call, asking))
    if unchanged := not_modified(request, kept):
        return unchanged  # type: ignore[return-value]
    answer = answers.attendance(call, asking)
    headers = kept | _told(answer.meta)
    if form == "csv":
        return _as_csv(answer.rows, headers)  # type: ignore[return-value]
    response.headers.update(headers)
    return answer if envelope else answer.rows


@router.get("/stats/today", summary="统计今日", responses={304: {"description": "未更改 Not modified"}})
def get_today_stats(request: Request, response: Response, call: Asker, area: AreaQuery = None) -> schemas.TodayStats:
    """截至目前的今日情况，和昨日待确认的数目。

    The day so far, and what of yesterday waits to be confirmed.
    """
    asking = answers.ask_today(call, area, language_of(request))
    kept = _kept("today", *answers.version_of(call, asking))
    if unchanged := not_modified(request, kept):
        return unchanged  # type: ignore[return-value]
    answer = answers.today(call, asking)
    response.headers.update(kept | _told(answer.meta))
    return answer


@router.get("/stats/recall-flags", summary="统计召回预警", responses={304: {"description": "未更改 Not modified"}})
def get_recall_flag_stats(
    request: Request, response: Response, call: Asker, area: AreaQuery = None
) -> schemas.FlagStats:
    """按情形和状态统计召回预警。

    How many flags there are, by ground and state.
    """
    asking = answers.ask_flags(call, area, language_of(request))
    counted = answers.flag_counts(call, asking)
    kept = _kept("flags", counted, *answers.version_of(call, asking))
    if unchanged := not_modified(request, kept):
        return unchanged  # type: ignore[return-value]
    answer = answers.flags(call, asking, counted)
    response.headers.update(kept | _told(answer.meta))
    return answer


def _kept(*parts: object) -> dict[str, str]:
    """By what a cache keeps the answer that depends on these."""
    return {"ETag": etag_of(*parts), "Cache-Control": CACHE_CONTROL, "Vary": "Accept-Language"}


def _told(meta: schemas.Meta) -> dict[str, str]:
    return {
        "X-Data-As-Of": meta.as_of.isoformat(),
        "X-Calendar-Assumed": str(meta.calendar_assumed).lower(),
    }


def _as_csv(rows: Sequence[schemas.AttendanceRow], headers: dict[str, str]) -> Response:
    lines = csv.lines(CSV_COLUMNS, ([_plain(getattr(row, name)) for name in CSV_COLUMNS] for row in rows))
    disposition = {"Content-Disposition": 'attachment; filename="attendance.csv"'}
    return Response("".join(lines), media_type=csv.MEDIA_TYPE, headers=headers | disposition)


def _plain(value: object) -> object:
    """A program reads true and false."""
    return str(value).lower() if isinstance(value, bool) else value
