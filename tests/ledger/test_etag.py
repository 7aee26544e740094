"""What changes the sheet changes its ETag; an unchanged one is told without a look at the days."""

from datetime import date

import pytest
from sqlalchemy import event

from app.attendance.close import close_due_days
from app.models import CalendarYear
from tests.checkins.test_checkins import body as check_in
from tests.leaves import support as leaves
from tests.provisions.support import provide
from tests.roster.support import id_number, send
from tests.support.world import COUNTY, TOWNSHIP, VILLAGE
from tests.whereabouts.support import declare

PATH = f"/ledger?area={TOWNSHIP}&month=2026-11"
TUESDAY = "2026-11-24"
PEOPLES_ROWS = ("day_entries", "day_revisions", "check_ins", "registrations", "corrections", "leaves", "postings")


@pytest.fixture
def closed_monday(world, clock, database):
    """Monday is closed and nobody was there; it is Tuesday morning."""
    clock.set(f"{TUESDAY} 08:30")
    close_due_days(database, clock())
    return world


def tag(world, path=PATH, who="township_officer"):
    answer = world.as_(who).get(path)
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"]


def ok(answer):
    assert answer.status_code in {200, 201}, answer.text
    return answer


def posting(world, who, **changes):
    return {"posting_id": str(world.postings[who]), "date": "2026-11-23", **changes}


def load_calendar(world):
    """As `import-calendar` does for every county, of an open day."""
    days = {"off": ["2026-01-01", TUESDAY], "working": []}
    with world.database.writing() as session:
        session.add(CalendarYear(year=2026, days=days, source="国办发明电", loaded_by=None, loaded_at=world.clock()))


def rename_township(world):
    rows = [("代码", "名称", "级别", "上级代码"), (TOWNSHIP, "新石桥镇", "乡", COUNTY)]
    content = "\n".join(",".join(row) for row in rows).encode()
    assert ok(send(world.as_("admin"), "/imports/areas", content, "areas.csv")).json()["updated"] == 1


def new_posting(world):
    officer = world.as_("county_officer")
    new = ok(officer.post("/cadres", {"name": "新来", "id_number": id_number(1), "phone": "13700000001"}))
    sent = {"cadre_id": new.json()["id"], "unit_id": str(world.units["county"]), "village_code": VILLAGE}
    ok(officer.post("/postings", {**sent, "duty": "member", "starts_on": "2026-11-20", "ends_on": None}))


def grant_leave(world):
    leaves.grant(world, leaves.ask(world, "li", date(2026, 11, 24)), "township_officer")


CHANGES = {
    "a check-in today": lambda w: ok(w.as_("li").post("/check-ins", check_in(f"{TUESDAY}T08:20:00+08:00"))),
    "a late check-in": lambda w: ok(w.as_("li").post("/check-ins", check_in())),
    "a registration": lambda w: ok(
        w.as_("township_officer").post("/registrations", posting(w, "li", source="paper", note="签到簿"))
    ),
    "a correction": lambda w: ok(
        w.as_("county_officer").post("/days/corrections", posting(w, "li", status="official", reason="开会"))
    ),
    "a confirmation": lambda w: ok(
        w.as_("township_officer").post("/days/confirmations", {"date": "2026-11-23", "area_code": TOWNSHIP})
    ),
    "a trip on the board": lambda w: declare(w, "li", "official", f"{TUESDAY} 08:00"),
    "a leave granted": grant_leave,
    "a cadre renamed": lambda w: ok(w.as_("county_officer").patch(f"/cadres/{w.cadres['li']}", {"name": "李改名"})),
    "a new posting": new_posting,
    "a posting ended": lambda w: ok(
        w.as_("county_officer").post(
            f"/postings/{w.postings['wang']}/end", {"ends_on": "2026-11-10", "reason": "期满轮换"}
        )
    ),
    "a township renamed": rename_township,
    "a calendar loaded": load_calendar,
    "a local provision for later days": lambda w: provide(
        w, "allowance.counted_statuses", ["on_post", "official"], "2026-11-25"
    ),
    "the month filed": lambda world: world.file_month("2026-11"),
    "midnight": lambda w: w.clock.set("2026-11-25 00:01"),
    "a day closed": lambda w: (w.clock.set("2026-11-25 00:30"), close_due_days(w.database, w.clock())),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_the_sheet_changes_its_etag(closed_monday, change):
    before = tag(closed_monday)
    assert tag(closed_monday) == before
    CHANGES[change](closed_monday)
    answer = closed_monday.as_("township_officer").get(PATH, headers={"If-None-Match": before})
    assert answer.status_code == 200
    assert answer.headers["etag"] != before


def test_an_unchanged_etag_is_answered_without_a_look_at_anybodys_rows(closed_monday):
    before = tag(closed_monday)
    seen = []
    engine = closed_monday.database.standby

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = closed_monday.as_("township_officer").get(PATH, headers={"If-None-Match": before})
        unchanged = list(seen)
        seen.clear()
        assert closed_monday.as_("township_officer").get(PATH).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", before)
    assert [s for s in unchanged if any(f"FROM {table}" in s or f"JOIN {table}" in s for table in PEOPLES_ROWS)] == []
    assert [s for s in seen if "FROM day_entries" in s], "the days would have been noticed"


def test_the_number_of_queries_does_not_grow_with_the_people(closed_monday):
    counts = []
    tag(closed_monday)  # connects, and reads the signing keys
    engine = closed_monday.database.standby
    for _ in range(2):
        seen = []
        note = lambda *arguments, seen=seen: seen.append(arguments[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", note)
        tag(closed_monday)
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(seen))
        with closed_monday.database.writing() as session:
            for _ in range(10):
                closed_monday.add_cadre(session, f"new{len(closed_monday.cadres)}", VILLAGE, "county")
    assert counts[0] == counts[1] < 20


def test_each_form_month_area_and_reader_has_a_tag_of_its_own(closed_monday):
    tags = [tag(closed_monday, f"{PATH}&format={form}") for form in ("json", "csv", "xlsx")]
    tags += [tag(closed_monday, f"/ledger?area={area}&month=2026-11") for area in (VILLAGE,)]
    tags += [tag(closed_monday, f"/ledger?area={TOWNSHIP}&month=2026-10")]
    tags += [tag(closed_monday, who=who) for who in ("unit_officer", "foreign_unit_officer")]
    assert len(set(tags)) == len(tags)


def test_a_month_that_is_over_and_closed_reads_no_fact(closed_monday, clock, database):
    clock.set("2026-12-01 00:30")
    close_due_days(database, clock())
    seen = []
    note = lambda *arguments: seen.append(arguments[2])  # noqa: E731
    event.listen(database.standby, "before_cursor_execute", note)
    tag(closed_monday)
    event.remove(database.standby, "before_cursor_execute", note)
    assert not [s for s in seen if "check_ins" in s or "leaves" in s]
    assert [s for s in seen if "FROM day_entries" in s]
