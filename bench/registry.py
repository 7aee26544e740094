"""The sections of a run. A module with a section is imported in `bench.__main__`; the decorator puts it on the list."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Run:
    """What a section is handed: where it may put files, and how thorough it should be."""

    folder: Path
    quick: bool
    """A few hundred requests instead of ten thousand: shows that everything works, proves nothing."""
    rounds: int


@dataclass(frozen=True, slots=True)
class Goal:
    """One number that was promised; `met` compares it the right way round."""

    name: str
    value: float
    wanted: str
    met: bool


@dataclass(slots=True)
class Result:
    """What a section found: a table for people, and everything else as JSON."""

    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    def at_least(self, name: str, value: float, bound: float) -> None:
        self.goals.append(Goal(name, round(value, 3), f">= {bound:g}", value >= bound))

    def at_most(self, name: str, value: float, bound: float) -> None:
        self.goals.append(Goal(name, round(value, 3), f"<= {bound:g}", value <= bound))


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    title: str
    measure: Callable[[Run], Result]
    by_default: bool


SECTIONS: dict[str, Section] = {}


def section(
    name: str, title: str, *, by_default: bool = True
) -> Callable[[Callable[[Run], Result]], Callable[[Run], Result]]:
    """Put a function on the list. What takes long is left out unless it is named (`by_default=False`)."""

    def register(measure: Callable[[Run], Result]) -> Callable[[Run], Result]:
        SECTIONS[name] = Section(name, title, measure, by_default)
        return measure

    return register
