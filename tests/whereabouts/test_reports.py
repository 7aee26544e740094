"""Residents' reports: hints for the township, once per day and device, and never a verdict."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from app.models import AuditEvent, BoardReport, DayEntry, DayRevision
from app.settings import Settings
from tests.support.world import SECOND_VILLAGE, SIBLING_TOWNSHIP, TOWNSHIP, VILLAGE
from tests.whereabouts.support import declare

PATH = f"/api/v1/villages/{VILLAGE}/board/reports"


@pytest.fixture
def shown(world):
    """`li` is shown in the village."""
    declare(world, "li", "in_village", "2026-11-23 08:00")
    return world


def report(world, who="li", *, phone="手机一", path=PATH, **fields):
    body = {"posting_id": str(world.postings[who]), **fields}
    return world.client.post(path, json=body, headers={"User-Agent": phone.encode("utf-8")})


def rows(database):
    with database.reading() as session:
        return session.scalars(select(BoardReport).order_by(BoardReport.id)).all()


def test_a_report_on_a_member_shown_in_the_village_is_taken(shown, database):
    answer = report(shown, note="上午去村委会没有见到")
    assert answer.status_code == 201
    (row,) = rows(database)
    assert answer.json() == {"id": str(row.id), "date": "2026-11-23", "reported_at": "2026-11-23T08:05:00+08:00"}
    assert (row.note, row.township_code, row.handled_at) == ("上午去村委会没有见到", TOWNSHIP, None)


@pytest.mark.parametrize("state", ["in_village", "visiting"])
def test_both_states_that_say_in_the_village_can_be_reported(world, state):
    declare(world, "wang", state, "2026-11-23 08:00")
    assert report(world, "wang").status_code == 201


@pytest.mark.parametrize("state", ["official", "training", "leave", "rest"])
def test_who_is_not_shown_in_the_village_cannot_be_reported(world, state, database):
    declare(world, "wang", state, "2026-11-23 08:00")
    answer = report(world, "wang")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_shown_in_village")
    assert rows(database) == []


def test_who_has_declared_nothing_cannot_be_reported(world):
    assert report(world, "wang").json()["code"] == "not_shown_in_village"


def test_a_member_of_another_village_is_not_found_on_this_board(shown):
    declare(shown, "zhao", "in_village", "2026-11-23 08:00")
    assert report(shown, "zhao").status_code == 404
    assert report(shown, "zhao", path=f"/api/v1/villages/{SECOND_VILLAGE}/board/reports").status_code == 201


def test_the_same_device_again_gets_the_stored_report_and_with_other_words_a_refusal(shown, database):
    first = report(shown, note="没见到")
    again = report(shown, note="没见到")
    other = report(shown, note="还是没见到")
    assert (again.status_code, again.json()) == (200, first.json())
    assert (other.status_code, other.json()["code"]) == (409, "already_reported")
    assert len(rows(database)) == 1


def test_another_device_another_member_and_another_day_are_reports_of_their_own(shown, database, clock):
    declare(shown, "wang", "in_village", "2026-11-23 08:00")
    report(shown)
    assert report(shown, phone="手机二").status_code == 201
    assert report(shown, "wang").status_code == 201
    assert report(shown, device_id="app-1").status_code == 201
    clock.set("2026-11-23 23:59")
    assert report(shown).status_code == 200
    clock.set("2026-11-24 00:00")
    assert report(shown).status_code == 201
    assert len(rows(database)) == 5


def test_a_report_stored_while_shown_stays_the_answer_after_the_board_changed(shown, clock):
    first = report(shown)
    clock.forward(minutes=5)
    declare(shown, "li", "official", "2026-11-23 08:10")
    assert (report(shown).status_code, report(shown).json()) == (200, first.json())


def test_what_is_stored_of_a_device_links_neither_days_nor_members_and_names_no_address(shown, database, clock):
    declare(shown, "wang", "in_village", "2026-11-23 08:00")
    report(shown, device_id="device-7")
    report(shown, "wang", device_id="device-7")
    clock.forward(days=1)
    report(shown, device_id="device-7")
    hashes = [row.device_hash for row in rows(database)]
    assert len(set(hashes)) == 3
    assert all(len(digest) == 64 and "device" not in digest for digest in hashes)


def test_a_report_changes_nothing_in_the_ledger(shown, database):
    def ledger():
        with database.reading() as session:
            entries = [(e.posting_id, e.status, e.exceptions) for e in session.scalars(select(DayEntry))]
            return entries, len(session.scalars(select(DayRevision)).all())

    before = ledger()
    report(shown)
    assert ledger() == before


def test_offices_see_the_reports_of_their_area_only(shown):
    report(shown, note="没见到")
    for who in ("township_officer", "county_officer", "city_officer", "unit_officer"):
        (item,) = shown.as_(who).get("/board-reports").json()["items"]
        assert (item["cadre"], item["note"], item["village_code"]) == ("干部1", "没见到", VILLAGE)
        assert "device_hash" not in item
    for who in ("sibling_township_officer", "foreign_county_officer", "foreign_unit_officer"):
        assert shown.as_(who).get("/board-reports").json()["items"] == []
    for who in ("li", "dashboard", "admin"):
        assert shown.as_(who).get("/board-reports").status_code == 403
    assert shown.as_("township_officer").get(f"/board-reports?area={SIBLING_TOWNSHIP}").status_code == 404


def test_the_township_closes_a_report_with_a_remark_once(shown, database, clock):
    report_id = report(shown).json()["id"]
    officer = shown.as_("township_officer")
    clock.forward(hours=1)
    answer = officer.post(f"/board-reports/{report_id}/handling", {"remark": "电话核实，在村民小组开会"})
    assert answer.status_code == 200
    assert answer.json()["remark"] == "电话核实，在村民小组开会"
    assert answer.json()["handled_at"] == "2026-11-23T09:05:00+08:00"
    assert officer.post(f"/board-reports/{report_id}/handling", {"remark": "再办"}).json()["code"] == "already_handled"
    assert officer.get("/board-reports?open=true").json()["items"] == []
    assert len(officer.get("/board-reports?open=false").json()["items"]) == 1
    with database.reading() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "board_report.handle")).all()
    assert [(event.target, event.by) for event in events] == [(report_id, shown.accounts["township_officer"])]


def test_only_the_own_township_closes_a_report(shown):
    report_id = report(shown).json()["id"]
    path, body = f"/board-reports/{report_id}/handling", {"remark": "无"}
    assert shown.as_("county_officer").post(path, body).status_code == 403
    outside = shown.as_("sibling_township_officer").post(path, body)
    missing = shown.as_("township_officer").post(f"/board-reports/{uuid4()}/handling", body)
    assert outside.status_code == missing.status_code == 404
    assert {**outside.json(), "trace_id": ""} == {**missing.json(), "trace_id": ""}


class TestWithRateLimits:
    @pytest.fixture
    def settings(self, database_url, tmp_path):
        return Settings(database_url=database_url, storage_dir=tmp_path, rate_limits=True)

    def test_the_eleventh_report_of_an_address_within_an_hour_is_refused(self, shown):
        answers = [report(shown, device_id=f"device-{number}").status_code for number in range(11)]
        assert answers == [201] * 10 + [429]

    def test_the_form_counts_together_with_the_json_reports_and_refuses_with_a_page(self, shown):
        for number in range(10):
            report(shown, device_id=f"device-{number}")
        answer = shown.client.post(
            f"/board/{VILLAGE}/reports", data={"posting_id": str(shown.postings["li"]), "note": ""}
        )
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"].startswith("text/html")
        assert "请求过于频繁" in answer.text
