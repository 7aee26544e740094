"""月考勤表 as officers ask for it."""

from datetime import date
from urllib.parse import quote

import pytest

from app.attendance.close import close_due_days
from tests.checkins.test_checkins import body as check_in
from tests.ledger.support import table_of_csv, table_of_json, table_of_xlsx
from tests.support.world import (
    CITY,
    COUNTY,
    FOREIGN_COUNTY,
    SECOND_VILLAGE,
    SIBLING_TOWNSHIP,
    TOWNSHIP,
    VILLAGE,
)
from tests.whereabouts.support import declare


@pytest.fixture
def close(database, clock):
    return lambda: close_due_days(database, clock())


@pytest.fixture
def two_days(world, clock, close):
    """Monday closed: `li` on post, confirmed; Tuesday 09:00 open: `li` on post again, `zhao` on a trip."""
    world.as_("li").post("/check-ins", check_in())
    clock.set("2026-11-24 08:30")
    close()
    confirmation = {"date": "2026-11-23", "area_code": VILLAGE}
    assert world.as_("township_officer").post("/days/confirmations", confirmation).status_code == 200
    assert world.as_("li").post("/check-ins", check_in("2026-11-24T08:20:00+08:00")).status_code == 201
    declare(world, "zhao", "official", "2026-11-24 08:00")
    return world


def get(world, area=TOWNSHIP, month="2026-11", who="county_officer", form="json"):
    return world.as_(who).get(f"/ledger?area={area}&month={month}&format={form}")


def sheet(world, *arguments, **named):
    answer = get(world, *arguments, **named)
    assert answer.status_code == 200, answer.text
    return answer.json()


def row_of(body, world, who):
    [row] = [row for row in body["rows"] if row["posting_id"] == str(world.postings[who])]
    return row


def texts(body, world, who, first=22, last=25):
    return [cell["text"] for cell in row_of(body, world, who)["cells"][first - 1 : last]]


def test_a_row_a_cadre_and_a_column_a_day_with_what_is_unconfirmed_marked(two_days):
    body = sheet(two_days)
    assert body["title"] == "云岭县石桥乡驻村干部2026年11月考勤表"
    assert len(body["days"]) == 30
    assert texts(body, two_days, "li") == ["—", "√", "√*", ""]
    assert texts(body, two_days, "wang") == ["—", "×", "", ""]
    assert texts(body, two_days, "zhao") == ["—", "×*", "公*", ""]
    kinds = [cell["kind"] for cell in row_of(body, two_days, "wang")["cells"][21:25]]
    assert kinds == ["unrecorded", "judged", "judged", "not_begun"]


def test_the_totals_of_a_person_and_of_a_day(two_days):
    body = sheet(two_days)
    numbers = row_of(body, two_days, "li")["numbers"]
    assert numbers == {
        **dict.fromkeys(("official", "leave", "rest", "absent", "pending"), 0),
        "on_post": 2,
        "unconfirmed": 1,
        "allowance_days": 2,
        "allowance_unconfirmed": 1,
    }
    monday, tuesday = body["days"][22:24]
    assert (monday["people"], monday["on_post"], monday["absent"], monday["unconfirmed"]) == (3, 1, 2, 1)
    assert (tuesday["on_post"], tuesday["official"], tuesday["pending"], tuesday["unconfirmed"]) == (1, 1, 1, 3)
    assert any("4 人次" in note for note in body["notes"])


def test_the_three_forms_of_one_answer_are_equal_to_the_cell(two_days):
    for area in (TOWNSHIP, COUNTY):
        expected = table_of_json(sheet(two_days, area))
        assert table_of_csv(get(two_days, area, form="csv").content)[0] == expected
        assert table_of_xlsx(get(two_days, area, form="xlsx").content)[0] == expected


def test_every_recorded_day_stands_as_it_does_in_the_persons_own_list(two_days):
    body = sheet(two_days, COUNTY)
    for who in ("li", "wang", "zhao", "sun"):
        path = f"/postings/{two_days.postings[who]}/days?from=2026-11-23&to=2026-11-24"
        own = two_days.as_("county_officer").get(path).json()["items"]
        cells = row_of(body, two_days, who)["cells"][22:24]
        assert [(c["status"], c["confirmed"]) for c in cells] == [(d["status"], d["confirmed"]) for d in own]


def test_days_outside_the_posting_are_not_pending_and_the_row_says_why(world, clock, close):
    with world.database.writing() as session:
        world.add_cadre(session, "came", VILLAGE, "county", starts_on=date(2026, 11, 24))
        world.add_cadre(session, "went", VILLAGE, "county", ends_on=date(2026, 11, 23))
    clock.set("2026-11-25 00:30")
    close()
    body = sheet(world)
    assert texts(body, world, "came") == ["／", "／", "×*", ""]
    assert texts(body, world, "went") == ["—", "×*", "／", "／"]
    assert row_of(body, world, "came")["remark"] == "11月24日起"
    assert row_of(body, world, "went")["remark"] == "11月23日止"


