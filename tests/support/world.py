"""A small fictional world: an own township, a sibling township, a foreign county, and somebody in every role."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.access import tokens
from app.access.areas import county_of, township_of
from app.clock import SHANGHAI
from app.database import Database
from app.ids import new_id
from app.models import Account, Area, Cadre, DispatchUnit, Fence, Filing, LocalProvision, Posting
from app.settings import Settings

FIRST_MORNING = datetime(2026, 11, 23, 8, 5, tzinfo=SHANGHAI)
"""A plain Monday; tests that do not set the clock happen now."""

PROVINCE = "990000000000"
CITY = "990100000000"
COUNTY = "990101000000"
FOREIGN_COUNTY = "990102000000"
TOWNSHIP = "990101001000"
SIBLING_TOWNSHIP = "990101002000"
FOREIGN_TOWNSHIP = "990102001000"
VILLAGE = "990101001001"
SECOND_VILLAGE = "990101001002"
SIBLING_VILLAGE = "990101002001"
FOREIGN_VILLAGE = "990102001001"

AREAS = (
    (PROVINCE, "虚构省", "province", None),
    (CITY, "青川市", "city", PROVINCE),
    (COUNTY, "云岭县", "county", CITY),
    (FOREIGN_COUNTY, "河湾县", "county", CITY),
    (TOWNSHIP, "石桥乡", "township", COUNTY),
    (SIBLING_TOWNSHIP, "柳溪镇", "township", COUNTY),
    (FOREIGN_TOWNSHIP, "南坪乡", "township", FOREIGN_COUNTY),
    (VILLAGE, "上庄村", "village", TOWNSHIP),
    (SECOND_VILLAGE, "下庄村", "village", TOWNSHIP),
    (SIBLING_VILLAGE, "柳树村", "village", SIBLING_TOWNSHIP),
    (FOREIGN_VILLAGE, "坪上村", "village", FOREIGN_TOWNSHIP),
)

CENTER = (110.68, 36.10)
"""WGS-84 centre of every village's fence; radius 1,500 m."""

ROLES = ("cadre", "township_officer", "county_officer", "city_officer", "unit_officer", "dashboard", "admin")


