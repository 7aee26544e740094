"""Chinese and English sentences for the faults that pydantic and the framework find."""

import re
from collections.abc import Mapping
from typing import Any

HTTP_TEXTS = {
    400: ("bad_request", "请求格式有误。", "The request is malformed."),
    405: ("method_not_allowed", "该地址不支持此方法。", "This address does not support the method."),
    406: ("not_acceptable", "无法按所要求的格式返回。", "The wanted format is not available."),
    413: ("too_large", "内容过大。", "The content is too large."),
    415: ("unsupported_media_type", "不支持的内容类型。", "Unsupported content type."),
}

_TEXTS: dict[str, tuple[str, str]] = {
    "missing": ("此项必填", "required"),
    "extra_forbidden": ("没有此字段", "unknown field"),
    "json_invalid": ("不是有效的 JSON", "not valid JSON"),
    "string_too_short": ("至少 {min_length} 个字符", "at least {min_length} characters"),
    "string_too_long": ("最多 {max_length} 个字符", "at most {max_length} characters"),
    "string_pattern_mismatch": ("格式不符", "wrong format"),
    "string_type": ("应为文本", "must be text"),
    "too_short": ("至少 {min_length} 项", "at least {min_length} items"),
    "too_long": ("最多 {max_length} 项", "at most {max_length} items"),
    "greater_than": ("应大于 {gt}", "must be greater than {gt}"),
    "greater_than_equal": ("应不小于 {ge}", "must be at least {ge}"),
    "less_than": ("应小于 {lt}", "must be less than {lt}"),
    "less_than_equal": ("应不大于 {le}", "must be at most {le}"),
    "finite_number": ("应为有限的数", "must be a finite number"),
    "timezone_aware": ("时间须带时区偏移，如 +08:00", "the time needs an offset such as +08:00"),
    "enum": ("应为下列之一：{expected_zh}", "must be one of {expected}"),
    "literal_error": ("应为下列之一：{expected_zh}", "must be one of {expected}"),
    "bool_parsing": ("应为 true 或 false", "must be true or false"),
    "bool_type": ("应为 true 或 false", "must be true or false"),
}

_FAMILIES = (
    ("uuid", ("应为 UUID", "must be a UUID")),
    (
        "datetime",
        (
            "应为 RFC 3339 时间，如 2026-11-23T08:05:00+08:00",
            "must be an RFC 3339 time such as 2026-11-23T08:05:00+08:00",
        ),
    ),
    ("date", ("应为日期，如 2026-11-23", "must be a date such as 2026-11-23")),
    ("int", ("应为整数", "must be a whole number")),
    ("float", ("应为数字", "must be a number")),
    ("list", ("应为列表", "must be a list")),
    ("dict", ("应为对象", "must be an object")),
    ("model", ("应为对象", "must be an object")),
)

_OTHERWISE = ("内容无效", "not valid")


def describe_validation(error: Mapping[str, Any]) -> tuple[str, str, str]:
    """(code, Chinese, English) of one pydantic error. A validator of ours may carry `zh` and `en` in its context."""
    kind = str(error["type"])
    context = error.get("ctx") or {}
    if "zh" in context:
        return kind, str(context["zh"]), str(context["en"])
    texts = _TEXTS.get(kind) or next((text for start, text in _FAMILIES if kind.startswith(start)), _OTHERWISE)
    safe = {key: value for key, value in context.items() if isinstance(value, (int, float, str))}
    if "expected" in safe:
        safe["expected_zh"] = _listed(str(safe["expected"]))
    return kind, *_fill(texts, safe)


def _listed(expected: str) -> str:
    """Pydantic's `'a', 'b' or 'c'` in Chinese."""
    values = [value.strip("'") for value in re.split(", | or ", expected)]
    return " 或 ".join(filter(None, ("、".join(values[:-1]), values[-1])))


def _fill(texts: tuple[str, str], context: Mapping[str, object]) -> tuple[str, str]:
    """The sentence in both languages; a general one where something is missing that it tells of."""
    chinese, english = texts
    try:
        return chinese.format(**context), english.format(**context)
    except KeyError:
        return _OTHERWISE
