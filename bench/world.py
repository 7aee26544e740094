"""A fictional province for measurements: counties of 500 cadres, three to a village, with some days behind them."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, text
from uuid_utils import uuid7

from app.access import tokens
from app.access.areas import county_of, township_of
from app.access.tokens import KeyRing
from app.attendance.partitions import ensure_partitions
from app.clock import business_day, now
from app.database import Database
from app.ids import new_id
from app.models import Account, Area, Cadre, CheckIn, DayEntry, DayRevision, DeviceUse, DispatchUnit, Fence, Posting
from app.policy.datum import Datum, from_wgs84
from app.schema import upgrade
from app.settings import Settings
from bench.servers import request

PROVINCE = "990000000000"
CITY = "990100000000"
CADRES_A_COUNTY = 500
CADRES_A_VILLAGE = 3
VILLAGES_A_TOWNSHIP = 20
TOKEN_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Person:
    account_id: UUID
    posting_id: UUID
    lng: float
    lat: float
    """The village's centre, WGS-84."""
    device_id: str
    """The phone, which the service knows as this cadre's."""


def build(url: str, cadres: int, history_days: int) -> list[Person]:
    """Migrate and fill a database."""
    upgrade(url)
    database = Database(Settings(database_url=url))
    try:
        with database.writing() as session:
            tokens.ensure_signing_key(session, now())
            connection = session.connection()
            people = _people(connection, cadres)
            past = [business_day(now()) - timedelta(days=back) for back in range(1, history_days + 1)]
            ensure_partitions(session, [business_day(now()), *past])
            for day in past:
                add_history(connection, day)
        look_through(database)
    finally:
        database.dispose()
    return people


