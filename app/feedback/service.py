"""The door for complaints: anyone puts one in, the county reads and answers it."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import Session

from app.access import audit
from app.access.areas import county_column_in, county_of, level_of
from app.access.call import Call, PublicCall
from app.access.viewer import Role, Viewer
from app.errors import Conflict, NotFound, Unprocessable
from app.feedback.schemas import FeedbackIn
from app.models import Area, Cadre, DispatchUnit, Feedback

_HAS_COUNTY = frozenset({"county", "township", "village"})


def leave_feedback(call: PublicCall, viewer: Viewer | None, body: FeedbackIn) -> Feedback:
    """Store a complaint and address it to a county, as far as one can be told."""
    row = Feedback(
        county_code=_addressee(call.session, viewer, body.area_code),
        account_id=viewer.account_id if viewer else None,
        text=body.text,
        contact=body.contact,
        received_at=call.now,
    )
    call.session.add(row)
    call.session.flush()
    return row


def _addressee(session: Session, viewer: Viewer | None, area_code: str | None) -> str | None:
    """The county of the sender, else of the area that was named, else the only county that there is."""
    if area_code is not None and session.get(Area, area_code) is None:
        raise Unprocessable.field("/area_code", "unknown_area", "没有这个区划代码", "no such area")
    own = _own_area(session, viewer) if viewer else None
    for code in (own, area_code):
        if code is not None and level_of(code) in _HAS_COUNTY:
            return county_of(code)
    counties = session.scalars(select(Area.code).where(Area.level == "county").limit(2)).all()
    return counties[0] if len(counties) == 1 else None


def _own_area(session: Session, viewer: Viewer) -> str | None:
    if viewer.cadre_id is not None:
        return session.get_one(Cadre, viewer.cadre_id).county_code
    if viewer.unit_id is not None:
        return session.get_one(DispatchUnit, viewer.unit_id).area_code
    return viewer.area_code


def read_answer(session: Session, feedback_id: UUID) -> Feedback:
    """By id alone: the id is the sender's key."""
    row = session.get(Feedback, feedback_id)
    if row is None:
        raise NotFound
    return row


def feedback_query(viewer: Viewer, *, answered: bool | None) -> Select[Feedback]:
    query = select(Feedback).where(_readable(viewer))
    if answered is None:
        return query
    open_still = Feedback.answered_at.is_(None)
    return query.where(~open_still if answered else open_still)


def _readable(viewer: Viewer) -> ColumnElement[bool]:
    """The viewer's counties; and what nobody could address, which every office sees so that it is not lost."""
    if viewer.role not in {Role.COUNTY, Role.CITY} or viewer.area_code is None:
        return false()
    return or_(county_column_in(Feedback.county_code, viewer.area_code), Feedback.county_code.is_(None))


def answer_feedback(call: Call, feedback_id: UUID, answer: str) -> Feedback:
    """Answer once; a complaint addressed to nobody becomes the answering county's."""
    row = call.session.scalars(
        select(Feedback).where(Feedback.id == feedback_id, _readable(call.viewer)).with_for_update()
    ).first()
    if row is None:
        raise NotFound
    if row.answered_at is not None:
        raise Conflict("already_answered", "该意见已经答复。", "This has been answered already.")
    row.county_code = row.county_code or call.viewer.area_code
    row.answer, row.answered_by, row.answered_at = answer, call.viewer.account_id, call.now
    call.audit(
        chain=row.county_code or audit.SERVICE,
        action="feedback.answer",
        target=str(row.id),
        answer=answer,
    )
    return row
