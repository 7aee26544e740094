"""派驻: entering a posting and ending it."""

from datetime import date
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import contains_eager

from app.access import scope
from app.access.areas import contains, township_of
from app.access.call import Call
from app.access.versions import bump_roster
from app.attendance.posting_dates import ENTERED_ZH, judge_moved_end, judge_new_postings
from app.errors import Conflict, NotFound, Unprocessable
from app.ids import new_id
from app.models import Area, Cadre, DispatchUnit, Posting, Vacancy
from app.roster import schemas
from app.roster.faults import text_of
from app.roster.overlaps import Stay, collisions
from app.roster.turns import take_roster
from app.roster.units import may_send
from app.roster.vacancies import fill_vacancies
from app.web.paging import PageRequest


def list_postings(
    call: Call,
    paging: PageRequest,
    *,
    area: str | None,
    cadre_id: UUID | None,
    unit_id: UUID | None,
    on: date | None,
) -> tuple[list[schemas.PostingOut], str | None]:
    """The postings that the viewer sees; with `on` those that last on that day."""
    query = (
        select(Posting, Area.name)
        .join(Posting.cadre)
        .join(Posting.unit)
        .join(Area, Area.code == Posting.village_code)
        .where(scope.visible_in(call.session, call.viewer, Posting, area))
        .options(contains_eager(Posting.cadre), contains_eager(Posting.unit))
    )
    if cadre_id is not None:
        query = query.where(Posting.cadre_id == cadre_id)
    if unit_id is not None:
        query = query.where(Posting.unit_id == unit_id)
    if on is not None:
        query = query.where(Posting.held_on(on))
    rows, cursor = paging.fetch(call.session, query, Posting.id)
    return [_as_json(posting, posting.cadre, posting.unit, village) for posting, village in rows], cursor


def _as_json(posting: Posting, cadre: Cadre, unit: DispatchUnit, village: str) -> schemas.PostingOut:
    return schemas.PostingOut(
        id=posting.id,
        cadre=schemas.PersonRef.model_validate(cadre),
        unit=schemas.UnitRef.model_validate(unit),
        village_code=posting.village_code,
        village=village,
        duty=posting.duty,
        starts_on=posting.starts_on,
        ends_on=posting.ends_on,
        end_reason=posting.end_reason,
    )


def create_posting(call: Call, body: schemas.PostingIn) -> schemas.PostingOut:
    """Post a cadre of the county's roster to one of its villages."""
    county = call.viewer.area_code or ""
    _require_dates(body.starts_on, body.ends_on)
    take_roster(call.session, county)
    cadre, unit, village = _find_parties(call, county, body)
    posting = Posting(
        id=new_id(),
        cadre_id=cadre.id,
        unit_id=unit.id,
        county_code=county,
        township_code=township_of(village.code),
        village_code=village.code,
        duty=body.duty,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        created_at=call.now,
    )
    require_no_collision(call, posting, unit.level)
    call.session.add(posting)
    call.session.flush()
    fill_vacancies(call, [posting])
    judge_new_postings(call, [posting], ENTERED_ZH)
    _note(call, "posting.created", posting, village=village.code, starts_on=body.starts_on, ends_on=body.ends_on)
    return _as_json(posting, cadre, unit, village.name)


