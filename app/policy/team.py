"""第四条: a village's team has at least three members, all sent by units of one level."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.policy.judgment import Judgment
from app.policy.provisions import Provision, Provisions, UnknownProvision

DUTY_LABELS_ZH = {"first_secretary": "第一书记", "leader": "工作队长", "member": "工作队员"}
"""As 第二条 calls them, in the order in which a team is listed."""
DUTIES = tuple(DUTY_LABELS_ZH)


class Finding(StrEnum):
    UNDER_THREE = "team_under_three"
    """Fewer members than the provision wants; named after the text's number, which a county may raise."""
    LEVELS_MIXED = "levels_mixed"


@dataclass(frozen=True, slots=True)
class Team:
    """Who serves in a village on a day."""

    members: int
    unit_levels: Collection[str]


def judge_team(team: Team, on: date, provisions: Provisions, area_code: str) -> tuple[Judgment[Finding], ...]:
    """What is to be said of a team; nothing where it is as it should be, or where nothing was in force yet. A warning
    only: the text says 一般, and a team that lacks a member still serves.
    """
    found = []
    minimum = _in_force(provisions, "team.minimum_members", on, area_code)
    if minimum is not None and 0 < team.members < minimum.value:
        facts = {"members": team.members, "minimum": minimum.value}
        found.append(Judgment(Finding.UNDER_THREE, facts, (minimum.basis(),)))
    one_level = _in_force(provisions, "team.one_level", on, area_code)
    levels = sorted(set(team.unit_levels))
    if one_level is not None and one_level.value and len(levels) > 1:
        found.append(Judgment(Finding.LEVELS_MIXED, {"unit_levels": levels}, (one_level.basis(),)))
    return tuple(found)


def _in_force(provisions: Provisions, key: str, on: date, area_code: str) -> Provision | None:
    try:
        return provisions.in_force(key, on, area_code)
    except UnknownProvision:
        return None
