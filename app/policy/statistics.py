"""What is counted about groups of people: the rate of presence, and the groups too small to be shown."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Group = TypeVar("Group", bound=Hashable)

RATE_DIGITS = 4


def on_post_rate(*, people: int, on_post: int, official: int, rest: int) -> float | None:
    """(在岗 + 公出) / (person-days − 休息), to four digits; null where nobody was to be on post."""
    due = people - rest
    return round((on_post + official) / due, RATE_DIGITS) if due else None


@dataclass(frozen=True, slots=True)
class GroupSize:
    """`people` of the group on its fullest day; `below` is the number of people under which its county asks for it to
    be withheld, 0 where it does not ask.
    """

    people: int
    below: int


def withheld(groups: Mapping[Group, GroupSize]) -> frozenset[Group]:
    """Which of the groups that together make up a known total are not shown: those under their county's number, and as
    many of the next smallest as it takes that the total less all that is shown never again tells of so few people.
    Groups whose county does not ask are always shown.
    """
    hidden = [group for group, size in groups.items() if 0 < size.people < size.below]
    if not hidden:
        return frozenset()
    asked = max(groups[group].below for group in hidden)
    together = sum(groups[group].people for group in hidden)
    others = sorted(
        (group for group, size in groups.items() if size.below > 0 and size.people >= size.below),
        key=lambda group: groups[group].people,
    )
    for group in others:
        if len(hidden) >= 2 and together >= asked:
            break
        hidden.append(group)
        together += groups[group].people
    return frozenset(hidden)
