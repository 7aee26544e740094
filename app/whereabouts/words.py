"""The board's vocabulary and its Chinese."""

from typing import Literal

State = Literal["in_village", "visiting", "official", "training", "leave", "rest"]

STATE_LABELS: dict[str | None, str] = {
    "in_village": "在村",
    "visiting": "入户走访",
    "official": "公出",
    "training": "培训",
    "leave": "请假",
    "rest": "休息",
    None: "未填报",
}

SHOWN_IN_VILLAGE = frozenset({"in_village", "visiting"})
"""States by which the board says that the cadre is in the village."""

PRIVATE_DESTINATIONS = frozenset({"leave"})
"""States of which the board shows no destination: a hospital's name would tell the reason of a leave."""
