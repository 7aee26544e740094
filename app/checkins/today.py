"""The phone's first screen in one call: the general way. `today_group` answers the same for many at once."""

from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from app.access.call import Call
from app.attendance.days import standings
from app.attendance.evidence import counts
from app.checkins import schemas
from app.models import Area, CheckIn, Fence, Leave, Posting, Whereabouts
from app.policy.attendance import Status
from app.policy.geofence import Verdict


def load_today(call: Call) -> schemas.Today:
    """Today as the cadre sees it; all parts are null while there is no posting."""
    today = call.today
    posting = call.session.scalar(
        select(Posting)
        .where(Posting.cadre_id == call.viewer.cadre_id, Posting.held_on(today))
        .options(joinedload(Posting.unit))
        .order_by(Posting.starts_on, Posting.id)
        .limit(1)
    )
    if posting is None:
        return schemas.Today(
            date=today,
            server_time=call.now,
            posting=None,
            village=None,
            day=None,
            check_ins=[],
            whereabouts=None,
            leave=None,
        )
    standing = standings(call.session, [posting], today, today).get((posting.id, today))
    return schemas.Today(
        date=today,
        server_time=call.now,
        posting=schemas.PostingNow.model_validate({**_columns(posting), "unit": posting.unit.name}),
        village=_village(call.session, posting.village_code),
        day=schemas.DayNow(status=standing.status, confirmed=standing.confirmed) if standing else _NOT_RECORDED,
        check_ins=_check_ins(call.session, posting, today),
        whereabouts=_whereabouts(call, posting),
        leave=_leave(call.session, posting, today),
    )


_NOT_RECORDED = schemas.DayNow(status=Status.PENDING, confirmed=False)


def _columns(posting: Posting) -> dict[str, Any]:
    return {name: getattr(posting, name) for name in ("id", "village_code", "duty", "starts_on", "ends_on")}


def _village(session: Session, code: str) -> schemas.VillageNow:
    query = select(Area.name, Fence.geometry).outerjoin(Fence, Fence.area_code == Area.code).where(Area.code == code)
    rows = session.execute(query.order_by(Fence.id)).all()
    fences = [geometry for _, geometry in rows if geometry is not None]
    return schemas.VillageNow(code=code, name=rows[0][0], fences=fences)


def _check_ins(session: Session, posting: Posting, today: date) -> list[schemas.CheckInNow]:
    query = (
        select(CheckIn)
        .where(CheckIn.county_code == posting.county_code, CheckIn.date == today, CheckIn.posting_id == posting.id)
        .order_by(CheckIn.captured_at, CheckIn.id)
    )
    return [
        schemas.CheckInNow(id=c.id, captured_at=c.captured_at, verdict=Verdict(c.verdict), counts=counts(c))
        for c in session.scalars(query)
    ]


def _whereabouts(call: Call, posting: Posting) -> schemas.WhereaboutsNow | None:
    newest = call.session.scalar(
        select(Whereabouts)
        .where(Whereabouts.posting_id == posting.id, Whereabouts.since <= call.now)
        .order_by(Whereabouts.since.desc(), Whereabouts.received_at.desc(), Whereabouts.id.desc())
        .limit(1)
    )
    return schemas.WhereaboutsNow.model_validate(newest) if newest else None


def _leave(session: Session, posting: Posting, today: date) -> schemas.LeaveNow | None:
    covering = session.scalar(
        select(Leave)
        .where(
            Leave.cadre_id == posting.cadre_id,
            Leave.starts_on <= today,
            Leave.ends_on >= today,
            or_(Leave.state == "pending", Leave.state.in_(("approved", "ended")) & (Leave.covered_until >= today)),
        )
        .order_by(Leave.created_at.desc(), Leave.id.desc())
        .limit(1)
    )
    return schemas.LeaveNow.model_validate(covering) if covering else None