def _require_dates(starts_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on < starts_on:
        raise Unprocessable.field("/ends_on", "dates_reversed", *text_of("dates_reversed"))


def _find_parties(call: Call, county: str, body: schemas.PostingIn) -> tuple[Cadre, DispatchUnit, Area]:
    cadre = call.session.get(Cadre, body.cadre_id)
    unit = call.session.get(DispatchUnit, body.unit_id)
    village = call.session.get(Area, body.village_code)
    if cadre is None or cadre.county_code != county:
        raise NotFound
    if unit is None or not may_send(unit, county):
        raise NotFound
    if village is None or not contains(county, village.code):
        raise NotFound
    if village.level != "village":
        raise Unprocessable.field("/village_code", "not_a_village", "应为村级代码", "must be a village")
    return cadre, unit, village


def require_no_collision(call: Call, posting: Posting, unit_level: str) -> None:
    """Conflict `posting_overlaps` where the cadre has another posting on one of the days, `levels_mixed` where a team
    of another level serves in the village then (第四条).
    """
    others = (
        select(Posting, DispatchUnit.level)
        .join(DispatchUnit, DispatchUnit.id == Posting.unit_id)
        .where(scope.visible(call.viewer, Posting), Posting.id != posting.id)
        .where(or_(Posting.cadre_id == posting.cadre_id, Posting.village_code == posting.village_code))
    )
    found = call.session.execute(others).all()
    proposed = Stay(None, posting.starts_on, posting.ends_on, proposed=True)
    of_cadre = [_on_record(other) for other, _ in found if other.cadre_id == posting.cadre_id]
    if collisions([proposed, *of_cadre]):
        raise Conflict(
            "posting_overlaps",
            "与此人已登记的另一派驻时间重叠，请先办理原派驻的结束。",
            "The cadre has another posting on some of these days; end that one first.",
        )
    team = Stay(None, posting.starts_on, posting.ends_on, proposed=True, kind=unit_level)
    in_village = [_on_record(other, level) for other, level in found if other.village_code == posting.village_code]
    if collisions([team, *in_village]):
        raise Conflict(
            "levels_mixed",
            "该村已有另一层级的工作队：省、市、县三级驻村工作队不能重复派驻（第四条）。",
            "A team of another level serves in the village then: there must not be two (article 4).",
        )


def _on_record(posting: Posting, kind: str | None = None) -> Stay:
    return Stay(None, posting.starts_on, posting.ends_on, proposed=False, kind=kind)


def end_posting(call: Call, posting_id: UUID, body: schemas.PostingEndIn) -> schemas.PostingOut:
    """Set the last day of a posting, in the past or the future; a mistaken end is set right in the same way. What the
    days after it had as a status goes, those days being outside the posting now.
    """
    take_roster(call.session, call.viewer.area_code or "")
    posting = scope.find(call.session, call.viewer, Posting, posting_id, lock=True)
    if body.ends_on < posting.starts_on:
        raise Unprocessable.field("/ends_on", "dates_reversed", *text_of("dates_reversed"))
    if call.session.scalar(select(exists().where(Vacancy.posting_id == posting.id))):
        raise Conflict(
            "posting_recalled",
            "该派驻已因召回或调整结束，不能更改结束日期。",
            "The posting was ended by recall or reassignment; its end stays.",
        )
    cadre, unit, village = _parties_of(call, posting)
    before = posting.ends_on
    posting.ends_on, posting.end_reason = body.ends_on, body.reason
    if before is not None and body.ends_on > before:
        require_no_collision(call, posting, unit.level)
    call.session.flush()
    judge_moved_end(call, posting, before, body.reason)
    _note(call, "posting.ended", posting, ends_on=body.ends_on, before=before, reason=body.reason)
    return _as_json(posting, cadre, unit, village.name)


def _parties_of(call: Call, posting: Posting) -> tuple[Cadre, DispatchUnit, Area]:
    query = (
        select(Cadre, DispatchUnit, Area)
        .join(Posting, and_(Posting.cadre_id == Cadre.id, Posting.id == posting.id))
        .join(DispatchUnit, DispatchUnit.id == Posting.unit_id)
        .join(Area, Area.code == Posting.village_code)
        .where(scope.visible(call.viewer, Posting))
    )
    cadre, unit, village = call.session.execute(query).one()
    return cadre, unit, village


def _note(call: Call, action: str, posting: Posting, **details: object) -> None:
    bump_roster(call.session, posting.county_code)
    call.audit(
        chain=posting.county_code,
        action=action,
        target=str(posting.id),
        **details,
    )
