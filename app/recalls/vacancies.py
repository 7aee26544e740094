"""Posts left open by a recall or reassignment, until the unit has sent somebody (第九条（五）)."""

from uuid import UUID

from sqlalchemy import Row, Select, exists, select
from sqlalchemy.orm import Session

from app.access.call import Call
from app.access.scope import find, visible_in
from app.attendance.schemas import Person
from app.errors import Conflict, Unprocessable
from app.models import Area, DispatchUnit, Posting, Vacancy
from app.policy.recall_procedure import Place, fills
from app.recalls.schemas import VacancyOut
from app.web.paging import PageRequest


def vacancies_page(
    call: Call, paging: PageRequest, *, area: str | None, open_only: bool
) -> tuple[list[VacancyOut], str | None]:
    """Newest first."""
    query = _described().where(visible_in(call.session, call.viewer, Vacancy, area))
    if open_only:
        query = query.where(Vacancy.filled_by.is_(None))
    rows, cursor = paging.fetch(call.session, query, Vacancy.id, descending=True)
    return [_answer(row) for row in rows], cursor


def fill(call: Call, vacancy_id: UUID, posting_id: UUID) -> VacancyOut:
    """Note which posting filled the post: another cadre in the same village, from the day it fell vacant or later."""
    vacancy = find(call.session, call.viewer, Vacancy, vacancy_id, lock=True)
    if vacancy.filled_by is not None:
        raise Conflict("already_filled", "该空缺已补选。", "The vacancy has been filled.")
    posting = find(call.session, call.viewer, Posting, posting_id)
    if not _fills(call.session, posting, vacancy):
        raise Unprocessable.field(
            "/posting_id",
            "does_not_fill",
            "应为空缺之日起派驻同一村的另一名干部，且该派驻未补选其他空缺",
            "must be another cadre's posting to the same village, from when the post was vacant, that fills no other",
        )
    vacancy.filled_by, vacancy.filled_on = posting.id, posting.starts_on
    call.audit(
        chain=vacancy.county_code,
        action="vacancy.filled",
        target=str(vacancy.id),
        posting_id=posting.id,
    )
    return _described_one(call, vacancy)


def _fills(session: Session, posting: Posting, vacancy: Vacancy) -> bool:
    left_by = session.get_one(Posting, vacancy.posting_id).cadre_id
    sent = Place(posting.village_code, posting.cadre_id, posting.starts_on)
    return fills(sent, Place(vacancy.village_code, left_by, vacancy.opened_on)) and not session.scalar(
        select(exists().where(Vacancy.filled_by == posting.id))
    )


def reopen(call: Call, vacancy_id: UUID, reason: str) -> VacancyOut:
    """Undo a filling that was a mistake: the wrong posting, or one that never came about."""
    vacancy = find(call.session, call.viewer, Vacancy, vacancy_id, lock=True)
    if vacancy.filled_by is None:
        raise Conflict("not_filled", "该空缺尚未补选。", "The vacancy has not been filled.")
    call.audit(
        chain=vacancy.county_code,
        action="vacancy.reopened",
        target=str(vacancy.id),
        posting_id=vacancy.filled_by,
        reason=reason,
    )
    vacancy.filled_by = vacancy.filled_on = None
    return _described_one(call, vacancy)


def _described_one(call: Call, vacancy: Vacancy) -> VacancyOut:
    call.session.flush()
    return _answer(call.session.execute(_described().where(Vacancy.id == vacancy.id)).one())


def _described() -> Select[Vacancy, str, DispatchUnit, str]:
    return (
        select(Vacancy, Posting.duty, DispatchUnit, Area.name)
        .join(Posting, Posting.id == Vacancy.posting_id)
        .join(DispatchUnit, DispatchUnit.id == Vacancy.unit_id)
        .join(Area, Area.code == Vacancy.village_code)
    )


def _answer(row: Row[Vacancy, str, DispatchUnit, str]) -> VacancyOut:
    vacancy, duty, unit, village = row
    return VacancyOut(
        id=vacancy.id,
        posting_id=vacancy.posting_id,
        village_code=vacancy.village_code,
        village=village,
        unit=Person.model_validate(unit),
        duty=duty,
        opened_on=vacancy.opened_on,
        filled_by=vacancy.filled_by,
        filled_on=vacancy.filled_on,
    )
