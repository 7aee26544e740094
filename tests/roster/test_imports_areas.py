"""Divisions from a table."""

import time
from pathlib import Path

from sqlalchemy import func, select

from app.models import Area, AuditEvent, RosterVersion
from tests.roster.support import faults, send, xlsx_file
from tests.support.world import CITY, COUNTY, FOREIGN_COUNTY, PROVINCE, SIBLING_TOWNSHIP, TOWNSHIP, VILLAGE

LINFEN = Path(__file__).parents[1] / "data" / "linfen-divisions.csv"
PATH = "/imports/areas"


def table(*rows, heading="code,name,level,parent_code"):
    return "\n".join([heading, *rows]).encode()


def codes(database):
    with database.reading() as session:
        return set(session.scalars(select(Area.code)))


def test_a_citys_2502_areas_come_in_one_request_and_again_without_change(world, database):
    admin = world.as_("admin")
    content = LINFEN.read_bytes()
    known = len(codes(database))
    started = time.perf_counter()
    first = send(admin, PATH, content, "linfen-divisions.csv")
    took = time.perf_counter() - started
    assert first.status_code == 200
    assert first.json() == {"rows": 2502, "created": 2502, "updated": 0, "unchanged": 0, "errors": []}
    assert took < 5
    assert len(codes(database)) == known + 2502
    again = send(admin, PATH, content, "linfen-divisions.csv")
    assert again.json() == {"rows": 2502, "created": 0, "updated": 0, "unchanged": 2502, "errors": []}
    with database.reading() as session:
        area = session.get(Area, "141028000000")
        assert (area.name, area.level, area.parent_code) == ("吉县", "county", "141000000000")
        assert session.get(RosterVersion, "141028000000").version == 1
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 1


def test_chinese_headings_and_levels_an_xlsx_and_gbk_are_understood(world, database):
    rows = [
        {"代码": "990101003000", "名称": "北岭乡", "级别": "乡", "上级代码": COUNTY},
        {"代码": 990101003001, "名称": " 北 岭村", "级别": "村级", "上级代码": 990101003000},
    ]
    heading = ["序号", "代码", "名称", "级别", "上级代码"]
    officer = world.as_("county_officer")
    report = send(officer, PATH, xlsx_file(rows, heading=heading)).json()
    assert report == {"rows": 2, "created": 2, "updated": 0, "unchanged": 0, "errors": []}
    gbk = table("990101003001,北岭新村,村,990101003000", heading="代码,名称,级别,上级代码").decode().encode("gbk")
    assert send(officer, PATH, gbk, "areas.csv").json()["updated"] == 1
    with database.reading() as session:
        assert session.get(Area, "990101003001").name == "北岭新村"


def test_a_dry_run_tells_what_would_happen_and_saves_nothing(world, database):
    before = codes(database)
    content = table("990101003000,北岭乡,township,990101000000", f"{VILLAGE},改名村,village,{TOWNSHIP}")
    report = send(world.as_("county_officer"), f"{PATH}?dry_run=true", content).json()
    assert report == {"rows": 2, "created": 1, "updated": 1, "unchanged": 0, "errors": []}
    assert codes(database) == before
    with database.reading() as session:
        assert session.get(Area, VILLAGE).name == "上庄村"
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 0


def test_every_fault_is_named_at_once_and_nothing_is_saved(world, database):
    before = codes(database)
    content = table(
        "990101003000,北岭乡,township,990101000000",
        "99010100300,短码乡,township,990101000000",
        "9.90101E+11,坏码乡,township,990101000000",
        f"990101003001,级别错,township,{COUNTY}",
        f"990101003002,上级错,village,{TOWNSHIP}",
        "990101003003,无上级,village,",
        "990101004001,上级缺,village,990101004000",
        "990101003004,,village,990101003000",
        "990101003005,级别怪,hamlet,990101003000",
        "990101003000,北岭乡,township,990101000000",
        "990102003000,外县乡,township,990102000000",
        f"990101003006,{'长' * 101},village,990101003000",
        "990101003007,=1+1,village,990101003000",
    )
    report = send(world.as_("county_officer"), PATH, content, "areas.csv").json()
    assert faults(report) == {
        (3, "code", "area_code_format"),
        (4, "code", "number_lost"),
        (5, "level", "area_level"),
        (6, "parent_code", "area_parent"),
        (7, "parent_code", "area_parent_missing"),
        (8, "parent_code", "area_parent_unknown"),
        (9, "name", "required"),
        (10, "level", "area_level_unknown"),
        (11, "code", "area_twice"),
        (12, "code", "area_outside"),
        (13, "name", "too_long"),
        (14, "name", "formula"),
    }
    assert (report["rows"], report["created"], report["updated"], report["unchanged"]) == (13, 0, 0, 0)
    assert codes(database) == before
    twice = next(error for error in report["errors"] if error["code"] == "area_twice")
    assert twice["detail"] == "与第 2 行代码相同"


def test_a_report_is_in_english_for_those_who_ask(world):
    content = table("99010100300,短码乡,township,990101000000")
    answer = world.as_("county_officer").post(
        PATH, files={"file": ("areas.csv", content)}, headers={"Accept-Language": "en"}
    )
    assert answer.json()["errors"][0]["detail"] == "must be a division code of 12 digits"


def test_an_empty_parent_leaves_the_one_on_record(world, database):
    admin = world.as_("admin")
    assert send(admin, PATH, table(f"{CITY},青川市,city,")).json()["unchanged"] == 1
    assert send(admin, PATH, table(f"{CITY},青川新市,city,")).json()["updated"] == 1
    with database.reading() as session:
        assert session.get(Area, CITY).parent_code == PROVINCE


def test_officers_import_inside_their_own_area_and_others_not_at_all(world):
    own = table(f"{SIBLING_TOWNSHIP},柳溪镇,township,{COUNTY}")
    foreign = table(f"{FOREIGN_COUNTY},河湾县,county,{CITY}")
    assert send(world.as_("county_officer"), PATH, own).json()["unchanged"] == 1
    assert faults(send(world.as_("county_officer"), PATH, foreign).json()) == {(2, "code", "area_outside")}
    assert send(world.as_("city_officer"), PATH, foreign).json()["unchanged"] == 1
    assert faults(send(world.as_("city_officer"), PATH, table(f"{PROVINCE},虚构省,province,")).json()) == {
        (2, "code", "area_outside")
    }
    for who in ("township_officer", "unit_officer", "cadre", "dashboard"):
        assert send(world.as_(who), PATH, own).status_code == 403


def test_a_missing_or_double_heading_is_a_fault_of_its_row(world):
    officer = world.as_("county_officer")
    report = send(officer, PATH, table("990101003000,北岭乡,township", heading="代码,名称,级别")).json()
    assert faults(report) == {(1, "parent_code", "heading_missing")}
    report = send(officer, PATH, table("1,2,3,4,5", heading="代码,名称,级别,上级代码,代码")).json()
    assert faults(report) == {(1, "代码", "heading_twice")}
    refused = send(officer, PATH, b"a,b\n1,2")
    assert refused.json()["errors"][0]["code"] == "heading_not_found"
