"""A posting, as far as its days are judged by it."""

from collections.abc import Mapping
from typing import Any, Protocol
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
    def place(self) -> Mapping[str, Any]: ...
