"""驻村干部 and their accounts."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.activation import issue_activation_code
from app.access.call import Call
from app.access.scope import visible_cadres, visible_in
from app.access.versions import bump_roster
from app.access.viewer import Role, Viewer
from app.errors import Conflict, NotFound, Unprocessable
from app.ids import new_id
from app.models import Account, Cadre, Posting
from app.roster import schemas
from app.roster.faults import text_of
from app.roster.identifiers import id_number_fault, mask_id_number
from app.roster.turns import take_roster
from app.web.paging import PageRequest


def list_cadres(
    call: Call, paging: PageRequest, area: str | None, name: str | None
) -> tuple[list[schemas.CadreOut], str | None]:
    """The cadres that the viewer sees; with `area` those who are or were posted in it."""
    query = select(Cadre).where(visible_cadres(call.viewer))
    if area is not None:
        in_area = visible_in(call.session, call.viewer, Posting, area)
        query = query.where(Cadre.id.in_(select(Posting.cadre_id).where(in_area)))
    if name is not None:
        query = query.where(Cadre.name.contains(name, autoescape=True))
    cadres, cursor = paging.fetch(call.session, query, Cadre.id)
    return _as_seen_by(call.viewer, call.session, cadres), cursor


def _as_seen_by(viewer: Viewer, session: Session, cadres: Iterable[Cadre]) -> list[schemas.CadreOut]:
    """ID numbers and accounts are the county's business."""
    listed = list(cadres)
    county = viewer.role is Role.COUNTY
    activated: dict[UUID | None, bool] = {}
    if county:
        accounts = select(Account.cadre_id, Account.password_hash.is_not(None))
        accounts = accounts.where(Account.cadre_id.in_([cadre.id for cadre in listed]))
        activated = {row[0]: row[1] for row in session.execute(accounts)}
    return [
        schemas.CadreOut(
            id=cadre.id,
            county_code=cadre.county_code,
            name=cadre.name,
            phone=cadre.phone,
            id_number=mask_id_number(cadre.id_number) if county else None,
            activated=activated.get(cadre.id) if county else None,
        )
        for cadre in listed
    ]


def create_cadre(call: Call, body: schemas.CadreIn, activation_days: int) -> schemas.NewCadreOut:
    """Enter a cadre and make the account, whose activation code is shown this once."""
    county = call.viewer.area_code or ""
    fault = id_number_fault(body.id_number, call.today)
    if fault is not None:
        raise Unprocessable.field("/id_number", fault, *text_of(fault))
    take_roster(call.session, county)
    _require_new(call.session, county, body)
    cadre = Cadre(
        id=new_id(),
        county_code=county,
        name=body.name,
        id_number=body.id_number,
        phone=body.phone,
        created_at=call.now,
    )
    call.session.add(cadre)
    call.session.flush()
    account = Account(
        id=new_id(), login=cadre.phone, name=cadre.name, role=Role.CADRE, cadre_id=cadre.id, created_at=call.now
    )
    code = issue_activation_code(account, call.now, activation_days)
    call.session.add(account)
    call.session.flush()
    _note(call, "cadre.created", cadre)
    seen = _as_seen_by(call.viewer, call.session, [cadre])[0]
    return schemas.NewCadreOut(
        **seen.model_dump(),
        login=account.login,
        activation_code=code,
        activation_expires_at=account.activation_expires_at or call.now,
    )


def _require_new(session: Session, county: str, body: schemas.CadreIn) -> None:
    same_person = select(Cadre.id).where(Cadre.county_code == county, Cadre.id_number == body.id_number)
    if session.scalar(same_person) is not None:
        raise Conflict("id_number_taken", "此人已在本县名册中。", "This person is on the county's roster already.")
    _require_free_phone(session, body.phone, None)


def _require_free_phone(session: Session, phone: str, cadre_id: UUID | None) -> None:
    """A phone is also a login, so it is one person's in the whole service."""
    account = select(Account.id).where(Account.login == phone)
    cadre = select(Cadre.id).where(Cadre.phone == phone)
    if cadre_id is not None:
        account = account.where(or_(Account.cadre_id != cadre_id, Account.cadre_id.is_(None)))
        cadre = cadre.where(Cadre.id != cadre_id)
    if session.scalar(account.limit(1)) is not None or session.scalar(cadre.limit(1)) is not None:
        raise Conflict("phone_taken", "该手机号已登记在他人名下。", "The phone is registered for somebody else.")


def change_cadre(call: Call, cadre_id: UUID, body: schemas.CadrePatch) -> schemas.CadreOut:
    county = call.viewer.area_code or ""
    take_roster(call.session, county)
    own = select(Cadre).where(Cadre.id == cadre_id, visible_cadres(call.viewer), Cadre.county_code == county)
    cadre = call.session.scalar(own.with_for_update())
    if cadre is None:
        raise NotFound
    account = call.session.scalar(select(Account).where(Account.cadre_id == cadre.id))
    if body.name is not None:
        cadre.name = body.name
    if body.phone is not None:
        _require_free_phone(call.session, body.phone, cadre.id)
        cadre.phone = body.phone
    if account is not None:
        account.name, account.login = cadre.name, cadre.phone
    call.session.flush()
    _note(call, "cadre.changed", cadre, fields=sorted(body.model_dump(exclude_none=True)))
    return _as_seen_by(call.viewer, call.session, [cadre])[0]


def _note(call: Call, action: str, cadre: Cadre, **details: object) -> None:
    bump_roster(call.session, cadre.county_code)
    call.audit(
        chain=cadre.county_code,
        action=action,
        target=str(cadre.id),
        **details,
    )