def look_through(database: Database) -> None:
    """As autovacuum has, long since, where the days were filled one by one."""
    if not database.is_sqlite:
        with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _people(connection: Connection, cadres: int) -> list[Person]:
    at = now()
    unit_id = new_id()
    connection.execute(
        insert(Area), [_area(PROVINCE, "虚构省", "province", None), _area(CITY, "青川市", "city", PROVINCE)]
    )
    connection.execute(
        insert(DispatchUnit),
        [{"id": unit_id, "area_code": CITY, "name": "青川市水利局", "level": "city", "created_at": at}],
    )
    villages = list(_villages(cadres))
    counties = sorted({county_of(code) for code in villages})
    townships = sorted({township_of(code) for code in villages})
    connection.execute(insert(Area), [_area(code, f"第{n}县", "county", CITY) for n, code in enumerate(counties)])
    connection.execute(
        insert(Area), [_area(code, f"第{n}乡", "township", county_of(code)) for n, code in enumerate(townships)]
    )
    connection.execute(
        insert(Area), [_area(code, f"第{n}村", "village", township_of(code)) for n, code in enumerate(villages)]
    )
    centres = {code: (108 + n % 400 * 0.02, 32 + n // 400 * 0.02) for n, code in enumerate(villages)}
    connection.execute(insert(Fence), [_fence(code, *centre, at) for code, centre in centres.items()])
    people, rows = [], ([], [], [], [])  # type: tuple[list[Person], tuple[list[dict[str, Any]], ...]]
    for number in range(cadres):
        code = villages[number // CADRES_A_VILLAGE]
        cadre_id, account_id, posting_id = new_id(), new_id(), new_id()
        rows[0].append(_cadre(cadre_id, code, number, at))
        rows[1].append(_account(account_id, cadre_id, number, at))
        rows[2].append(_posting(posting_id, cadre_id, unit_id, code, at))
        person = Person(account_id, posting_id, *centres[code], f"d{number}")
        rows[3].append({"device_id": person.device_id, "account_id": account_id, "first_seen_at": at})
        people.append(person)
    for model, values in zip((Cadre, Account, Posting, DeviceUse), rows, strict=True):
        for start in range(0, len(values), 10_000):
            connection.execute(insert(model), values[start : start + 10_000])
    return people


def _villages(cadres: int) -> Iterator[str]:
    for number in range(-(-cadres // CADRES_A_VILLAGE)):
        county, within = divmod(number, CADRES_A_COUNTY // CADRES_A_VILLAGE)
        city, county = divmod(county, 99)
        township, village = divmod(within, VILLAGES_A_TOWNSHIP)
        yield f"99{city + 1:02d}{county + 1:02d}{township + 1:03d}{village + 1:03d}"


def _area(code: str, name: str, level: str, parent: str | None) -> dict[str, Any]:
    return {"code": code, "name": name, "level": level, "parent_code": parent}


def _fence(code: str, lng: float, lat: float, at: datetime) -> dict[str, Any]:
    circle = {"circle": {"lng": lng, "lat": lat, "radius_m": 1500}}
    return {
        "id": new_id(),
        "area_code": code,
        "geometry": circle,
        "drawn": circle,
        "created_at": at,
        "created_by": None,
    }


def _cadre(cadre_id: UUID, village: str, number: int, at: datetime) -> dict[str, Any]:
    return {
        "id": cadre_id,
        "county_code": county_of(village),
        "name": f"干部{number}",
        "id_number": f"99010119800101{number:07d}"[-18:],
        "phone": f"139{number:08d}",
        "created_at": at,
    }


def _account(account_id: UUID, cadre_id: UUID, number: int, at: datetime) -> dict[str, Any]:
    return {
        "id": account_id,
        "login": f"cadre{number}",
        "name": f"干部{number}",
        "role": "cadre",
        "cadre_id": cadre_id,
        "active": True,
        "created_at": at,
    }


def _posting(posting_id: UUID, cadre_id: UUID, unit_id: UUID, village: str, at: datetime) -> dict[str, Any]:
    return {
        "id": posting_id,
        "cadre_id": cadre_id,
        "unit_id": unit_id,
        "county_code": county_of(village),
        "township_code": township_of(village),
        "village_code": village,
        "duty": "member",
        "starts_on": date(2025, 1, 1),
        "ends_on": None,
        "created_at": at - timedelta(days=500),
    }


_NEW_UUID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
_MORNING = {"postgresql": "CAST(:day AS date) + time '00:05'", "sqlite": ":day || ' 00:05:00.000000'"}
_DATE = {"postgresql": "CAST(:day AS date)", "sqlite": ":day"}
_NO_LIST = {"postgresql": "'[]'::jsonb", "sqlite": "'[]'"}
_FALSE = {"postgresql": "false", "sqlite": "0"}
_SCATTER = {"postgresql": "random()", "sqlite": "(random() / 18446744073709551616.0 + 0.5)"}
_LNG = {"postgresql": "(f.geometry->'circle'->>'lng')::float8", "sqlite": "json_extract(f.geometry, '$.circle.lng')"}
_LAT = {"postgresql": "(f.geometry->'circle'->>'lat')::float8", "sqlite": "json_extract(f.geometry, '$.circle.lat')"}


def add_history(connection: Connection, day: date) -> None:
    """A closed day on which everybody checked in, in their village, with its entries, revisions and heads."""
    dialect = connection.dialect.name
    part = {
        name: texts[dialect]
        for name, texts in {
            "id": _NEW_UUID,
            "at": _MORNING,
            "day": _DATE,
            "none": _NO_LIST,
            "no": _FALSE,
            "scatter": _SCATTER,
            "lng": _LNG,
            "lat": _LAT,
        }.items()
    }
    for statement in _HISTORY:
        connection.execute(text(statement.format(**part)), {"day": day.isoformat()})


_HISTORY = (
    """
    INSERT INTO check_ins (county_code, date, id, township_code, village_code, posting_id, unit_id, account_id,
        captured_at, received_at, lng, lat, datum, accuracy_m, fixed_at, mock, wgs84_lng, wgs84_lat, device_id,
        body_hash, verdict, reason, distance_m, risk_flags, late, needs_acceptance)
    SELECT p.county_code, {day}, {id}, p.township_code, p.village_code, p.id, p.unit_id, a.id,
        {at}, {at}, {lng} + {scatter} * 0.001, {lat} + {scatter} * 0.001, 'wgs84', 18.0, {at}, {no},
        {lng} + {scatter} * 0.001, {lat} + {scatter} * 0.001, a.login,
        'a', 'inside', 'inside', 12.0, {none}, {no}, {no}
    FROM postings p JOIN accounts a ON a.cadre_id = p.cadre_id JOIN fences f ON f.area_code = p.village_code
    """,
    """
    INSERT INTO day_entries (county_code, date, posting_id, township_code, village_code, unit_id, status, confirmed,
        exceptions, revision, judged_at)
    SELECT county_code, {day}, id, township_code, village_code, unit_id, 'on_post', {no}, {none}, 1, {at} FROM postings
    """,
    """
    INSERT INTO day_revisions (county_code, date, posting_id, revision, status, confirmed, exceptions, at, cause)
    SELECT county_code, {day}, id, 1, 'on_post', {no}, {none}, {at}, 'check_in' FROM postings
    """,
    """
    INSERT INTO day_heads (county_code, date, version, closed_at)
    SELECT DISTINCT county_code, {day}, 1, {at} FROM postings
    """,
)


def issue_tokens(url: str, people: Sequence[Person]) -> list[str]:
    """One token each; no server has seen them."""
    return tokens_of(url, [person.account_id for person in people])


def tokens_of(url: str, accounts: Sequence[UUID]) -> list[str]:
    database = Database(Settings(database_url=url))
    try:
        with database.reading() as session:
            keys = tokens.load_signing_keys(session)
            session.expunge_all()
        ring = KeyRing(lambda: keys)
        return [tokens.issue(ring, account, now(), TOKEN_LIFETIME) for account in accounts]
    finally:
        database.dispose()


def add_office(connection: Connection, role: str, area: str) -> UUID:
    """An account of an office, or of a dashboard, of the area."""
    account_id = new_id()
    row = {"id": account_id, "login": f"{role} {area}", "name": role, "role": role, "area_code": area, "active": True}
    connection.execute(insert(Account), {**row, "created_at": now()})
    return account_id


def body_of(person: Person, at: datetime) -> dict[str, Any]:
    """A phone's check-in from the village: ten fields, a position in the datum of China's phones."""
    lng, lat = from_wgs84(
        person.lng + random.uniform(-0.004, 0.004), person.lat + random.uniform(-0.004, 0.004), Datum.GCJ02
    )
    return {
        "id": str(uuid7()),
        "captured_at": at.isoformat(timespec="seconds"),
        "position": {
            "lng": round(lng, 7),
            "lat": round(lat, 7),
            "datum": "gcj02",
            "accuracy_m": 18,
            "fixed_at": (at - timedelta(seconds=3)).isoformat(timespec="seconds"),
            "mock": False,
        },
        "device_id": person.device_id,
        "note": "入户走访",
    }


def check_in_requests(people: Sequence[Person], issued: Sequence[str]) -> list[bytes]:
    """Everybody's check-in of today, in an order of chance; the ids are made in the order in which they are sent."""
    at = now()
    senders = list(zip(people, issued, strict=True))
    random.shuffle(senders)
    return [
        request("POST", "/api/v1/check-ins", token=token, body=as_json(body_of(person, at)))
        for person, token in senders
    ]


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def require_recorded(url: str, day: date, check_ins: int) -> None:
    """That many check-ins of the day are on record, of as many cadres, each with its entry and its revision."""
    database = Database(Settings(database_url=url))
    try:
        with database.reading() as session:
            found = [
                session.scalar(select(func.count()).select_from(model).where(model.date == day))
                for model in (CheckIn, DayEntry, DayRevision)
            ]
    finally:
        database.dispose()
    if found != [check_ins] * 3:
        raise RuntimeError(f"{check_ins} check-ins were answered; check-ins, entries, revisions on record: {found}")
