"""Who and where: 云岭县 in a province that does not exist (codes begin with 99), its units, officers and cadres."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.access import tokens
from app.access.areas import county_of, township_of
from app.ids import new_id
from app.models import Account, Area, Cadre, DispatchUnit, Fence, Posting
from app.roster.identifiers import check_character

CITY = "990100000000"
COUNTY = "990101000000"
PASSWORD = "zhu-cun-demo-99"  # noqa: S105 - of made-up accounts, printed at every start

_AREAS = (
    ("990000000000", "虚构省", "province", None),
    (CITY, "青川市", "city", "990000000000"),
    (COUNTY, "云岭县", "county", CITY),
    ("990101001000", "石桥乡", "township", COUNTY),
    ("990101002000", "柳溪镇", "township", COUNTY),
    ("990101003000", "南坪乡", "township", COUNTY),
)
_VILLAGES = (
    ("上庄村", "下庄村", "石桥村", "槐树岭村"),
    ("柳树村", "东沟村", "西沟村", "河口村"),
    ("南坪村", "坪上村", "黄土崖村", "枣园村"),
)
_UNITS = (
    ("虚构省林业和草原局", "province", "990000000000"),
    ("虚构省农业银行", "province", "990000000000"),
    ("青川市水利局", "city", CITY),
    ("青川市第二中学", "city", CITY),
    ("云岭县财政局", "county", COUNTY),
    ("云岭县卫生健康局", "county", COUNTY),
)
_SURNAMES = "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = ("建国", "志强", "秀兰", "海燕", "文斌", "丽娟", "永刚", "晓东", "桂英", "明辉")

OFFICERS = (
    ("admin", "系统管理员", "admin", None),
    ("county", "县帮扶办 韩梅", "county_officer", COUNTY),
    ("city", "市帮扶办 冯涛", "city_officer", CITY),
    ("shiqiao", "石桥乡 田芳", "township_officer", "990101001000"),
    ("liuxi", "柳溪镇 贺军", "township_officer", "990101002000"),
    ("nanping", "南坪乡 白雪", "township_officer", "990101003000"),
)


@dataclass(slots=True)
class County:
    """What the story needs to know of the people in it."""

    postings: list[Posting] = field(default_factory=list)
    accounts: dict[UUID, Account] = field(default_factory=dict)
    """The cadres', by posting."""
    officers: dict[str, Account] = field(default_factory=dict)
    centers: dict[str, tuple[float, float]] = field(default_factory=dict)
    """WGS-84 centre of each village's fence."""


def build_county(session: Session, password_hash: str, secret_hash: str, founded: datetime) -> County:
    """Areas, fences, six units of three levels, officers, a dashboard, and forty cadres posted since `founded`."""
    tokens.create_signing_key(session, founded)
    county = County()
    _add_areas(session, county, founded)
    units = [
        DispatchUnit(id=new_id(), name=name, level=level, area_code=area, created_at=founded)
        for name, level, area in _UNITS
    ]
    session.add_all(units)
    session.flush()
    for login, name, role, area in OFFICERS:
        county.officers[login] = _account(session, login, name, role, founded, password_hash, area_code=area)
    unit_name = f"{units[2].name} 人事科"
    county.officers["unit"] = _account(
        session, "unit", unit_name, "unit_officer", founded, password_hash, unit_id=units[2].id
    )
    _account(session, "dashboard", "县大屏", "dashboard", founded, secret_hash, area_code=COUNTY)
    _add_cadres(session, county, units, founded, password_hash)
    return county


def _add_areas(session: Session, county: County, founded: datetime) -> None:
    for code, name, level, parent in _AREAS:
        session.add(Area(code=code, name=name, level=level, parent_code=parent))
        session.flush()
    for township, names in enumerate(_VILLAGES, start=1):
        for number, name in enumerate(names, start=1):
            code = f"99010100{township}{number:03d}"
            session.add(Area(code=code, name=name, level="village", parent_code=township_of(code)))
            session.flush()
            lng = round(110.60 + 0.05 * township + 0.02 * number, 2)
            lat = round(36.05 + 0.03 * township - 0.01 * number, 2)
            county.centers[code] = (lng, lat)
            circle = {"circle": {"lng": lng, "lat": lat, "radius_m": 1500}}
            session.add(Fence(area_code=code, geometry=circle, drawn=circle, created_at=founded, created_by=None))


def _add_cadres(
    session: Session, county: County, units: list[DispatchUnit], founded: datetime, password_hash: str
) -> None:
    villages = sorted(county.centers)
    starts_on = founded.date() - timedelta(days=120)
    for number in range(40):
        village = villages[number % len(villages)]
        # One team, one unit: a village is never served by two levels (第四条).
        unit = units[villages.index(village) % len(units)]
        name = _SURNAMES[number] + _GIVEN[number % len(_GIVEN)]
        cadre = Cadre(
            id=new_id(),
            county_code=county_of(village),
            name=name,
            id_number=_id_number(number),
            phone=f"1990000{number + 1:04d}",
            created_at=founded,
        )
        session.add(cadre)
        session.flush()
        posting = _posting(cadre, unit, village, number // len(villages), starts_on, founded)
        session.add(posting)
        session.flush()
        county.postings.append(posting)
        county.accounts[posting.id] = _account(
            session, cadre.phone, name, "cadre", founded, password_hash, cadre_id=cadre.id
        )


def _posting(cadre: Cadre, unit: DispatchUnit, village: str, place: int, starts_on: date, founded: datetime) -> Posting:
    return Posting(
        id=new_id(),
        cadre_id=cadre.id,
        unit_id=unit.id,
        county_code=county_of(village),
        township_code=township_of(village),
        village_code=village,
        duty=("first_secretary", "leader", "member", "member")[place],
        starts_on=starts_on,
        created_at=founded,
    )


def _account(
    session: Session,
    login: str,
    name: str,
    role: str,
    founded: datetime,
    password_hash: str,
    *,
    area_code: str | None = None,
    unit_id: UUID | None = None,
    cadre_id: UUID | None = None,
) -> Account:
    account = Account(
        id=new_id(),
        login=login,
        name=name,
        role=role,
        area_code=area_code,
        unit_id=unit_id,
        cadre_id=cadre_id,
        active=True,
        password_hash=password_hash,
        created_at=founded,
    )
    session.add(account)
    session.flush()
    return account


def _id_number(number: int) -> str:
    """An ID number with a valid check digit, of nobody: division 990101."""
    body = f"99010119{80 + number % 15}0{number % 9 + 1}15{number:03d}"
    return body + check_character(body)
