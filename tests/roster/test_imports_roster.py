"""The county office's workbook: what it brings about, and what is refused, by row and column."""

import time
from datetime import date, datetime

import pytest
from sqlalchemy import func, select

from app.models import Account, Area, AuditEvent, Cadre, DispatchUnit, Posting, RosterVersion, Vacancy
from tests.roster.support import HEADING, csv_file, faults, id_number, phone, row, send, xlsx_file
from tests.support.world import (
    CITY,
    COUNTY,
    FOREIGN_VILLAGE,
    PROVINCE,
    SECOND_VILLAGE,
    SIBLING_VILLAGE,
    TOWNSHIP,
    VILLAGE,
)

PATH = "/imports/roster"


def counts(database):
    with database.reading() as session:
        return [session.scalar(select(func.count()).select_from(t)) for t in (Cadre, Account, Posting, DispatchUnit)]


def add_villages(database, number):
    """Empty villages of the own township, from 990101001101 on."""
    with database.writing() as session:
        for n in range(number):
            code = f"{TOWNSHIP[:9]}{101 + n}"
            session.add(Area(code=code, name=f"第{n}村村委会", level="village", parent_code=TOWNSHIP))


@pytest.mark.parametrize("make", [xlsx_file, csv_file])
def test_a_file_brings_cadres_accounts_units_and_postings(world, database, make):
    rows = [
        row(1, 单位层级="县级", 职务="第一书记"),
        row(2, 派驻结束日期="2027-11-30"),
        row(
            3,
            派出单位="虚构省国资委",
            单位层级="省直",
            派驻村="柳树村",
            村代码=SIBLING_VILLAGE,
            派驻起始日期="2027-01-01",
        ),
    ]
    with database.writing() as session:
        session.get(Posting, world.postings["sun"]).ends_on = date(2026, 12, 31)
    before = counts(database)
    report = send(world.as_("county_officer"), PATH, make(rows), "roster").json()
    assert report == {"rows": 3, "created": 3, "updated": 0, "unchanged": 0, "errors": []}
    assert [after - b for after, b in zip(counts(database), before, strict=True)] == [3, 3, 3, 1]
    with database.reading() as session:
        cadre = session.scalar(select(Cadre).where(Cadre.id_number == id_number(3)))
        assert (cadre.name, cadre.phone, cadre.county_code) == ("名册3", phone(3), COUNTY)
        account = session.scalar(select(Account).where(Account.cadre_id == cadre.id))
        assert (account.login, account.role, account.name, account.active) == (phone(3), "cadre", "名册3", True)
        assert account.password_hash is None
        assert account.activation_hash is None
        posting = session.scalar(select(Posting).where(Posting.cadre_id == cadre.id))
        assert (posting.village_code, posting.township_code) == (SIBLING_VILLAGE, "990101002000")
        assert (posting.starts_on, posting.ends_on, posting.duty) == (date(2027, 1, 1), None, "member")
        unit = session.get(DispatchUnit, posting.unit_id)
        assert (unit.name, unit.level, unit.area_code) == ("虚构省国资委", "province", PROVINCE)
        assert session.get(RosterVersion, COUNTY).version == 1
        event = session.scalar(select(AuditEvent))
        assert (event.action, event.details["created"]) == ("roster.imported", 3)
        assert id_number(3) not in str(event.details)


def test_the_same_file_again_changes_nothing(world, database):
    content = xlsx_file([row(n) for n in range(1, 4)])
    officer = world.as_("county_officer")
    assert send(officer, PATH, content).json()["created"] == 3
    before = counts(database)
    again = send(officer, PATH, content).json()
    assert again == {"rows": 3, "created": 0, "updated": 0, "unchanged": 3, "errors": []}
    assert counts(database) == before
    with database.reading() as session:
        assert session.get(RosterVersion, COUNTY).version == 1
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 1


def test_300_cadres_come_in_a_moment(world, database):
    add_villages(database, 100)
    rows = [
        row(n, 派驻村=f"第{n // 3}村", 村代码=f"{TOWNSHIP[:9]}{101 + n // 3}", 派出单位=f"云岭县第{n % 20}局")
        for n in range(300)
    ]
    officer = world.as_("county_officer")
    started = time.perf_counter()
    report = send(officer, PATH, xlsx_file(rows)).json()
    assert (report["created"], report["errors"]) == (300, [])
    assert send(officer, PATH, xlsx_file(rows)).json()["unchanged"] == 300
    assert time.perf_counter() - started < 5