class Signed:
    """A client that sends one account's token; made anew for each request, so that moving the clock does not sign
    anybody out."""

    def __init__(self, client: TestClient, token: Callable[[], str]) -> None:
        self._client = client
        self._token = token

    def request(self, method: str, path: str, **kwargs: Any):
        headers = {"Authorization": f"Bearer {self._token()}", **kwargs.pop("headers", {})}
        url = (
            path
            if path.startswith(("/board/", "/healthz", "/readyz", "/metrics", "/.well", "/docs", "/openapi"))
            else f"/api/v1{path}"
        )
        return self._client.request(method, url, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any):
        return self.request("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any):
        return self.request("POST", path, json=json, **kwargs)

    def put(self, path: str, json: Any = None, **kwargs: Any):
        return self.request("PUT", path, json=json, **kwargs)

    def patch(self, path: str, json: Any = None, **kwargs: Any):
        return self.request("PATCH", path, json=json, **kwargs)

    def delete(self, path: str, **kwargs: Any):
        return self.request("DELETE", path, **kwargs)


@dataclass
class World:
    app: FastAPI
    client: TestClient
    database: Database
    clock: Callable[[], datetime]
    accounts: dict[str, UUID] = field(default_factory=dict)
    units: dict[str, UUID] = field(default_factory=dict)
    postings: dict[str, UUID] = field(default_factory=dict)
    cadres: dict[str, UUID] = field(default_factory=dict)
    """By name: `li` and `wang` in VILLAGE and `zhao` in SECOND_VILLAGE (all of unit `county`), `sun` in SIBLING_VILLAGE
    (unit `city`), `zhou` in FOREIGN_VILLAGE (unit `foreign`)."""

    def as_(self, who: str) -> Signed:
        """Signed in as a role of the own area (`cadre` is `li`; `township_officer`...), or as
        `sibling_township_officer`, `foreign_county_officer`, `foreign_township_officer`,
        `foreign_unit_officer`, or a cadre's name.
        """
        account_id = self.accounts[who]
        return self.as_account(account_id)

    def as_account(self, account_id: UUID) -> Signed:
        return Signed(
            self.client,
            lambda: tokens.issue(self.app.state.keyring, account_id, self.clock(), timedelta(minutes=10)),
        )

    def add_cadre(
        self,
        session: Session,
        name: str,
        village: str,
        unit: str,
        *,
        starts_on: date = date(2026, 1, 1),
        ends_on: date | None = None,
        duty: str = "member",
    ) -> UUID:
        """A cadre with account and posting; returns the posting's id."""
        number = len(self.cadres) + 1
        cadre = Cadre(
            id=new_id(),
            county_code=county_of(village),
            name=f"干部{number}",
            id_number=_id_number(number),
            phone=f"1390000{number:04d}",
            created_at=self.clock(),
        )
        session.add(cadre)
        session.flush()
        posting = Posting(
            id=new_id(),
            cadre_id=cadre.id,
            unit_id=self.units[unit],
            county_code=county_of(village),
            township_code=township_of(village),
            village_code=village,
            duty=duty,
            starts_on=starts_on,
            ends_on=ends_on,
            created_at=self.clock(),
        )
        session.add(posting)
        session.flush()
        self.cadres[name], self.postings[name] = cadre.id, posting.id
        self.add_account(session, name, "cadre", cadre_id=cadre.id)
        return posting.id

    def provide(
        self,
        key: str,
        value: Any,
        since: date,
        area: str = COUNTY,
        *,
        entered_at: datetime | None = None,
        by: str = "county_officer",
        **text: str,
    ) -> None:
        """A local provision as a county enters it; `text` is what it says of where it stands."""
        with self.database.writing() as session:
            session.add(
                LocalProvision(
                    area_code=area,
                    key=key,
                    value=value,
                    in_force_from=since,
                    entered_by=self.accounts[by],
                    entered_at=entered_at or self.clock(),
                    **text,
                )
            )

    def file_month(self, month: str, township: str = TOWNSHIP) -> None:
        """As the township's monthly filing leaves it locked; the sheet is left out."""
        with self.database.writing() as session:
            session.add(self.filing(month, township))

    def filing(self, month: str, township: str = TOWNSHIP, filed_at: datetime | None = None) -> Filing:
        return Filing(
            county_code=county_of(township),
            area_code=township,
            kind="monthly",
            period=month,
            sheet={},
            sheet_sha256="0" * 64,
            filed_by=self.accounts["township_officer"],
            filed_at=filed_at or self.clock(),
        )

    def add_account(
        self,
        session: Session,
        name: str,
        role: str,
        *,
        area_code: str | None = None,
        unit_id: UUID | None = None,
        cadre_id: UUID | None = None,
    ) -> UUID:
        account = Account(
            id=new_id(),
            login=name,
            name=name,
            role=role,
            area_code=area_code,
            unit_id=unit_id,
            cadre_id=cadre_id,
            active=True,
            created_at=self.clock(),
        )
        session.add(account)
        session.flush()
        self.accounts[name] = account.id
        return account.id


def _id_number(number: int) -> str:
    """A resident ID number with a valid check digit, of nobody: division 990101."""
    body = f"99010119800101{number:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def found_world(database_url: str) -> dict[str, dict[str, UUID]]:
    """Fill a migrated database with the world on its first morning; returns the ids: `World(..., **ids)`."""
    world = World(app=None, client=None, database=Database(Settings(database_url=database_url)), clock=_first_morning)
    with world.database.writing() as session:
        _found(world, session)
    world.database.dispose()
    return {name: getattr(world, name) for name in ("accounts", "units", "postings", "cadres")}


def _first_morning() -> datetime:
    return FIRST_MORNING


def _found(world: World, session: Session) -> None:
    tokens.create_signing_key(session, FIRST_MORNING)
    for code, name, level, parent in AREAS:
        session.add(Area(code=code, name=name, level=level, parent_code=parent))
        session.flush()
    for code in (VILLAGE, SECOND_VILLAGE, SIBLING_VILLAGE, FOREIGN_VILLAGE):
        circle = {"circle": {"lng": CENTER[0], "lat": CENTER[1], "radius_m": 1500}}
        session.add(Fence(area_code=code, geometry=circle, drawn=circle, created_at=FIRST_MORNING, created_by=None))
    for key, area, name, level in (
        ("county", COUNTY, "云岭县财政局", "county"),
        ("city", CITY, "青川市水利局", "city"),
        ("province", PROVINCE, "虚构省林草局", "province"),
        ("foreign", FOREIGN_COUNTY, "河湾县教育局", "county"),
    ):
        unit = DispatchUnit(id=new_id(), area_code=area, name=name, level=level, created_at=FIRST_MORNING)
        session.add(unit)
        session.flush()
        world.units[key] = unit.id
    _people(world, session)


def _people(world: World, session: Session) -> None:
    world.add_cadre(session, "li", VILLAGE, "county", duty="leader")
    world.add_cadre(session, "wang", VILLAGE, "county")
    world.add_cadre(session, "zhao", SECOND_VILLAGE, "county")
    world.add_cadre(session, "sun", SIBLING_VILLAGE, "city")
    world.add_cadre(session, "zhou", FOREIGN_VILLAGE, "foreign")
    world.accounts["cadre"] = world.accounts["li"]
    for name, role, area in (
        ("township_officer", "township_officer", TOWNSHIP),
        ("sibling_township_officer", "township_officer", SIBLING_TOWNSHIP),
        ("foreign_township_officer", "township_officer", FOREIGN_TOWNSHIP),
        ("county_officer", "county_officer", COUNTY),
        ("foreign_county_officer", "county_officer", FOREIGN_COUNTY),
        ("city_officer", "city_officer", CITY),
        ("dashboard", "dashboard", COUNTY),
        ("foreign_dashboard", "dashboard", FOREIGN_COUNTY),
        ("admin", "admin", None),
    ):
        world.add_account(session, name, role, area_code=area)
    world.add_account(session, "unit_officer", "unit_officer", unit_id=world.units["county"])
    world.add_account(session, "foreign_unit_officer", "unit_officer", unit_id=world.units["foreign"])
