"""What a dashboard is not shown, because its county asks for small groups to be withheld (`stats.suppress_below`).

One answer, the totals above it, and the same period asked again at a lower level are safe against subtraction; answers
about different periods, put together by somebody, are not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.areas import area_prefix
from app.access.scope import may_ask
from app.access.viewer import Role, Viewer
from app.attendance.law import as_provision
from app.models import LocalProvision
from app.policy.calendar import Calendar
from app.policy.provisions import load_text
from app.policy.statistics import GroupSize, withheld
from app.stats.counting import By, Key, Question, Tally, count
from app.stats.open_days import counties_of

BELOW = "stats.suppress_below"

Counties = Callable[[], Sequence[str]]
Asked = Mapping[str, int]
"""By county, the number of people under which a group is withheld; only counties that ask."""


def asked_by_counties(session: Session, viewer: Viewer, counties: Counties, today: date) -> Asked:
    """What counties ask for today; which counties there are is only looked up where any may ask. Nothing is withheld
    from officers, who read attendance by name.
    """
    if viewer.role is not Role.DASHBOARD:
        return {}
    local = session.scalars(_LOCAL).all()
    provisions = load_text().adding(as_provision(row) for row in local)
    if not local and not provisions.value(BELOW, today, None):
        return {}
    asked = {code: int(provisions.value(BELOW, today, code)) for code in counties()}
    return {code: below for code, below in asked.items() if below}


_LOCAL = select(LocalProvision).where(LocalProvision.key == BELOW)


def withheld_rows(
    session: Session, question: Question, found: Mapping[Key, Tally], asked: Asked, today: date, calendar: Calendar
) -> frozenset[Key]:
    """The rows of the answer that are not shown; all of them where the area itself is not."""
    if not asked:
        return frozenset()
    if _area_withheld(session, question, today, calendar):
        return frozenset(found)
    return withheld({key: _size(tally, asked) for key, tally in found.items()})


def _area_withheld(session: Session, question: Question, today: date, calendar: Calendar) -> bool:
    """Whether an answer one level up, which the viewer may ask for as well, withholds the area or one above it."""
    child = question.area_code
    while (parent := _above(child)) and may_ask(question.viewer, parent):
        counties = counties_of(session, question.viewer, parent)
        siblings = replace(question, area_code=parent, counties=counties, by=By.AREA, by_day=True)
        asked = asked_by_counties(session, question.viewer, lambda named=counties: named, today)  # type: ignore[misc]
        sizes = {key.area_code: _size(tally, asked) for key, tally in count(session, siblings, today, calendar).items()}
        if child in withheld(sizes):
            return True
        child = parent
    return False


def _above(code: str) -> str | None:
    shorter = {4: 2, 6: 4, 9: 6, 12: 9}.get(len(area_prefix(code)))
    return None if shorter is None else code[:shorter].ljust(12, "0")


def _size(tally: Tally, asked: Asked) -> GroupSize:
    below = max((asked.get(county_code, 0) for county_code in tally.counties), default=0)
    return GroupSize(max(tally.people_by_day.values(), default=0), below)
