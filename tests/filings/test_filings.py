"""What is filed, when, by whom; the frozen sheet and what became of it."""

import hashlib
import json

from sqlalchemy import select, update

from app.models import Area, AuditEvent, Filing
from tests.checkins.test_checkins import body as check_in
from tests.support.world import (
    CITY,
    COUNTY,
    FOREIGN_COUNTY,
    FOREIGN_TOWNSHIP,
    SIBLING_TOWNSHIP,
    TOWNSHIP,
    VILLAGE,
)


def test_a_day_is_filed_once_it_has_closed_and_the_answer_lists_what_nobody_confirmed(office, world, clock):
    world.as_("li").post("/check-ins", check_in())
    clock.set("2026-11-24 00:31")
    refused = office.file("2026-11-23")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_closed"), "the close has not run yet"
    office.close_until("2026-11-24 08:00")
    receipt = office.filed("2026-11-23", remark="其余人员正在核实")
    assert (receipt["state"], receipt["state_label"], receipt["kind"]) == ("filed", "已报送", "daily")
    assert receipt["due_at"] == "2026-11-24T12:30:00+08:00"
    assert receipt["filed_by"]["role"] == "township_officer"
    assert (receipt["people"], receipt["numbers"]["on_post"], receipt["numbers"]["absent"]) == (3, 1, 2)
    assert [d["status"] for d in receipt["unconfirmed"]] == ["on_post", "absent", "absent"]
    assert receipt["not_evaluated"] == [], "evaluations are the month's"
    assert office.read(receipt)["sheet"]["remark"] == "其余人员正在核实"


def test_a_day_that_was_confirmed_is_filed_as_confirmed(office):
    office.close_until("2026-11-24 08:00")
    office.confirm("2026-11-23")
    receipt = office.filed("2026-11-23")
    assert receipt["unconfirmed"] == []
    assert office.cell(receipt, "li", "2026-11-23")["confirmed"] is True


NOT_CLOSED = [
    ("2026-11-24", "township_officer", TOWNSHIP),
    ("2026-11", "township_officer", TOWNSHIP),
    ("2026-10", "township_officer", TOWNSHIP),
    ("2099-12", "township_officer", TOWNSHIP),
    ("2026-W48", "county_officer", COUNTY),
]


def test_a_period_that_has_not_closed_or_that_the_service_never_saw_cannot_be_filed(office):
    office.close_until("2026-11-24 08:00")
    for period, who, area in NOT_CLOSED:
        refused = office.file(period, who, area)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_closed"), period


def test_what_was_filed_stays_as_filed_and_later_changes_stand_beside_it(office, world):
    office.close_until("2026-11-24 08:00")
    receipt = office.filed("2026-11-23")
    world.as_("li").post("/check-ins", check_in("2026-11-23T09:00:00+08:00"))
    office.confirm("2026-11-23")
    assert office.correct("wang", "2026-11-23", "leave", "township_officer").status_code == 201
    assert office.cell(receipt, "li", "2026-11-23")["status"] == "absent"
    changes = {change["posting_id"]: change for change in office.read(receipt)["changes_since"]}
    assert len(changes) == 2, "a confirmation alone is no change"
    uploaded, corrected = changes[str(world.postings["li"])], changes[str(world.postings["wang"])]
    assert (uploaded["filed"], uploaded["present"], uploaded["cause"]) == ("absent", "on_post", "check_in")
    assert (uploaded["by"]["name"], uploaded["reason"]) == ("li", None)
    assert (corrected["present"], corrected["cause"], corrected["reason"]) == ("leave", "correction", "核实更正")
    assert corrected["by"]["role"] == "township_officer"
    office.correct("wang", "2026-11-23", "absent", "township_officer")
    assert [c["name"] for c in office.read(receipt)["changes_since"]] == [uploaded["name"]], "back to what was filed"


def test_a_period_is_filed_once_and_who_comes_second_is_told_who_came_first(office, database):
    office.close_until("2026-11-24 08:00")
    office.filed("2026-11-23")
    again = office.file("2026-11-23")
    assert (again.status_code, again.json()["code"]) == (409, "already_filed")
    assert "township_officer" in again.json()["detail"]
    assert "2026-11-24 08:00" in again.json()["detail"]
    with database.reading() as session:
        assert len(session.scalars(select(Filing)).all()) == 1