def test_a_changed_row_updates_person_login_duty_and_end(world, database):
    officer = world.as_("county_officer")
    send(officer, PATH, xlsx_file([row(1), row(2)]))
    changed = row(1, 姓名="名册一", 手机号=phone(9), 职务="队长", 派驻结束日期="2027-12-31")
    assert send(officer, PATH, xlsx_file([changed, row(2)])).json() == {
        "rows": 2, "created": 0, "updated": 1, "unchanged": 1, "errors": [],
    }  # fmt: skip
    with database.reading() as session:
        cadre = session.scalar(select(Cadre).where(Cadre.id_number == id_number(1)))
        account = session.scalar(select(Account).where(Account.cadre_id == cadre.id))
        posting = session.scalar(select(Posting).where(Posting.cadre_id == cadre.id))
        assert (cadre.name, cadre.phone) == ("名册一", phone(9))
        assert (account.name, account.login) == ("名册一", phone(9))
        assert (posting.duty, posting.ends_on) == ("leader", date(2027, 12, 31))
    # An empty end says nothing about the end that is on record.
    assert send(officer, PATH, xlsx_file([{**changed, "派驻结束日期": ""}])).json()["unchanged"] == 1


def test_one_person_may_have_one_posting_after_the_other(world):
    first = row(1, 派驻结束日期="2027-01-31")
    next_day = row(1, 派驻村="下庄村", 村代码=SECOND_VILLAGE, 派驻起始日期="2027-02-01")
    report = send(world.as_("county_officer"), PATH, xlsx_file([first, next_day])).json()
    assert (report["created"], report["errors"]) == (2, [])


@pytest.mark.parametrize(
    ("written", "make"),
    [
        *((text, csv_file) for text in ("2026-12-01", "2026/12/1", "2026.12.1", "2026年12月1日", "20261201")),
        *((cell, xlsx_file) for cell in (date(2026, 12, 1), datetime(2026, 12, 1, 8), "２０２６-12-01", 20261201)),  # noqa: DTZ001 - as a spreadsheet has it
    ],
)
def test_dates_are_read_as_offices_write_them(written, make):
    from io import BytesIO

    from app.roster.faults import Faults
    from app.roster.roster_rows import LAYOUT, read_rows
    from app.roster.spreadsheet import read_table

    found = Faults()
    table = read_table(BytesIO(make([row(1, 派驻起始日期=written)])), LAYOUT, found)
    [read] = read_rows(table, date(2026, 11, 24), found)
    assert read.starts_on == date(2026, 12, 1)
    assert not found


WRONG_CELLS = [
    ({"姓名": ""}, "姓名", "required"),
    ({"姓名": "名" * 51}, "姓名", "too_long"),
    ({"姓名": "=A1"}, "姓名", "formula"),
    ({"身份证号": id_number(1)[:17] + ("0" if id_number(1)[17] != "0" else "1")}, "身份证号", "id_number_checksum"),
    ({"身份证号": 142623198001010016}, "身份证号", "number_lost"),
    ({"身份证号": "1.42623E+17"}, "身份证号", "number_lost"),
    ({"身份证号": "110105491231002"}, "身份证号", "id_number_15"),
    ({"手机号": "0357-2222222"}, "手机号", "phone_format"),
    ({"手机号": "13900000001"}, "手机号", "phone_taken"),
    ({"派出单位": ""}, "派出单位", "required"),
    ({"单位层级": "乡"}, "单位层级", "level_unknown"),
    ({"派出单位": "虚构省林草局"}, "单位层级", "unit_level_conflict"),
    ({"派驻村": "下庄村"}, "派驻村", "village_name"),
    ({"村代码": "990101001009"}, "村代码", "village_unknown"),
    ({"村代码": TOWNSHIP}, "村代码", "village_unknown"),
    ({"村代码": FOREIGN_VILLAGE}, "村代码", "village_unknown"),
    ({"职务": "村支书"}, "职务", "duty_unknown"),
    ({"派驻起始日期": ""}, "派驻起始日期", "required"),
    ({"派驻起始日期": "2026年12月"}, "派驻起始日期", "date_format"),
    ({"派驻起始日期": "2026-02-30"}, "派驻起始日期", "date_format"),
    ({"派驻起始日期": 46023}, "派驻起始日期", "date_format"),
    ({"派驻起始日期": "1999-12-31"}, "派驻起始日期", "date_range"),
    ({"派驻结束日期": "2026-11-30"}, "派驻结束日期", "dates_reversed"),
    (
        {"派驻村": "柳树村", "村代码": SIBLING_VILLAGE},
        "单位层级",
        "levels_mixed_record",
    ),
]


