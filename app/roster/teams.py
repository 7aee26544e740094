"""Each village's team, and what 第四条 has to say of it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, joinedload

from app.access.call import Call
from app.access.scope import visible_in
from app.attendance.law import load_provisions
from app.models import Area, DispatchUnit, Posting
from app.policy.judgment import Judgment
from app.policy.provisions import Provisions
from app.policy.team import DUTIES, Finding, Team, judge_team
from app.roster import schemas
from app.roster.roster_rows import LEVEL_LABELS
from app.web.paging import PageRequest


def list_teams(call: Call, paging: PageRequest, area: str | None, on: date) -> tuple[list[schemas.TeamOut], str | None]:
    """The villages where somebody whom the viewer sees serves on the day, by code."""
    seen = and_(visible_in(call.session, call.viewer, Posting, area), Posting.held_on(on))
    villages, cursor = paging.fetch(
        call.session, select(Area).where(Area.code.in_(select(Posting.village_code).where(seen))), Area.code
    )
    codes = [village.code for village in villages]
    members = _members(call.session, and_(seen, Posting.village_code.in_(codes)))
    whole = _whole_teams(call.session, codes, on)
    provisions = load_provisions(call.session)
    return [_team(village, members[village.code], whole[village.code], on, provisions) for village in villages], cursor


def _members(session: Session, seen: ColumnElement[bool]) -> dict[str, list[Posting]]:
    query = select(Posting).where(seen).options(joinedload(Posting.cadre), joinedload(Posting.unit))
    members: dict[str, list[Posting]] = defaultdict(list)
    for posting in session.scalars(query):
        members[posting.village_code].append(posting)
    for listed in members.values():
        listed.sort(key=lambda posting: (DUTIES.index(posting.duty), posting.starts_on, posting.id))
    return members


@dataclass(slots=True)
class _Whole:
    members: int = 0
    levels: set[str] = field(default_factory=set)


def _whole_teams(session: Session, codes: Sequence[str], on: date) -> dict[str, _Whole]:
    """Numbers only, of everybody who serves there: a unit officer sees its own cadres, but a team that another unit
    fills up is not short of members.
    """
    query = (
        select(Posting.village_code, DispatchUnit.level, func.count())
        .join(DispatchUnit, DispatchUnit.id == Posting.unit_id)
        .where(Posting.village_code.in_(codes), Posting.held_on(on))
        .group_by(Posting.village_code, DispatchUnit.level)
    )
    whole: dict[str, _Whole] = defaultdict(_Whole)
    for code, level, count in session.execute(query):
        whole[code].members += count
        whole[code].levels.add(level)
    return whole


def _team(
    village: Area, members: Sequence[Posting], whole: _Whole, on: date, provisions: Provisions
) -> schemas.TeamOut:
    levels = [level for level in LEVEL_LABELS if level in whole.levels]
    findings = judge_team(Team(whole.members, whole.levels), on, provisions, village.code)
    units = {posting.unit_id: schemas.UnitRef.model_validate(posting.unit) for posting in members}
    return schemas.TeamOut(
        village_code=village.code,
        village=village.name,
        size=whole.members,
        level=levels[0] if len(levels) == 1 else None,
        levels=levels,
        units=list(units.values()),
        members=[schemas.TeamMember.model_validate(posting) for posting in members],
        findings=[_finding(judgment) for judgment in findings],
    )


def _finding(judgment: Judgment[Finding]) -> schemas.TeamFinding:
    facts = judgment.facts
    if judgment.verdict is Finding.UNDER_THREE:
        detail = f"现有 {facts['members']} 人，一般不少于 {facts['minimum']} 人"
    else:
        detail = "两个以上层级的工作队派驻同一村，省、市、县三级不能重复派驻"
    return schemas.TeamFinding(
        code=judgment.verdict, detail=detail, basis=[basis.as_json() for basis in judgment.basis]
    )
