"""Recall as people carry it out (第九条（五）): the turns of a flag, the grounds that an office raises, what follows,
and who fills the post. A flag never acts by itself.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.policy.provisions import Provisions
from app.policy.recall import GROUNDS, MOVED_BY_FACTS, FlagState


class WrongTurn(ValueError):
    """A step that is not the flag's next one."""


_RECALL_TURNS = {
    "statement": {FlagState.CANDIDATE: FlagState.CANDIDATE, FlagState.OPINION: FlagState.OPINION},
    "opinion": {FlagState.CANDIDATE: FlagState.OPINION},
    "notice": {FlagState.OPINION: FlagState.NOTICED},
    "recall": {FlagState.NOTICED: FlagState.RECALLED},
    "review": {FlagState.OPINION: FlagState.CANDIDATE, FlagState.NOTICED: FlagState.CANDIDATE},
}
_REASSIGNMENT_TURNS = {
    "statement": {FlagState.CANDIDATE: FlagState.CANDIDATE},
    "reassign": {FlagState.CANDIDATE: FlagState.REASSIGNED},
}
_DISMISSIBLE = MOVED_BY_FACTS | {FlagState.OPINION, FlagState.NOTICED}


def turn(state: FlagState, action: str, ground: str) -> FlagState:
    """The state after a step of the county or the cadre: `statement`, `opinion`, `notice`, `recall`, `reassign`
    (grounds 1 and 2), `review` or `dismiss`. Raises WrongTurn for a step out of turn.
    """
    if action == "dismiss" and state in _DISMISSIBLE:
        return FlagState.DISMISSED
    turns = _RECALL_TURNS if GROUNDS[ground].recalls else _REASSIGNMENT_TURNS
    try:
        return turns[action][state]
    except KeyError as error:
        raise WrongTurn(f"{action} from {state}") from error


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows from a recall: no awards in its calendar year, no promotion before the date two years later."""

    recalled_on: date
    no_awards_in: int
    no_promotion_before: date

    def as_json(self) -> dict[str, Any]:
        return {
            "recalled_on": self.recalled_on.isoformat(),
            "no_awards_in": self.no_awards_in,
            "no_promotion_before": self.no_promotion_before.isoformat(),
        }


def consequences(recalled_on: date, provisions: Provisions, area_code: str) -> Consequences:
    """当年不得评先评优，2 年内不得提拔使用 (第九条（五）). What begins on 29 February ends on 1 March."""
    last_year = recalled_on.year + int(provisions.value("recall.consequences", recalled_on, area_code))
    try:
        until = recalled_on.replace(year=last_year)
    except ValueError:
        until = date(last_year, 3, 1)
    return Consequences(recalled_on, recalled_on.year, until)


def carries_annual_review(grade: str, on: date, provisions: Provisions, area_code: str) -> bool:
    """Ground 3."""
    return grade in provisions.value("recall.annual_review", on, area_code)


def carries_sanctions(count: int, on: date, provisions: Provisions, area_code: str) -> bool:
    """Ground 5: 2 次以上 includes two."""
    return bool(count >= provisions.value("recall.sanctions", on, area_code))


def carries_score(score_percent: float, on: date, provisions: Provisions, area_code: str) -> bool:
    """Ground 6: 低于 excludes the number itself."""
    return bool(score_percent < provisions.value("recall.score_percent", on, area_code))


@dataclass(frozen=True, slots=True)
class Place:
    """A post in a village: who holds it or has left it, and from when it is held or open."""

    village_code: str
    cadre_id: UUID
    since: date


def fills(sent: Place, left: Place) -> bool:
    """Whether whoever was sent fills the post that was left (选派新人): another cadre, to the same village, from the
    day on which it fell open or later.
    """
    return sent.village_code == left.village_code and sent.cadre_id != left.cadre_id and sent.since >= left.since
