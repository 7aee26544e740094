"""Which provisions a county may make of its own, and the form in which they are proposed.

A county settles what the text leaves open and tightens what the text says. Beyond that it needs a superior's approval
with a document number. How the service itself works (`fixed`) nobody provides otherwise: a value that nothing follows
would be a law on paper.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any

from app.policy.areas import area_prefix
from app.policy.provisions import Provision, Provisions, UnknownProvision, agrees

_COUNTY_DIGITS = 6

_ORDERED = (("leave.township_days", "leave.county_days"),)
"""Keys whose values may not pass each other: a lower tier never reaches beyond the next one."""


class Refused(ValueError):
    """A provision that nobody may make. `code` is stable; `field` is what of it is at fault; `zh` and `en` say why."""

    def __init__(self, code: str, zh: str, en: str, field: str = "value") -> None:
        super().__init__(en)
        self.code = code
        self.field = field
        self.zh = zh
        self.en = en


def check_local(candidate: Provision, law: Provisions) -> None:
    """Whether an area may have this provision beside `law`, the text and all local provisions. Raises Refused."""
    text = _text_of(candidate, law)
    bounds = text.bounds or {}
    if bounds.get("fixed"):
        raise Refused("fixed", "这一条目是系统的工作方式，不能另作规定", "this is how the service works", "key")
    _check_area(candidate, bounds)
    _check_type(candidate.value, text.value)
    _check_bounds(candidate.value, bounds)
    if not agrees(candidate, text):
        raise Refused(
            "contradicts_text",
            f"与{text.article}相抵触：本地规定只能从严；确经上级批准的，请注明批准文号",
            f"contradicts {text.article}: a county may only tighten it; or name the approval's document number",
        )
    _check_order(candidate, law.adding([candidate]))


def _text_of(candidate: Provision, law: Provisions) -> Provision:
    if candidate.key not in law:
        raise Refused("unknown_key", "没有这一条目，可用条目见 GET /provisions", "there is no such provision", "key")
    try:
        return law.in_force(candidate.key, candidate.in_force_from, None)
    except UnknownProvision:
        first = min(item.in_force_from for item in law.of_key(candidate.key))
        raise Refused(
            "before_text",
            f"施行日期不能早于 {first}（办法施行之日）",
            f"the text itself is in force from {first} only",
            "in_force_from",
        ) from None


def _check_area(candidate: Provision, bounds: Mapping[str, Any]) -> None:
    if bounds.get("county_wide") and candidate.area_code and len(area_prefix(candidate.area_code)) > _COUNTY_DIGITS:
        raise Refused(
            "county_wide",
            "这一条目只能由全县统一规定，不能只规定到乡或村",
            "it holds for whole counties, not for a township or village",
            "area_code",
        )


def _check_type(value: object, theirs: object) -> None:
    if isinstance(theirs, bool):
        fits, zh, en = isinstance(value, bool), "true 或 false", "true or false"
    elif isinstance(theirs, int):
        fits, zh, en = type(value) is int, "整数", "a whole number"
    elif isinstance(theirs, float):
        fits, zh, en = type(value) in {int, float} and isfinite(value), "数字", "a number"  # type: ignore[arg-type]
    elif isinstance(theirs, list):
        fits, zh, en = isinstance(value, list) and all(isinstance(item, str) for item in value), "文本列表", "texts"
    else:
        fits, zh, en = isinstance(value, str), "文本", "text"
    if not fits:
        raise Refused("wrong_type", f"取值应为{zh}", f"the value must be {en}")


def _check_bounds(value: Any, bounds: Mapping[str, Any]) -> None:
    least, most = bounds.get("min"), bounds.get("max")
    if (least is not None and value < least) or (most is not None and value > most):
        raise Refused("out_of_range", f"取值应在 {least} 至 {most} 之间", f"the value must be {least} to {most}")
    if "one_of" in bounds and value not in bounds["one_of"]:
        options = "、".join(bounds["one_of"])
        raise Refused("out_of_range", f"取值应为下列之一：{options}", f"the value must be one of {options}")
    if "items" in bounds and (not value or len(set(value)) < len(value) or not set(value) <= set(bounds["items"])):
        options = "、".join(bounds["items"])
        raise Refused(
            "out_of_range", f"应列出下列中的一项或几项，不重复：{options}", f"one or more of {options}, each once"
        )
    if "pattern" in bounds and not re.fullmatch(bounds["pattern"], value):
        raise Refused("out_of_range", "取值的格式不符，应如 00:30", "the value has another form, such as 00:30")


def _check_order(candidate: Provision, law: Provisions) -> None:
    for lower, upper in _ORDERED:
        if candidate.key not in {lower, upper}:
            continue
        both = (*law.of_key(lower), *law.of_key(upper))
        days = {item.in_force_from for item in both if item.in_force_from >= candidate.in_force_from}
        for day in days:
            for area in _areas_within(candidate.area_code, both):
                if law.value(lower, day, area) > law.value(upper, day, area):
                    raise Refused(
                        "out_of_order",
                        f"{day} 起 {lower} 将大于 {upper}，请先修改另一条目",
                        f"from {day} on {lower} would exceed {upper}; provide the other one first",
                    )


def _areas_within(outer: str | None, provisions: Iterable[Provision]) -> set[str | None]:
    prefix = area_prefix(outer) if outer else ""
    inner = {item.area_code for item in provisions if item.area_code and item.area_code.startswith(prefix)}
    return {outer, *inner}


# ------------------------------------------------------------------ proposals


class BadProposal(ValueError):
    """A file that holds no proposal that could be made. One sentence each."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