def test_every_wrong_cell_is_named_at_once_by_row_and_column_and_nothing_is_saved(world, database):
    before = counts(database)
    rows = [row(n, **changes) for n, (changes, _, _) in enumerate(WRONG_CELLS, start=1)]
    report = send(world.as_("county_officer"), PATH, xlsx_file(rows)).json()
    assert faults(report) == {(n, column, code) for n, (_, column, code) in enumerate(WRONG_CELLS, start=2)}
    assert (report["rows"], report["created"]) == (len(rows), 0)
    assert counts(database) == before
    details = " ".join(error["detail"] for error in report["errors"])
    assert "被 Excel 转成了数字" in details
    assert "第四条" in details


def test_one_right_row_beside_a_wrong_one_is_not_saved_either(world, database):
    before = counts(database)
    report = send(world.as_("county_officer"), PATH, xlsx_file([row(1), row(2, 职务="村支书")])).json()
    assert faults(report) == {(3, "职务", "duty_unknown")}
    assert counts(database) == before


def test_rows_of_one_file_may_not_contradict_each_other(world):
    rows = [
        row(1),
        row(1),
        row(1, 姓名="另名", 派驻起始日期="2027-06-01"),
        row(2, 手机号=phone(1)),
        row(3, 派出单位="云岭县新单位", 派驻村="下庄村", 村代码=SECOND_VILLAGE),
        row(4, 派出单位="云岭县新单位", 单位层级="市"),
        row(5, 派出单位="青川市新单位", 单位层级="市", 派驻起始日期="2026-12-31"),
        row(1, 派驻起始日期="2026-11-01", 派驻结束日期="2026-12-01"),
    ]
    report = send(world.as_("county_officer"), PATH, xlsx_file(rows)).json()
    assert {
        (3, "派驻起始日期", "posting_overlaps"),
        (4, "姓名", "person_differs"),
        (4, "派驻起始日期", "posting_overlaps"),
        (5, "手机号", "phone_twice"),
        (7, "单位层级", "unit_level_differs"),
        (8, "单位层级", "levels_mixed_record"),
        (2, "派驻起始日期", "posting_overlaps"),
    } <= faults(report)
    assert {error["row"] for error in report["errors"]} == {2, 3, 4, 5, 7, 8}


def test_two_levels_in_one_village_are_refused_only_while_they_share_a_day(world):
    county = row(1, 派驻村="下庄村", 村代码=SECOND_VILLAGE, 派驻起始日期="2026-12-01", 派驻结束日期="2026-12-31")
    city = row(2, 派出单位="青川市水利局", 单位层级="市", 派驻村="下庄村", 村代码=SECOND_VILLAGE)
    officer = world.as_("county_officer")
    end = {"ends_on": "2026-11-30", "reason": "期满轮换"}
    officer.post(f"/postings/{world.postings['zhao']}/end", end)
    mixed = send(officer, PATH, xlsx_file([county, {**city, "派驻起始日期": "2026-12-31"}])).json()
    assert faults(mixed) == {(3, "单位层级", "levels_mixed")}
    assert mixed["errors"][0]["detail"].startswith("与第 2 行的层级不同")
    after = send(officer, PATH, xlsx_file([county, {**city, "派驻起始日期": "2027-01-01"}])).json()
    assert (after["created"], after["errors"]) == (2, [])


def test_a_posting_on_record_is_not_overlapped_moved_to_another_unit_or_taken_back_from_recall(world, database):
    officer = world.as_("county_officer")
    mine = row(1, 派驻起始日期="2026-11-01")
    send(officer, PATH, xlsx_file([mine]))
    overlapping = {**mine, "派驻起始日期": "2026-12-01", "派驻村": "下庄村", "村代码": SECOND_VILLAGE}
    assert faults(send(officer, PATH, xlsx_file([overlapping])).json()) == {
        (2, "派驻起始日期", "posting_overlaps_record")
    }
    other_unit = {**mine, "派出单位": "云岭县另一局"}
    assert faults(send(officer, PATH, xlsx_file([other_unit])).json()) == {(2, "派出单位", "unit_changed")}
    with database.writing() as session:
        posting = session.scalar(select(Posting).where(Posting.starts_on == date(2026, 11, 1)))
        posting.ends_on = date(2026, 11, 20)
        session.add(Vacancy(
            posting_id=posting.id, unit_id=posting.unit_id, county_code=COUNTY, township_code=TOWNSHIP,
            village_code=VILLAGE, opened_on=date(2026, 11, 21),
        ))  # fmt: skip
    assert send(officer, PATH, xlsx_file([mine])).json()["unchanged"] == 1
    reopened = {**mine, "派驻结束日期": "2027-12-31"}
    assert faults(send(officer, PATH, xlsx_file([reopened])).json()) == {(2, "派驻结束日期", "posting_recalled")}