def test_a_cadre_who_served_in_two_villages_has_a_row_for_each(world):
    officer = world.as_("county_officer")
    ended = {"ends_on": "2026-11-23", "reason": "调村"}
    assert officer.post(f"/postings/{world.postings['li']}/end", ended).status_code == 200
    sent = {"cadre_id": str(world.cadres["li"]), "unit_id": str(world.units["county"]), "village_code": SECOND_VILLAGE}
    moved = officer.post("/postings", {**sent, "duty": "leader", "starts_on": "2026-11-24", "ends_on": None})
    assert moved.status_code == 201
    body = sheet(world)
    own = [row for row in body["rows"] if row["cadre_id"] == str(world.cadres["li"])]
    assert [row["village"] for row in own] == ["上庄村", "下庄村"]
    assert (len(body["rows"]), body["people"]) == (4, 3)


def test_rows_are_in_the_order_of_village_duty_and_name(world):
    with world.database.writing() as session:
        world.add_cadre(session, "first", VILLAGE, "county", duty="first_secretary")
    rows = sheet(world)["rows"]
    expected = [world.postings[who] for who in ("first", "li", "wang", "zhao")]
    assert [row["posting_id"] for row in rows] == [str(posting_id) for posting_id in expected]


@pytest.mark.parametrize(("month", "days"), [("2028-02", 29), ("2027-02", 28), ("2026-12", 31)])
def test_a_month_that_has_not_begun_has_all_its_days_and_nothing_in_them(world, month, days):
    body = sheet(world, month=month)
    assert len(body["days"]) == days
    assert {cell["kind"] for row in body["rows"] for cell in row["cells"]} == {"not_begun"}
    assert body["numbers"]["unconfirmed"] == 0
    assert body["calendar_assumed"]
    assert any("放假安排未导入" in note for note in body["notes"])


def test_a_month_before_everybody_came_has_no_rows(world):
    assert sheet(world, month="2025-12")["rows"] == []
    assert table_of_csv(get(world, month="2025-12", form="csv").content)[0][-1][0] == "合计"


def test_the_month_is_the_current_one_unless_said_otherwise(world):
    assert world.as_("county_officer").get(f"/ledger?area={COUNTY}").json()["month"] == "2026-11"


@pytest.mark.parametrize(
    "query",
    [
        "month=2026-13",
        "month=2026-00",
        "month=1999-12",
        "month=2101-01",
        "month=2026",
        "month=２０２６-11",
        "format=pdf",
    ],
)
def test_a_month_or_form_that_there_is_not_is_refused(world, query):
    answer = world.as_("county_officer").get(f"/ledger?area={COUNTY}&{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_each_officer_sees_the_own_area_and_what_lies_outside_is_missing(world):
    assert len(sheet(world, TOWNSHIP, who="township_officer")["rows"]) == 3
    assert len(sheet(world, VILLAGE, who="township_officer")["rows"]) == 2
    assert len(sheet(world, CITY, who="city_officer")["rows"]) == 5
    for who, area in (
        ("township_officer", SIBLING_TOWNSHIP),
        ("township_officer", COUNTY),
        ("county_officer", FOREIGN_COUNTY),
        ("county_officer", CITY),
        ("county_officer", "990101009000"),
    ):
        assert get(world, area, who=who).status_code == 404


def test_a_unit_officer_sees_the_cadres_that_the_unit_sent_wherever_they_are(world):
    assert {row["unit"] for row in sheet(world, COUNTY, who="unit_officer")["rows"]} == {"云岭县财政局"}
    assert sheet(world, COUNTY, who="foreign_unit_officer")["rows"] == []


@pytest.mark.parametrize("who", ["cadre", "dashboard", "admin"])
def test_the_sheet_is_the_officers(world, who):
    assert get(world, who=who).status_code == 403


def test_the_files_have_chinese_names_and_plain_ones_for_old_programs(world):
    for form in ("csv", "xlsx"):
        disposition = get(world, form=form).headers["content-disposition"]
        assert f'filename="ledger-{TOWNSHIP}-2026-11.{form}"' in disposition
        assert f"filename*=UTF-8''{quote('云岭县石桥乡驻村干部2026年11月考勤表')}.{form}" in disposition


def test_more_people_than_a_sheet_holds_are_asked_for_area_by_area(world, monkeypatch):
    monkeypatch.setattr("app.attendance.sheet_loading.MAX_ROWS", 4)
    assert get(world, CITY, who="city_officer").json()["errors"][0]["code"] == "sheet_too_large"
    assert get(world, COUNTY).status_code == 200


def test_what_was_entered_for_days_before_the_ledger_began_counts_on_the_sheet_as_little_as_in_the_statistics(
    world, clock, close
):
    clock.set("2026-11-24 09:00")
    close()
    registered = {"posting_id": str(world.postings["li"]), "date": "2026-11-20", "source": "paper"}
    assert world.as_("township_officer").post("/registrations", registered).status_code == 201
    county = world.as_("county_officer")
    [row] = [row for row in sheet(world, VILLAGE)["rows"] if row["posting_id"] == registered["posting_id"]]
    assert (row["cells"][19]["status"], row["cells"][19]["text"]) == (None, "—")
    assert (row["numbers"]["on_post"], row["numbers"]["allowance_days"]) == (0, 0)
    asked = f"/stats/attendance?area={VILLAGE}&from=2026-11-01&to=2026-11-24&by=month"
    [counted] = county.get(asked).json()["rows"]
    assert counted["on_post"] == 0
