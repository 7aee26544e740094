"""A posting, as far as its days are judged by it, and what is written about it."""

from typing import Any, NamedTuple, Protocol
from uuid import UUID


class Posted(Protocol):
    """`models.Posting`, or what somebody has read of one."""

    @property
    def id(self) -> UUID: ...
    @property
    def county_code(self) -> str: ...
    @property
    def township_code(self) -> str: ...
    @property
    def village_code(self) -> str: ...
    @property
    def unit_id(self) -> UUID: ...


class PostingRow(NamedTuple):
    """The columns of a posting that a judgment of its days needs; a fast lane has ids as the database writes them."""

    id: Any
    county_code: str
    township_code: str
    village_code: str
    unit_id: Any


def place_of(posting: Posted) -> dict[str, Any]:
    """What a row about a posting repeats of it, so that every scope is a condition on the row itself."""
    return {
        "posting_id": posting.id,
        "unit_id": posting.unit_id,
        "county_code": posting.county_code,
        "township_code": posting.township_code,
        "village_code": posting.village_code,
    }