def test_a_phone_that_is_anybodys_login_is_taken(world, database):
    with database.writing() as session:
        session.get(Account, world.accounts["city_officer"]).login = phone(1)
    report = send(world.as_("county_officer"), PATH, xlsx_file([row(1)])).json()
    assert faults(report) == {(2, "手机号", "phone_taken")}


def test_a_dry_run_reports_and_saves_nothing(world, database):
    before = counts(database)
    report = send(world.as_("county_officer"), f"{PATH}?dry_run=true", xlsx_file([row(1)])).json()
    assert report == {"rows": 1, "created": 1, "updated": 0, "unchanged": 0, "errors": []}
    assert counts(database) == before


def test_titles_above_the_heading_empty_rows_and_further_columns_do_no_harm(world):
    rows = [{}, row(1), {"备注": "只有备注"}, row(2, 职务="村支书")]
    heading = ["序号", *HEADING, "备注"]
    content = csv_file(rows, heading=heading).decode("utf-8-sig")
    titled = ("2026年驻村干部名册\r\n" + content).encode("gb18030")
    report = send(world.as_("county_officer"), PATH, titled, "roster.csv").json()
    assert report["rows"] == 2
    assert faults(report) == {(6, "职务", "duty_unknown")}


def test_missing_headings_are_named(world):
    heading = [name for name in HEADING if name not in {"身份证号", "村代码", "派驻结束日期"}]
    report = send(world.as_("county_officer"), PATH, xlsx_file([row(1)], heading=heading)).json()
    assert faults(report) == {(1, "身份证号", "heading_missing"), (1, "村代码", "heading_missing")}


def test_a_new_posting_of_the_unit_fills_the_oldest_vacancy_in_its_village(world, database):
    with database.writing() as session:
        for name, opened_on in (("li", date(2026, 11, 10)), ("wang", date(2026, 11, 20)), ("zhao", date(2026, 12, 2))):
            posting = session.get(Posting, world.postings[name])
            session.add(Vacancy(
                posting_id=posting.id, unit_id=posting.unit_id, county_code=COUNTY, township_code=TOWNSHIP,
                village_code=posting.village_code, opened_on=opened_on,
            ))  # fmt: skip
    early = row(2, 派驻村="下庄村", 村代码=SECOND_VILLAGE)
    assert send(world.as_("county_officer"), PATH, xlsx_file([row(1), early])).json()["created"] == 2
    with database.reading() as session:
        by_posting = {vacancy.posting_id: vacancy for vacancy in session.scalars(select(Vacancy))}
        filled = by_posting[world.postings["li"]]
        new = session.get(Posting, filled.filled_by)
        assert (new.village_code, filled.filled_on) == (VILLAGE, date(2026, 12, 1))
        assert by_posting[world.postings["wang"]].filled_by is None
        assert by_posting[world.postings["zhao"]].filled_by is None, "the posting began before the post was open"


def test_only_the_county_imports_a_roster(world):
    content = xlsx_file([row(1)])
    for who in ("township_officer", "city_officer", "unit_officer", "cadre", "dashboard", "admin"):
        assert send(world.as_(who), PATH, content).status_code == 403


def test_the_county_of_the_officer_decides_which_villages_there_are(world):
    foreign = row(1, 派驻村="坪上村", 村代码=FOREIGN_VILLAGE, 派出单位="河湾县教育局")
    assert send(world.as_("foreign_county_officer"), PATH, xlsx_file([foreign])).json()["created"] == 1
    assert faults(send(world.as_("foreign_county_officer"), PATH, xlsx_file([row(2)])).json()) == {
        (2, "村代码", "village_unknown")
    }


def test_a_unit_of_the_city_is_the_same_for_all_of_its_counties(world, database):
    content = row(1, 派出单位="青川市水利局", 单位层级="市", 派驻村="坪上村", 村代码=FOREIGN_VILLAGE)
    officer = world.as_("foreign_county_officer")
    officer.post(f"/postings/{world.postings['zhou']}/end", {"ends_on": "2026-11-30", "reason": "期满轮换"})
    assert send(officer, PATH, xlsx_file([content])).json()["created"] == 1
    with database.reading() as session:
        posting = session.scalar(select(Posting).where(Posting.starts_on == date(2026, 12, 1)))
        assert posting.unit_id == world.units["city"]
        assert session.get(DispatchUnit, posting.unit_id).area_code == CITY