_FIELDS: Mapping[str, tuple[type, str]] = {
    "key": (str, "文本"),
    "from": (date, "日期，如 2027-01-01（不加引号）"),
    "area_code": (str, "12 位区划代码"),
    "article": (str, "文本"),
    "quote": (str, "文本"),
    "reading": (str, "文本"),
    "approval_document": (str, "文本"),
}


def parse_proposal(text: str, area_code: str, first: date, last: date, law: Provisions) -> tuple[Provision, ...]:
    """The provisions of a file, for `area_code` where they name no area inside it, checked as if they were made.

    What is proposed is judged on the days from `first` to `last`: a provision without `from`, or from after `last`,
    counts from `first` on; an earlier date is kept. Raises BadProposal.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadProposal(f"文件不是有效的 TOML：{error}。", f"The file is not valid TOML: {error}.") from None
    entries = raw.get("provision")
    if set(raw) != {"provision"} or not isinstance(entries, list) or not entries:
        raise BadProposal(
            "文件应由一个或多个 [[provision]] 组成，各有 key 和 value。",
            "The file must consist of [[provision]] tables, each with key and value.",
        )
    proposed: list[Provision] = []
    for number, entry in enumerate(entries, start=1):
        proposed.append(_proposed(number, entry, area_code, first, last))
    return _checked(proposed, law)


def _proposed(number: int, entry: object, area_code: str, first: date, last: date) -> Provision:
    if not isinstance(entry, Mapping) or not {"key", "value"} <= entry.keys():
        raise BadProposal(f"第 {number} 条缺少 key 或 value。", f"Provision {number} lacks key or value.")
    for name, value in entry.items():
        if name == "value":
            continue
        if name not in _FIELDS:
            known = "、".join(("value", *_FIELDS))
            raise BadProposal(
                f"第 {number} 条含有不认识的字段，可用字段：{known}。",
                f"Provision {number} has an unknown field; known ones: {known}.",
            )
        wanted, zh = _FIELDS[name]
        if not isinstance(value, wanted) or isinstance(value, datetime):
            raise BadProposal(f"第 {number} 条的 {name} 应为{zh}。", f"{name} of provision {number} has a wrong type.")
    own = entry.get("area_code", area_code)
    if not re.fullmatch("[0-9]{12}", own) or not own.startswith(area_prefix(area_code)):
        raise BadProposal(
            f"第 {number} 条的 area_code 应为 {area_code} 或其下的区划。",
            f"area_code of provision {number} must be {area_code} or an area inside it.",
        )
    start = entry.get("from", first)
    return Provision(
        key=entry["key"],
        value=entry["value"],
        in_force_from=start if start <= last else first,
        article=entry.get("article"),
        quote=entry.get("quote"),
        reading=entry.get("reading"),
        area_code=own,
        approval_document=entry.get("approval_document") or None,
    )


def _checked(proposed: list[Provision], law: Provisions) -> tuple[Provision, ...]:
    names = [(item.key, item.area_code, item.in_force_from) for item in proposed]
    if len(set(names)) < len(names):
        raise BadProposal("同一条目对同一区划和日期出现了两次。", "A key occurs twice for one area and date.")
    for number, item in enumerate(proposed, start=1):
        # Beside all the others: two of them may only make sense together.
        others = law.adding(other for other in proposed if other is not item and other.key in law)
        try:
            check_local(item, others)
        except Refused as refused:
            raise BadProposal(
                f"第 {number} 条（{_shown(item.key)}）不成立：{refused.zh}。",
                f"Provision {number} ({_shown(item.key)}) can't be made: {refused.en}.",
            ) from None
    return tuple(proposed)


def _shown(key: str) -> str:
    return key if len(key) <= 60 and key.isprintable() else "?"
