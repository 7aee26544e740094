"""The same things in five places: the cadre's own posting, a colleague's, one in a sibling township, one in a foreign
county, and nowhere.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.attendance.posted import place_of
from app.clock import SHANGHAI
from app.filings.schemas import FiledNumbers, FiledSheet
from app.ids import new_id
from app.models import (
    Account,
    Area,
    BoardReport,
    Cadre,
    CheckIn,
    Feedback,
    Filing,
    Leave,
    LeaveAttachment,
    LeaveStep,
    Outage,
    Posting,
    RecallFlag,
    Vacancy,
    WebhookEndpoint,
)
from tests.support.world import CENTER, World

MORNING = datetime(2026, 11, 23, 7, 50, tzinfo=SHANGHAI)
NOWHERE = "990199009009"

PLACES = {"own": "li", "colleague": "wang", "sibling": "sun", "foreign": "zhou", "missing": None}

SEEN_BY = {
    "cadre": {"own"},
    "township_officer": {"own", "colleague"},
    "county_officer": {"own", "colleague", "sibling"},
    "city_officer": {"own", "colleague", "sibling", "foreign"},
    "unit_officer": {"own", "colleague"},
    "dashboard": set(),
    "admin": set(),
}
"""Whose people each role reads by name."""


@dataclass
class Place:
    """The ids of one place, by the names that paths and bodies give them."""

    name: str
    village: str
    ids: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    """What nobody outside the scope may read in any answer."""

    @property
    def township(self) -> str:
        return self.village[:9] + "000"

    @property
    def county(self) -> str:
        return self.village[:6] + "000000"

    def __getattr__(self, name: str) -> str:
        return self.ids[name]


def build_places(world: World) -> dict[str, Place]:
    with world.database.writing() as session:
        places = {name: _furnish(session, world, name, who) for name, who in PLACES.items() if who}
    kinds = next(iter(places.values())).ids
    missing = {name: NOWHERE if name == "code" else str(new_id()) for name in kinds}
    return {**places, "missing": Place("missing", NOWHERE, missing)}


def _furnish(session: Session, world: World, name: str, who: str) -> Place:
    posting = session.get_one(Posting, world.postings[who])
    cadre = session.get_one(Cadre, posting.cadre_id)
    if name in {"sibling", "foreign"}:
        # The world names villages, people and units alike; here each has to be told from the others.
        session.get_one(Area, posting.village_code).name = f"{name}村"
    where = {
        **place_of(posting),
    }
    account = session.get_one(Account, world.accounts[who])
    made: dict[str, Any] = {
        "check_in_id": _check_in(where, account.id),
        "leave_id": _leave(where, posting.cadre_id),
        "flag_id": _flag(where),
        "vacancy_id": Vacancy(id=new_id(), opened_on=date(2026, 11, 1), **where),
        "report_id": BoardReport(
            id=new_id(), date=date(2026, 11, 23), device_hash=name, note=None, reported_at=world.clock(), **where
        ),
        "feedback_id": Feedback(
            id=new_id(), county_code=posting.county_code, text=f"{name}的意见", received_at=world.clock()
        ),
    }
    made["webhook_id"] = WebhookEndpoint(
        id=new_id(),
        url=f"http://127.0.0.1:9/{name}",
        secret="whsec_" + "A" * 32,
        events=["day.closed"],
        area_code=None,
        created_by=account.id,
        created_at=MORNING,
    )
    number = list(PLACES).index(name)
    made["filing_id"] = _filing(where, account.id, date(2026, 11, 16 + number))
    made["outage_id"] = _outage(where, account.id)
    session.add_all(made.values())
    session.flush()
    leave = made["leave_id"]
    session.add(LeaveStep(leave_id=leave.id, position=0, office="township", state="open"))
    made["attachment_id"] = LeaveAttachment(
        id=new_id(),
        leave_id=leave.id,
        filename="证明.pdf",
        media_type="application/pdf",
        size_bytes=1,
        sha256="0" * 64,
        uploaded_by=account.id,
        uploaded_at=world.clock(),
    )
    session.add(made["attachment_id"])
    session.flush()
    ids = {kind: str(row.id) for kind, row in made.items()}
    ids |= {"posting_id": str(posting.id), "cadre_id": str(posting.cadre_id), "unit_id": str(posting.unit_id)}
    ids |= {"account_id": str(account.id), "code": posting.village_code}
    secrets = (ids["posting_id"], ids["cadre_id"], cadre.phone, cadre.id_number, cadre.name, ids["leave_id"])
    return Place(name, posting.village_code, ids, secrets)


def _check_in(where: dict[str, Any], account_id: UUID) -> CheckIn:
    instant = MORNING
    return CheckIn(
        id=new_id(),
        date=instant.date(),
        account_id=account_id,
        captured_at=instant,
        received_at=instant,
        lng=CENTER[0],
        lat=CENTER[1],
        datum="wgs84",
        accuracy_m=18.0,
        fixed_at=instant,
        mock=False,
        wgs84_lng=CENTER[0],
        wgs84_lat=CENTER[1],
        device_id="a3f0",
        note=None,
        body_hash="0" * 64,
        verdict="uncertain",
        reason="near_edge",
        distance_m=1490.0,
        risk_flags=[],
        late=False,
        needs_acceptance=True,
        accepted=None,
        **where,
    )


def _leave(where: dict[str, Any], cadre_id: UUID) -> Leave:
    first = date(2026, 12, 1)
    return Leave(
        id=new_id(),
        cadre_id=cadre_id,
        kind="personal",
        starts_on=first,
        ends_on=first + timedelta(days=2),
        reason="家中有事",
        destination=None,
        state="pending",
        days=3,
        counted_days=3,
        adjoining=[],
        basis=[],
        covered_until=first + timedelta(days=2),
        created_at=MORNING,
        body_hash="0" * 64,
        **where,
    )


def _filing(where: dict[str, Any], account_id: UUID, day: date) -> Filing:
    """Of the township; each place has its own day, since two of them are in one township."""
    sheet = FiledSheet(
        kind="daily",
        period=day.isoformat(),
        first=day,
        last=day,
        area_code=where["township_code"],
        area="乡",
        people=0,
        numbers=FiledNumbers(),
        calendar_assumed=False,
        rows=[],
    )
    return Filing(
        id=new_id(),
        county_code=where["county_code"],
        area_code=where["township_code"],
        kind="daily",
        period=day.isoformat(),
        sheet=sheet.model_dump(mode="json"),
        sheet_sha256="0" * 64,
        filed_by=account_id,
        filed_at=MORNING,
    )


def _outage(where: dict[str, Any], account_id: UUID) -> Outage:
    day = date(2026, 11, 25)
    return Outage(
        id=new_id(),
        county_code=where["county_code"],
        area_code=where["township_code"],
        area_prefix=where["township_code"][:9],
        first_day=day,
        last_day=day,
        declared_last_day=day,
        reason="停电",
        declared_by=account_id,
        declared_at=MORNING,
    )


def _flag(where: dict[str, Any]) -> RecallFlag:
    return RecallFlag(
        id=new_id(),
        ground="unsuitable",
        state="candidate",
        live_key=f"{where['posting_id']}:unsuitable",
        counts={},
        threshold=None,
        days=[],
        basis=[],
        raised_at=MORNING,
        changed_at=MORNING,
        facts={"reason": "经核实不适宜", "document_number": "云帮办〔2026〕1号"},
        **where,
    )
