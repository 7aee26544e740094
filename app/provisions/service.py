"""The law as data: what is in force, and what a county adds to it."""

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.areas import contains
from app.access.call import Call
from app.access.scope import visible
from app.access.viewer import Role, Viewer
from app.access.visible_areas import find_visible_area
from app.attendance.law import as_provision, load_provisions
from app.errors import NotFound, Unprocessable
from app.ids import new_id
from app.models import DayHead, DispatchUnit, Leave, LocalProvision, Posting
from app.policy.local_law import Refused, check_local
from app.policy.provisions import Provision, Provisions
from app.provisions import schemas


def list_provisions(call: Call, on: date, area: str | None, key: str | None) -> schemas.ProvisionPage:
    """What is in force on a day; or, with a key, everything that was, is or will be in force of it, oldest first."""
    code = _area(call, area)
    law = load_provisions(call.session)
    holding = law.all_in_force(on, code)
    wanted = holding if key is None else _history(law, key, code)
    items = [_out(item, law, on, in_force=any(item is held for held in holding)) for item in wanted]
    return schemas.ProvisionPage(items=items, on=on, area_code=code)


def create_provision(call: Call, body: schemas.ProvisionIn) -> schemas.ProvisionOut:
    """Add a provision for the own county or an area inside it. Nothing is ever changed or taken back: whoever wants
    the text again adds one with the text's value.
    """
    own = call.viewer.area_code
    area = body.area_code or own
    if own is None or area is None or not contains(own, area):
        raise NotFound
    find_visible_area(call.session, call.viewer, area)
    _refuse_back_dating(call, own, body.in_force_from)
    row = LocalProvision(
        **body.model_dump(exclude={"area_code"}),
        id=new_id(),
        area_code=area,
        entered_by=call.viewer.account_id,
        entered_at=call.now,
    )
    law = load_provisions(call.session)
    candidate = as_provision(row)
    try:
        check_local(candidate, law)
    except Refused as refused:
        raise Unprocessable.field(f"/{refused.field}", refused.code, refused.zh, refused.en) from None
    call.session.add(row)
    call.session.flush()
    call.audit(
        chain=own,
        action="provision.created",
        target=body.key,
        provision_id=row.id,
        area_code=area,
        **body.model_dump(include={"value", "in_force_from", "article", "approval_document"}),
    )
    return _out(candidate, law, call.today, in_force=False)


def _refuse_back_dating(call: Call, county: str, start: date) -> None:
    """A day is judged by what was in force on it, and today has been judged since midnight: a provision begins
    tomorrow at the earliest. Only a county that has nothing on record yet may enter what has long been in force there.
    """
    if start > call.today or not _anything_judged(call.session, county):
        return
    tomorrow = call.today + timedelta(days=1)
    raise Unprocessable.field(
        "/in_force_from",
        "back_dated",
        f"最早自 {tomorrow} 起施行：过去的日子按当时有效的规定认定，不因新规定而改变",
        f"{tomorrow} at the earliest: past days are judged by what was in force on them",
    )


def _anything_judged(session: Session, county: str) -> bool:
    judged_day = select(DayHead.date).where(DayHead.county_code == county).limit(1)
    routed_leave = select(Leave.id).where(Leave.county_code == county).limit(1)
    return session.scalar(judged_day) is not None or session.scalar(routed_leave) is not None


def _area(call: Call, area: str | None) -> str | None:
    """The area that was named, if the viewer may name it; else the viewer's own. The administrator has none."""
    if area is not None:
        return find_visible_area(call.session, call.viewer, area).code
    return _own_area(call.session, call.viewer)


def _own_area(session: Session, viewer: Viewer) -> str | None:
    if viewer.role is Role.CADRE:
        newest = select(Posting.village_code).where(visible(viewer, Posting)).order_by(Posting.starts_on.desc())
        return session.scalar(newest.limit(1))
    if viewer.role is Role.UNIT:
        return session.scalar(select(DispatchUnit.area_code).where(DispatchUnit.id == viewer.unit_id))
    return viewer.area_code


def _history(law: Provisions, key: str, area: str | None) -> list[Provision]:
    found = [item for item in law.of_key(key) if item.area_code is None or (area and contains(item.area_code, area))]
    if not found:
        raise Unprocessable.field("/query/key", "unknown_key", "没有这一条目", "there is no such provision")
    return sorted(found, key=lambda item: item.in_force_from)


def _out(item: Provision, law: Provisions, on: date, *, in_force: bool) -> schemas.ProvisionOut:
    text = law.in_force(item.key, max(on, item.in_force_from), None)
    return schemas.ProvisionOut(
        id=item.id,
        key=item.key,
        value=item.value,
        kind=item.kind.value,
        article=item.article,
        quote=item.quote,
        reading=item.reading,
        reading_en=item.reading_en,
        area=item.area_code,
        in_force_from=item.in_force_from,
        approval_document=item.approval_document,
        in_force=in_force,
        amendable=not (text.bounds or {}).get("fixed", False),
        text=None if item.area_code is None else _text_out(text),
    )


def _text_out(text: Provision) -> schemas.TextOut:
    return schemas.TextOut(
        value=text.value, article=text.article, quote=text.quote, reading=text.reading, kind=text.kind.value
    )
