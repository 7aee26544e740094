"""The public board of a village: what 第九条（二） makes public of each member, read fresh for each visitor."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import Session

from app.access.areas import county_of, township_of
from app.access.call import PublicCall
from app.access.scope import on_public_board
from app.attendance.law import load_provisions
from app.errors import NotFound
from app.models import Area, Cadre, DayEntry, DispatchUnit, Posting, Whereabouts
from app.policy.attendance import Status
from app.policy.provisions import Provision
from app.policy.team import DUTIES, DUTY_LABELS_ZH
from app.policy.whereabouts import order_of
from app.whereabouts.words import PRIVATE_DESTINATIONS, SHOWN_IN_VILLAGE, STATE_LABELS

PUBLIC = "board.public"
"""The article that makes the board public."""

MASK_PHONE = "board.mask_phone"
"""The local provision by which a county hides the middle of the phone numbers, against the article."""


_CODE = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class Village:
    code: str
    name: str
    township: str | None
    county: str | None


@dataclass(frozen=True, slots=True)
class Member:
    posting_id: UUID
    name: str
    phone: str
    duty: str
    unit: str
    state: str | None
    destination: str | None
    since: datetime | None
    expected_back_at: datetime | None
    overdue: bool
    registered_today: bool

    @property
    def duty_label(self) -> str:
        return DUTY_LABELS_ZH[self.duty]

    @property
    def state_label(self) -> str:
        return STATE_LABELS[self.state]

    @property
    def shown_in_village(self) -> bool:
        return self.state in SHOWN_IN_VILLAGE


@dataclass(frozen=True, slots=True)
class Board:
    village: Village
    date: date
    updated_at: datetime | None
    """When the newest of what it shows came in; null while nobody has declared anything."""
    phones_masked: bool
    members: tuple[Member, ...]
    basis: Provision

    def member(self, posting_id: UUID) -> Member:
        """The member of this posting; NotFound where the board shows none."""
        for member in self.members:
            if member.posting_id == posting_id:
                return member
        raise NotFound


def read_board(call: PublicCall, village_code: str) -> Board:
    """The board as of now; NotFound where the code is no village's."""
    village = find_village(call.session, village_code)
    posted = _posted(call, village_code)
    ids = [row.Posting.id for row in posted]
    declared = _newest_declarations(call.session, village_code, ids)
    registered = _registered(call, village_code, ids)
    provisions = load_provisions(call.session)
    masked = bool(provisions.value(MASK_PHONE, call.today, village_code))
    return Board(
        village=village,
        date=call.today,
        updated_at=max([row.received_at for row in declared.values()] + list(registered.values()), default=None),
        phones_masked=masked,
        members=tuple(_member(row, declared, registered, call.now, masked=masked) for row in posted),
        basis=provisions.in_force(PUBLIC, call.today, village_code),
    )


def find_village(session: Session, code: str) -> Village:
    """The village of this code; NotFound where it is no village's."""
    if not _CODE.fullmatch(code):  # the page takes whatever stands in its address
        raise NotFound
    codes = (code, township_of(code), county_of(code))
    areas = {area.code: area for area in session.scalars(select(Area).where(Area.code.in_(codes)))}
    area = areas.get(code)
    if area is None or area.level != "village":
        raise NotFound
    township, county = areas.get(codes[1]), areas.get(codes[2])
    return Village(code, area.name, township.name if township else None, county.name if county else None)


def _posted(call: PublicCall, village_code: str) -> list[Row[Any]]:
    """Today's members, the first secretary first."""
    rows: Iterable[Row[Any]] = call.session.execute(
        select(Posting, Cadre.name, Cadre.phone, DispatchUnit.name.label("unit"))
        .join(Cadre, Cadre.id == Posting.cadre_id)
        .join(DispatchUnit, DispatchUnit.id == Posting.unit_id)
        .where(on_public_board(Posting, village_code), Posting.held_on(call.today))
    )
    return sorted(rows, key=lambda row: (DUTIES.index(row.Posting.duty), row.Posting.starts_on, str(row.Posting.id)))


def _newest_declarations(session: Session, village_code: str, ids: Sequence[UUID]) -> dict[UUID, Whereabouts]:
    newest = (
        select(Whereabouts.posting_id, func.max(Whereabouts.since).label("since"))
        .where(on_public_board(Whereabouts, village_code), Whereabouts.posting_id.in_(ids))
        .group_by(Whereabouts.posting_id)
        .subquery()
    )
    rows = session.scalars(
        select(Whereabouts).join(
            newest, and_(Whereabouts.posting_id == newest.c.posting_id, Whereabouts.since == newest.c.since)
        )
    )
    ordered = sorted(rows, key=lambda row: order_of(row.since, row.received_at, row.id))
    return {row.posting_id: row for row in ordered}


def _registered(call: PublicCall, village_code: str, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Who counts as on post today, and since when the ledger says so."""
    rows = call.session.execute(
        select(DayEntry.posting_id, DayEntry.judged_at).where(
            on_public_board(DayEntry, village_code),
            DayEntry.date == call.today,
            DayEntry.status == Status.ON_POST.value,
            DayEntry.posting_id.in_(ids),
        )
    )
    return {row.posting_id: row.judged_at for row in rows}


def _member(
    row: Row[Any], declared: dict[UUID, Whereabouts], registered: dict[UUID, datetime], now: datetime, *, masked: bool
) -> Member:
    posting: Posting = row.Posting
    declaration = declared.get(posting.id)
    back = declaration.expected_back_at if declaration else None
    return Member(
        posting_id=posting.id,
        name=row.name,
        phone=mask(row.phone) if masked else row.phone,
        duty=posting.duty,
        unit=row.unit,
        state=declaration.state if declaration else None,
        destination=_public_destination(declaration),
        since=declaration.since if declaration else None,
        expected_back_at=back,
        overdue=back is not None and back < now,
        registered_today=posting.id in registered,
    )


def _public_destination(declaration: Whereabouts | None) -> str | None:
    if declaration is None or declaration.state in PRIVATE_DESTINATIONS:
        return None
    return declaration.destination


def mask(phone: str) -> str:
    """The first three and at most the last four digits, never more than is hidden: 139****0001."""
    shown_at_end = max(0, min(4, len(phone) - 7))
    return f"{phone[:3]}****{phone[len(phone) - shown_at_end :]}"