def test_the_digest_is_that_of_the_sheet_that_is_read_and_a_changed_sheet_is_told(november, database):
    receipt = november.filed("2026-11")
    shown = november.read(receipt)
    text = json.dumps(shown["sheet"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == shown["filing"]["sha256"] == receipt["sha256"]
    assert shown["intact"] is True
    with database.writing() as session:
        [act] = session.scalars(select(AuditEvent).where(AuditEvent.action == "period.filed"))
        assert (act.target, act.details["sheet_sha256"]) == (receipt["id"], receipt["sha256"])
        sheet = session.scalars(select(Filing.sheet)).one()
        sheet["rows"][0]["days"][0]["status"] = "on_post"
        session.execute(update(Filing).values(sheet=sheet))
    assert november.read(receipt)["intact"] is False


def test_a_month_is_filed_with_an_evaluation_of_each_person_and_says_who_has_none(november, world):
    given = [
        {"posting_id": str(world.postings["li"]), "grade": "good", "remark": "牵头改造饮水管网"},
        {"posting_id": str(world.postings["wang"]), "grade": "average"},
    ]
    receipt = november.filed("2026-11", evaluations=given)
    assert receipt["not_evaluated"] == [str(world.postings["zhao"])]
    assert (receipt["kind"], receipt["state"], receipt["due_at"]) == ("monthly", "filed", "2026-12-06T00:00:00+08:00")
    rows = {row["posting_id"]: row for row in november.read(receipt)["sheet"]["rows"]}
    assert rows[given[0]["posting_id"]]["evaluation"] == {
        "grade": "good",
        "grade_label": "好",
        "remark": "牵头改造饮水管网",
    }
    assert rows[str(world.postings["zhao"])]["evaluation"] is None
    assert [day["date"][-2:] for day in rows[given[1]["posting_id"]]["days"]] == [str(n) for n in range(23, 31)]
    assert rows[given[1]["posting_id"]]["numbers"]["absent"] == 6
    assert rows[given[1]["posting_id"]]["numbers"]["rest"] == 2


MISFITS = [
    ("2026-11-23", [("li", "good")], 422, "/evaluations"),
    ("2026-11", [("li", "good"), ("li", "poor")], 422, "/evaluations/1/posting_id"),
    ("2026-11", [("li", "excellent")], 422, "/evaluations/0/grade"),
    ("2026-11", [("sun", "good")], 404, None),
]


def test_an_evaluation_that_does_not_fit_is_refused_and_nothing_is_filed(november, world, database):
    for period, grades, status, pointer in MISFITS:
        given = [{"posting_id": str(world.postings[name]), "grade": grade} for name, grade in grades]
        refused = november.file(period, evaluations=given)
        assert refused.status_code == status, refused.text
        assert [error["pointer"] for error in refused.json()["errors"]] == ([pointer] if pointer else [])
    with database.reading() as session:
        assert session.scalars(select(Filing)).all() == []


NO_PERIODS = ["2026", "2026-13", "2026-W60", "2026-02-30", "9999-12", "heute nicht", 7]


def test_a_period_that_is_none_is_refused_by_name_and_not_echoed(office):
    for period in NO_PERIODS:
        refused = office.file(period)
        assert refused.status_code == 422
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/period"]
        assert "heute nicht" not in refused.text
        listed = office.world.as_("county_officer").get(f"/filings?period={period}")
        assert (listed.status_code, listed.json()["errors"][0]["pointer"]) == (422, "/query/period")


def test_the_countys_week_sums_its_townships_and_counts_their_daily_filings(office, world):
    world.as_("sun").post("/check-ins", check_in())
    office.close_until("2026-11-24 08:00")
    office.filed("2026-11-23")
    office.close_until("2026-11-30 08:00")
    office.filed("2026-11-25")
    receipt = office.filed("2026-W48", "county_officer", COUNTY)
    assert (receipt["state"], receipt["due_at"]) == ("filed", "2026-12-02T00:00:00+08:00")
    weeks = {week["township_code"]: week for week in office.read(receipt)["sheet"]["townships"]}
    own, sibling = weeks[TOWNSHIP], weeks[SIBLING_TOWNSHIP]
    assert (own["people"], own["numbers"]["absent"], own["numbers"]["rest"], own["daily_filings"]) == (3, 15, 6, 2)
    assert (sibling["people"], sibling["numbers"]["on_post"], sibling["numbers"]["absent"]) == (1, 1, 4)
    assert sibling["daily_filings"] == 0
    numbers = office.read(receipt)["sheet"]["numbers"]
    assert numbers == {name: own["numbers"][name] + sibling["numbers"][name] for name in numbers}


def test_neither_a_day_nor_a_week_locks_anything(november):
    november.filed("2026-11-24")
    november.filed("2026-W48", "county_officer", COUNTY)
    assert november.confirm("2026-11-24").status_code == 200
    assert november.correct("li", "2026-11-24", "official", "township_officer").status_code == 201


REFUSALS = [
    ("county_officer", TOWNSHIP, "2026-11", 403, "not_your_filing"),
    ("county_officer", COUNTY, "2026-11-23", 403, "not_your_filing"),
    ("township_officer", TOWNSHIP, "2026-W48", 403, "not_your_filing"),
    ("township_officer", VILLAGE, "2026-11", 422, "invalid_input"),
    ("county_officer", TOWNSHIP, "2026-W48", 422, "invalid_input"),
    ("township_officer", SIBLING_TOWNSHIP, "2026-11", 404, "not_found"),
    ("township_officer", FOREIGN_TOWNSHIP, "2026-11", 404, "not_found"),
    ("township_officer", "990101009000", "2026-11", 404, "not_found"),
    ("township_officer", COUNTY, "2026-11", 404, "not_found"),
    ("county_officer", CITY, "2026-W48", 404, "not_found"),
    ("county_officer", FOREIGN_COUNTY, "2026-W48", 404, "not_found"),
    ("city_officer", COUNTY, "2026-W48", 403, "forbidden"),
    ("unit_officer", TOWNSHIP, "2026-11", 403, "forbidden"),
    ("cadre", TOWNSHIP, "2026-11", 403, "forbidden"),
    ("admin", TOWNSHIP, "2026-11", 403, "forbidden"),
]


def test_each_office_files_its_own(november):
    for who, area, period, status, code in REFUSALS:
        refused = november.file(period, who, area)
        assert (refused.status_code, refused.json()["code"]) == (status, code), (who, area, period)


def test_an_office_with_nobody_posted_has_nothing_to_file(november, world, database):
    with database.writing() as session:
        world.add_cadre(session, "new", VILLAGE, "county", starts_on=november.clock().date())
    november.close_until("2026-12-03 00:30")
    with database.writing() as session:
        session.add(Area(code="990101003000", name="新设乡", level="township", parent_code=COUNTY))
        session.flush()
        world.add_account(session, "empty_township_officer", "township_officer", area_code="990101003000")
    refused = november.file("2026-12-01", "empty_township_officer", "990101003000")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_file")
    assert november.filed("2026-12-01")["people"] == 4
    assert november.filed("2026-11")["people"] == 3, "who came in December is not on November's sheet"
