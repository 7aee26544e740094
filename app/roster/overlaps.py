"""Which postings collide: those of one cadre must not overlap, those in one village must be of one level (第四条)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Stay:
    """From `first` to `last`, both inclusive; open-ended where `last` is None. Two stays collide when they share a day
    and their kinds differ; a stay without a kind collides with every other. `proposed` tells the new ones from those
    on record; `label` is the number of the row that proposes it.
    """

    label: int | None
    first: date
    last: date | None
    proposed: bool
    kind: str | None = None

    @property
    def end(self) -> date:
        return self.last or date.max


def collisions(stays: Iterable[Stay]) -> list[tuple[Stay, Stay]]:
    """Pairs of a proposed stay and one that it collides with; a stay comes first at most once. Whatever is proposed
    and never comes first collides neither with another such stay nor with one on record. (Two on record that
    collide are nobody's fault here.) Linear after sorting, because a file of thousands of rows may name one village.
    """
    ordered = sorted(stays, key=lambda stay: (stay.first, stay.proposed))
    blamed: dict[int, tuple[Stay, Stay]] = {}
    for position, pair in (*_with_earlier(ordered), *_with_later_on_record(ordered)):
        blamed.setdefault(position, pair)
    return [blamed[position] for position in sorted(blamed)]


def _with_earlier(ordered: list[Stay]) -> Iterable[tuple[int, tuple[Stay, Stay]]]:
    """Of the stays that began no later, the one of each kind that lasts longest decides."""
    longest: dict[str | None, Stay] = {}
    for position, stay in enumerate(ordered):
        if stay.proposed:
            for other in longest.values():
                if other.end >= stay.first and _differ(stay, other):
                    yield position, (stay, other)
        held = longest.get(stay.kind)
        if held is None or held.end < stay.end:
            longest[stay.kind] = stay


def _with_later_on_record(ordered: list[Stay]) -> Iterable[tuple[int, tuple[Stay, Stay]]]:
    """Of the stays on record that began later, the next of each kind decides."""
    following: dict[str | None, Stay] = {}
    for position in reversed(range(len(ordered))):
        stay = ordered[position]
        if not stay.proposed:
            following[stay.kind] = stay
            continue
        for other in following.values():
            if other.first <= stay.end and _differ(stay, other):
                yield position, (stay, other)


def _differ(one: Stay, other: Stay) -> bool:
    return one.kind is None or other.kind is None or one.kind != other.kind
