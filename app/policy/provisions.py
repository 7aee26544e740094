"""Law as dated data: which provision is in force on a day, for an area.

A number that has no article is a local setting; it is never shown as if it were policy. Amending means adding a
provision with a later date, so a past day is always judged by what was in force on it.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from app.policy.areas import area_prefix
from app.policy.judgment import Basis


class Kind(StrEnum):
    TEXT = "text"
    """The article says it."""
    READING = "reading"
    """The article is silent or ambiguous; the reading says how it is taken."""
    LOCAL = "local"
    """A setting without an article."""


class UnknownProvision(KeyError):
    """No such key, or none in force yet on the day."""


class ContradictsText(ValueError):
    """A local provision that a county may not make. `code` is stable; `zh` and `en` say why."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.code = code
        self.zh = zh
        self.en = en


@dataclass(frozen=True, slots=True)
class Provision:
    """One provision. `area_code` null holds everywhere; otherwise in that area and all areas below it."""

    key: str
    value: Any
    in_force_from: date
    article: str | None = None
    quote: str | None = None
    reading: str | None = None
    kind: Kind = Kind.LOCAL
    area_code: str | None = None
    approval_document: str | None = None
    """Number of the superior's approval (上级批准) of a provision that goes beyond the text."""
    reading_en: str | None = None
    bounds: Mapping[str, Any] | None = None
    """Of the text's own provisions: what a county's own value may be (tighten, min, max, one_of, pattern)."""

    def basis(self) -> Basis:
        return Basis(
            key=self.key,
            value=self.value,
            article=self.article,
            quote=self.quote,
            reading=self.reading,
            kind=self.kind.value,
            in_force_from=self.in_force_from,
            area=self.area_code,
            approval_document=self.approval_document,
            reading_en=self.reading_en,
        )


class Provisions:
    """A body of provisions; immutable."""

    def __init__(self, items: Iterable[Provision]) -> None:
        self._by_key: dict[str, list[Provision]] = defaultdict(list)
        for item in items:
            self._by_key[item.key].append(item)

    def in_force(self, key: str, day: date, area_code: str | None) -> Provision:
        """The provision of `key` for an area on a day: the most specific area's, of those the newest. Of two for the
        same area and from the same day the one added last holds.
        """
        best: Provision | None = None
        for item in self._by_key.get(key, ()):
            if (
                item.in_force_from <= day
                and _holds_in(item, area_code)
                and (best is None or _rank(item) >= _rank(best))
            ):
                best = item
        if best is None:
            raise UnknownProvision(key)
        return best

    def value(self, key: str, day: date, area_code: str | None) -> Any:
        return self.in_force(key, day, area_code).value

    def all_in_force(self, day: date, area_code: str | None) -> tuple[Provision, ...]:
        """What holds on a day, one provision a key, in the order in which the keys were first provided."""
        found = []
        for key in self._by_key:
            try:
                found.append(self.in_force(key, day, area_code))
            except UnknownProvision:
                continue
        return tuple(found)

    def adding(self, items: Iterable[Provision]) -> "Provisions":
        return Provisions([item for items_of_key in self._by_key.values() for item in items_of_key] + list(items))

    def __contains__(self, key: object) -> bool:
        return key in self._by_key


def _holds_in(item: Provision, area_code: str | None) -> bool:
    if item.area_code is None:
        return True
    return area_code is not None and area_code.startswith(area_prefix(item.area_code))


def _rank(item: Provision) -> tuple[int, date]:
    return (len(area_prefix(item.area_code)) if item.area_code else 0, item.in_force_from)


@cache
def load_text() -> Provisions:
    """The provisions that come with the service: the text of 厅字〔2018〕34号, its readings, the default settings."""
    raw = tomllib.loads(resources.files("app.policy").joinpath("provisions.toml").read_text("utf-8"))
    return Provisions(_parse(entry) for entry in raw["provision"])


def parse_proposal(text: str, area_code: str | None) -> tuple[Provision, ...]:
    """Provisions proposed in a file of the same form, for an area. Raises ValueError with what is wrong."""
    try:
        raw = tomllib.loads(text)
        return tuple(_parse({**entry, "area_code": entry.get("area_code", area_code)}) for entry in raw["provision"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"not a file of provisions: {error}") from error


_BOUNDS = ("tighten", "min", "max", "one_of", "pattern")


def _parse(entry: Mapping[str, Any]) -> Provision:
    return Provision(
        key=entry["key"],
        value=entry["value"],
        in_force_from=entry["from"],
        article=entry.get("article"),
        quote=entry.get("quote"),
        reading=entry.get("reading"),
        kind=Kind(entry.get("kind", Kind.LOCAL)),
        area_code=entry.get("area_code"),
        approval_document=entry.get("approval_document"),
        reading_en=entry.get("reading_en"),
        bounds={name: entry[name] for name in _BOUNDS if name in entry},
    )


def check_local(candidate: Provision, text: Provisions) -> None:
    """Whether a county may make this provision: it may settle what the text leaves open and tighten what the text
    says; it may loosen the text only with an approval's document number. Raises ContradictsText.
    """
    if candidate.key not in text:
        raise ContradictsText("unknown_key", "没有这一条目", "there is no such provision")
    theirs = text.in_force(candidate.key, date.max, None)
    bounds = theirs.bounds or {}
    _check_type(candidate.value, theirs.value)
    _check_bounds(candidate.value, bounds)
    if theirs.kind is not Kind.TEXT or candidate.approval_document:
        return
    if not _tightens(candidate.value, theirs.value, str(bounds.get("tighten", "none"))):
        raise ContradictsText(
            "contradicts_text",
            f"与{theirs.article}相抵触：本地规定只能从严；确经上级批准的，请注明批准文号",
            f"contradicts {theirs.article}: a county may only tighten it; or name the approval's document number",
        )


def _check_type(value: object, theirs: object) -> None:
    number = isinstance(theirs, (int, float)) and not isinstance(theirs, bool)
    wanted: type | tuple[type, ...] = (int, float) if number else type(theirs)
    if not isinstance(value, wanted) or (number and isinstance(value, bool)):
        raise ContradictsText("wrong_type", "取值的类型不符", "the value is of another type")
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        raise ContradictsText("wrong_type", "取值的类型不符", "the value is of another type")


def _check_bounds(value: Any, bounds: Mapping[str, Any]) -> None:
    too_small = "min" in bounds and value < bounds["min"]
    too_large = "max" in bounds and value > bounds["max"]
    unknown = "one_of" in bounds and value not in bounds["one_of"]
    malformed = "pattern" in bounds and not re.fullmatch(bounds["pattern"], value)
    if too_small or too_large or unknown or malformed:
        raise ContradictsText("out_of_range", "取值超出允许范围", "the value is out of range")


def _tightens(value: Any, theirs: Any, direction: str) -> bool:
    if value == theirs:
        return True
    if direction == "lower":
        return bool(value < theirs)
    return bool(value > theirs) if direction == "higher" else False
