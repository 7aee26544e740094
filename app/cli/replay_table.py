"""A replay as a table for people."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from unicodedata import east_asian_width

from app.policy.attendance import LABELS_ZH
from app.policy.days import runs_of
from app.policy.leave import Office
from app.policy.recall import STATE_LABELS_ZH
from app.replay.report import DayChange, FlagChange, Peak, Proposed, Report, RouteChange

_OFFICES = {Office.TOWNSHIP: "乡镇", Office.COUNTY: "县级办公室", Office.CITY: "市级办公室", Office.UNIT: "派出单位"}
_GROUNDS = {"absence_consecutive": "连续离岗", "absence_cumulative": "一年内累计离岗"}


def table(report: Report) -> str:
    """The whole report, in Chinese."""
    lines = [f"回放 {report.area} {report.first} 至 {report.last}，{report.people} 人。未写入任何数据。", ""]
    lines += [_proposed(item) for item in report.proposed]
    lines += ["", *_section("状态会变化", f"{len(report.days)} 人日", _day_rows(report.days))]
    lines += ["", *_section("预警和召回情形会变化", f"{len(report.flags)} 项", _flag_rows(report.flags))]
    lines += ["", *_section("请假审批会变化", f"{len(report.routes)} 件", _route_rows(report.routes))]
    return "\n".join(lines)


def _proposed(item: Proposed) -> str:
    provision = item.provision
    beyond = f"，批准文号 {provision.approval_document}" if provision.approval_document else ""
    unseen = "" if item.replayed else "；不影响状态、预警和审批层级，未回放"
    return (
        f"拟议  {provision.key} = {_value(provision.value)}（现行 {_value(item.current)}），"
        f"{provision.area_code}，自 {provision.in_force_from} 起{beyond}{unseen}"
    )


def _value(value: object) -> str:
    if isinstance(value, list):
        return "、".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _section(title: str, size: str, rows: Sequence[Sequence[str]]) -> list[str]:
    if len(rows) == 1:
        return [f"{title}：无"]
    return [f"{title}：{size}", *_aligned(rows)]


def _day_rows(changes: Sequence[DayChange]) -> list[Sequence[str]]:
    """A row a person and kind of change, with its days."""
    rows: list[Sequence[str]] = [("村", "姓名", "现行", "拟议", "天数", "日期")]

    def kind(change: DayChange) -> tuple[str, str, str, str]:
        return (change.person.village_code, change.person.posting_id, change.before.value, change.after.value)

    for _, same in groupby(sorted(changes, key=kind), key=kind):
        group = list(same)
        first, days = group[0], [change.date for change in group]
        before, after = LABELS_ZH[first.before], LABELS_ZH[first.after]
        rows.append((first.person.village, first.person.name, before, after, str(len(days)), "、".join(_spans(days))))
    return rows


def _spans(days: Iterable[date]) -> Iterator[str]:
    """Days, in order, with unbroken ones drawn together."""
    return (f"{first}" if first == last else f"{first}～{last}" for first, last in runs_of(days))


def _flag_rows(changes: Sequence[FlagChange]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [("村", "姓名", "情形", "现行", "拟议", "在案")]
    for change in changes:
        standing = STATE_LABELS_ZH[change.standing] if change.standing else "—"
        names = (change.person.village, change.person.name, _GROUNDS[change.ground])
        rows.append((*names, _peak(change.before), _peak(change.after), standing))
    return rows


def _peak(peak: Peak) -> str:
    return "—" if peak.state is None else f"{STATE_LABELS_ZH[peak.state]}（{peak.since}，{peak.days} 天）"


def _route_rows(changes: Sequence[RouteChange]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [("村", "姓名", "假期", "计算天数", "现行", "拟议")]
    for change in changes:
        days = str(change.before_days)
        if change.after_days != change.before_days:
            days += f" → {change.after_days}"
        span = f"{change.first}～{change.last}"
        names = (change.person.village, change.person.name)
        rows.append((*names, span, days, _offices(change.before), _offices(change.after)))
    return rows


def _offices(offices: Iterable[Office]) -> str:
    return "＋".join(_OFFICES[office] for office in offices)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    """In columns of a terminal, where a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WFA" else 1 for character in text)
