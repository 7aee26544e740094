"""Law as dated data: which provision is in force on a day, for an area.

A number that has no article is a local setting; it is never shown as if it were policy. Amending means adding a
provision with a later date, so a past day is always judged by what was in force on it.
"""

import tomllib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any
from uuid import UUID

from app.policy.areas import area_prefix
from app.policy.judgment import Basis


class Kind(StrEnum):
    TEXT = "text"
    """The article says it."""
    READING = "reading"
    """The article is silent or ambiguous; the reading says how it is taken."""
    LOCAL = "local"
    """A setting, or what a county itself provides; shown as policy only where an article is named."""


class UnknownProvision(KeyError):
    """No such key, or none in force yet on the day."""


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
    id: UUID | None = None
    """Of one that is on record for an area."""
    bounds: Mapping[str, Any] | None = None
    """Of the text's own provisions: what a county's own value may be (tighten, min, max, one_of, items, pattern, fixed,
    county_wide); explained at the head of provisions.toml.
    """

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
        self._beginnings: dict[str, list[date]] = {}

    def in_force(self, key: str, day: date, area_code: str | None) -> Provision:
        """The provision of `key` for an area on a day: the most specific area's, of those the newest. Of two for the
        same area and from the same day the one added last holds. An area's own provision yields to a text that it
        contradicts, also to one that was amended after it.
        """
        holding = [
            item for item in self._by_key.get(key, ()) if item.in_force_from <= day and _holds_in(item, area_code)
        ]
        if len(holding) == 1 and holding[0].area_code is None:
            return holding[0]
        text = _newest(item for item in holding if item.area_code is None)
        if text is None:
            raise UnknownProvision(key)
        return _newest(item for item in holding if item is text or (item.area_code and agrees(item, text))) or text

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

    def of_key(self, key: str) -> tuple[Provision, ...]:
        """Every provision of a key, in the order in which they were provided."""
        return tuple(self._by_key.get(key, ()))

    def any_begins(self, prefix: str, day: date, area_code: str) -> bool:
        """Whether on a day a provision comes into force whose key begins so, for an area or a part of it."""
        return any(
            item.in_force_from == day and (_holds_in(item, area_code) or _lies_in(item, area_code))
            for key, items in self._by_key.items()
            if key.startswith(prefix)
            for item in items
        )

    def beginnings(self, prefix: str) -> set[date]:
        """The days on which provisions come into force whose keys begin so, wherever."""
        return {item.in_force_from for key, items in self._by_key.items() if key.startswith(prefix) for item in items}

    def next_beginning(self, prefix: str, after: date) -> date | None:
        """The first day after `after` on which a provision comes into force whose key begins so, wherever."""
        days = self._beginnings.get(prefix)
        if days is None:
            days = self._beginnings[prefix] = sorted(self.beginnings(prefix))
        place = bisect_right(days, after)
        return days[place] if place < len(days) else None

    def varies(self, prefix: str) -> bool:
        """Whether any area has a provision of its own whose key begins so."""
        return any(
            item.area_code is not None
            for key, items in self._by_key.items()
            if key.startswith(prefix)
            for item in items
        )

    def adding(self, items: Iterable[Provision]) -> "Provisions":
        return Provisions([item for items_of_key in self._by_key.values() for item in items_of_key] + list(items))

    def __contains__(self, key: object) -> bool:
        return key in self._by_key


def _holds_in(item: Provision, area_code: str | None) -> bool:
    if item.area_code is None:
        return True
    return area_code is not None and area_code.startswith(area_prefix(item.area_code))


def _lies_in(item: Provision, area_code: str) -> bool:
    return item.area_code is not None and item.area_code.startswith(area_prefix(area_code))


def _newest(items: Iterable[Provision]) -> Provision | None:
    best: Provision | None = None
    for item in items:
        if best is None or _rank(item) >= _rank(best):
            best = item
    return best


def _rank(item: Provision) -> tuple[int, date]:
    return (len(area_prefix(item.area_code)) if item.area_code else 0, item.in_force_from)


def agrees(local: Provision, text: Provision) -> bool:
    """Whether an area's own provision may stand beside what holds everywhere: it settles what the text leaves open, or
    tightens what the text says, or a superior has approved it (上级批准).
    """
    if text.kind is not Kind.TEXT or local.approval_document is not None:
        return True
    return _tightens(local.value, text.value, str((text.bounds or {}).get("tighten", "none")))


def _tightens(value: Any, theirs: Any, direction: str) -> bool:
    if value == theirs:
        return True
    if direction == "lower":
        return bool(value < theirs)
    return bool(value > theirs) if direction == "higher" else False


@cache
def load_text() -> Provisions:
    """The provisions that come with the service: the text of 厅字〔2018〕34号, its readings, the default settings."""
    raw = tomllib.loads(resources.files("app.policy").joinpath("provisions.toml").read_text("utf-8"))
    return Provisions(_parse(entry) for entry in raw["provision"])


_BOUNDS = ("tighten", "min", "max", "one_of", "items", "pattern", "fixed", "county_wide")


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
