"""A judgment carries what it was judged from and what it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Basis:
    """One provision, as it is shown beside a judgment. `quote` is the article's own words; `reading` says how it is
    taken where the article is silent or ambiguous.
    """

    key: str
    value: object
    article: str | None
    quote: str | None
    reading: str | None
    kind: str
    in_force_from: date
    area: str | None
    approval_document: str | None = None
    reading_en: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "value": self.value,
            "article": self.article,
            "quote": self.quote,
            "reading": self.reading,
            "reading_en": self.reading_en,
            "kind": self.kind,
            "in_force_from": self.in_force_from.isoformat(),
            "area": self.area,
            "approval_document": self.approval_document,
        }


@dataclass(frozen=True, slots=True)
class Judgment(Generic[T]):
    verdict: T
    facts: Mapping[str, object]
    basis: tuple[Basis, ...]
