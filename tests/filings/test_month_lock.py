"""A filed month stands: whoever writes afterwards is refused or held back, nothing is lost, and the county corrects."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, text

from app.models import DayEntry, Registration, Whereabouts
from tests.checkins.test_checkins import body as check_in
from tests.leaves.support import ask, decide
from tests.support.waiting import wait_until_blocked
from tests.support.world import COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, VILLAGE

LAST_MONDAY = "2026-11-30"


@pytest.fixture
def waiting(office, world):
    """A check-in of November that waits for the township, made before the month was filed."""
    office.close_until("2026-11-30 09:00")
    sent = check_in("2026-11-30T08:30:00+08:00", lng=111.2)
    assert world.as_("li").post("/check-ins", sent).json()["counts"] is False
    return sent


@pytest.fixture
def locked(waiting, november):
    """November is closed, and filed by one of the two townships."""
    november.filing = november.filed("2026-11")
    return november


def statuses(office, names=("li", "wang", "zhao")):
    days = [f"2026-11-{day}" for day in range(23, 31)]
    return {(name, day): office.status(name, day)[0] for name in names for day in days}


def test_the_township_writes_nothing_into_a_month_that_it_has_filed(locked, world, waiting):
    before = statuses(locked)
    li = str(world.postings["li"])
    registration = {"posting_id": li, "date": LAST_MONDAY, "source": "paper"}
    item = {"posting_id": li, "status": "on_post", "remark": "在村"}
    officer = world.as_("township_officer")
    for answer in (
        locked.confirm(LAST_MONDAY),
        officer.post("/days/confirmations", {"date": LAST_MONDAY, "area_code": TOWNSHIP, "items": [item]}),
        locked.correct("li", LAST_MONDAY, "on_post", "township_officer"),
        officer.post("/registrations", registration),
        officer.post(f"/check-ins/{waiting['id']}/acceptance", {"accept": True, "reason": "核实"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "month_locked"), answer.url
    assert statuses(locked) == before
    shown = locked.read(locked.filing)
    assert (shown["changes_since"], shown["held_back"]) == ([], [])
    with locked.database.reading() as session:
        assert session.scalars(select(Registration)).all() == []


def test_the_lock_is_of_one_township_and_one_month(locked, world, clock):
    body = {"date": LAST_MONDAY, "area_code": SIBLING_TOWNSHIP}
    assert world.as_("sibling_township_officer").post("/days/confirmations", body).status_code == 200
    locked.close_until("2026-12-02 00:30")
    assert locked.confirm("2026-12-01").status_code == 200


def test_the_county_corrects_a_filed_month_and_the_difference_names_it(locked, world):
    answer = locked.correct("wang", LAST_MONDAY)
    assert answer.status_code == 201, answer.text
    assert locked.status("wang", LAST_MONDAY)[:2] == ("official", True)
    assert locked.cell(locked.filing, "wang", LAST_MONDAY)["status"] == "absent"
    [change] = locked.read(locked.filing)["changes_since"]
    assert (change["posting_id"], change["date"]) == (str(world.postings["wang"]), LAST_MONDAY)
    assert (change["filed"], change["present"], change["reason"]) == ("absent", "official", "核实更正")
    assert (change["by"]["role"], change["cause"]) == ("county_officer", "correction")


def test_a_late_upload_is_kept_and_shown_to_the_county_which_settles_it_by_a_correction(locked, world):
    sent = check_in("2026-11-27T08:30:00+08:00")
    answer = world.as_("li").post("/check-ins", sent)
    assert (answer.status_code, answer.json()["counts"], answer.json()["day_status"]) == (201, False, "absent")
    [held] = locked.read(locked.filing)["held_back"]
    assert (held["posting_id"], held["date"]) == (str(world.postings["li"]), "2026-11-27")
    assert (held["status"], held["exceptions"]) == ("absent", ["evidence_waiting"])
    assert locked.read(locked.filing, "township_officer")["held_back"] == [held]
    locked.clock.forward(minutes=5)
    assert locked.correct("li", "2026-11-27", "on_post").status_code == 201
    shown = locked.read(locked.filing)
    assert shown["held_back"] == []
    assert [change["present"] for change in shown["changes_since"]] == ["on_post"]


def test_a_leave_that_is_approved_afterwards_does_not_touch_the_month_and_is_shown(locked, world):
    leave = ask(world, "wang", date(2026, 11, 30), 2)
    assert leave["locked_days"] == [LAST_MONDAY]
    granted = decide(world, "township_officer", leave).json()
    assert (granted["state"], granted["locked_days"]) == ("approved", [LAST_MONDAY])
    assert locked.status("wang", LAST_MONDAY)[0] == "absent"
    assert locked.status("wang", "2026-12-01")[0] == "leave"
    held = locked.read(locked.filing)["held_back"]
    assert [(h["date"], h["status"], h["would_be"]) for h in held] == [(LAST_MONDAY, "absent", "leave")]


def test_a_declaration_and_an_outage_do_not_touch_the_month_and_are_shown(locked, world, database):
    before = statuses(locked)
    board = {
        "id": str(uuid4()),
        "state": "official",
        "destination": "县里",
        "since": "2026-11-27T08:00:00+08:00",
        "expected_back_at": "2026-11-27T18:00:00+08:00",
    }
    assert world.as_("zhao").put("/me/whereabouts", board).status_code in {200, 201}
    outage = {"area_code": COUNTY, "from": "2026-11-30", "to": "2026-12-01", "reason": "断电"}
    declared = world.as_("county_officer").post("/outages", outage).json()
    assert declared["locked_months"] == [{"area_code": TOWNSHIP, "period": "2026-11"}]
    assert statuses(locked) == before
    assert locked.status("sun", LAST_MONDAY)[0] == "pending", "the other township had not filed"
    held = {(h["posting_id"], h["date"]): h["would_be"] for h in locked.read(locked.filing)["held_back"]}
    expected = {(str(world.postings[name]), LAST_MONDAY): "pending" for name in ("li", "wang", "zhao")}
    assert held == {**expected, (str(world.postings["zhao"]), "2026-11-27"): "official"}
    with database.reading() as session:
        assert session.get(Whereabouts, UUID(board["id"])) is not None


def end(world, who, day, reason="轮换"):
    body = {"ends_on": day, "reason": reason}
    answer = world.as_("county_officer").post(f"/postings/{world.postings[who]}/end", body)
    assert answer.status_code == 200, answer.text


def readings(world, who, day):
    """How each reader has one day of a posting; null where it has none."""
    county, posting_id = world.as_("county_officer"), str(world.postings[who])
    listed = county.get(f"/days?area={TOWNSHIP}&date={day}").json()["items"]
    own = county.get(f"/postings/{posting_id}/days?from={day}&to={day}").json()["items"]
    explained = county.get(f"/postings/{posting_id}/days/{day}").json()
    sheet = county.get(f"/ledger?area={TOWNSHIP}&month={day[:7]}").json()["rows"]
    cells = [row["cells"][int(day[8:]) - 1]["status"] for row in sheet if row["posting_id"] == posting_id]
    stats = county.get(f"/stats/attendance?area={TOWNSHIP}&from={day}&to={day}&by=day").json()["rows"]
    return {
        "/days": [item["status"] for item in listed if item["posting_id"] == posting_id],
        "/postings/{id}/days": [item["status"] for item in own],
        "/postings/{id}/days/{date}": [explained["status"]] if "revisions" in explained else [],
        "/ledger": [status for status in cells if status is not None],
    }, {name: stats[0][name] for name in ("people", "absent")}


def test_days_that_fall_out_of_a_posting_by_its_end_are_gone_from_the_filed_month_too(locked, world):
    day = "2026-11-26"
    assert readings(world, "wang", day)[1] == {"people": 3, "absent": 3}
    end(world, "wang", "2026-11-25")
    found, counted = readings(world, "wang", day)
    assert set(map(len, found.values())) == {0}, found
    assert counted == {"people": 2, "absent": 2}
    assert locked.cell(locked.filing, "wang", day)["status"] == "absent", "what was filed stays what was filed"
    shown = locked.read(locked.filing)
    assert shown["held_back"] == []
    assert {(c["date"], c["present"], c["cause"], c["reason"], c["by"]["role"]) for c in shown["changes_since"]} == {
        (f"2026-11-{number}", None, "posting", "轮换", "county_officer") for number in range(26, 31)
    }


def test_days_that_come_into_a_posting_are_in_the_filed_month_and_read_alike_everywhere(world, november):
    day = "2026-11-26"
    end(world, "li", "2026-11-24")
    filing = november.filed("2026-11")
    end(world, "li", "2027-11-24", "结束日期录入有误")
    found, counted = readings(world, "li", day)
    assert set(map(tuple, found.values())) == {("absent",)}, found
    assert counted == {"people": 3, "absent": 3}
    changes = [c for c in november.read(filing)["changes_since"] if c["date"] == day]
    assert [(c["filed"], c["present"], c["reason"]) for c in changes] == [(None, "absent", "结束日期录入有误")]
    assert november.correct("li", day, "on_post").status_code == 201


def test_a_posting_that_is_entered_into_a_filed_month_reads_alike_everywhere(world, november):
    end(world, "li", "2026-11-24")
    november.filed("2026-11")
    posting = {
        "cadre_id": str(world.cadres["li"]),
        "unit_id": str(world.units["county"]),
        "village_code": VILLAGE,
        "duty": "member",
        "starts_on": "2026-11-26",
    }
    entered = world.as_("county_officer").post("/postings", posting)
    assert entered.status_code == 201, entered.text
    world.postings["li again"] = entered.json()["id"]
    for day, status in (("2026-11-26", "absent"), ("2026-11-28", "rest"), ("2026-11-25", None)):
        found, _ = readings(world, "li again", day)
        assert set(map(tuple, found.values())) == {(status,) if status else ()}, (day, found)


def test_a_closed_day_that_the_ledger_does_not_have_is_judged_by_no_reader(world, november, database):
    """However it came about: nobody's act leaves such a day."""
    day = "2026-11-26"
    with database.writing() as session:
        session.execute(
            delete(DayEntry).where(DayEntry.posting_id == world.postings["li"], DayEntry.date == date(2026, 11, 26))
        )
    found, _ = readings(world, "li", day)
    assert set(map(len, found.values())) == {0}, found
    sent = world.as_("li").get(f"/postings/{world.postings['li']}/days/{day}")
    assert sent.status_code == 404
    assert november.correct("li", day, "on_post", "township_officer").status_code == 201
    found, _ = readings(world, "li", day)
    assert set(map(tuple, found.values())) == {("on_post",)}, found


# ------------------------------------------------------------------------------- at the same instant


def writers(world, waiting):
    """Every way in which a township's day changes, with a name."""
    li = str(world.postings["li"])
    officer, cadre = world.as_("township_officer"), world.as_("li")
    registration = {"posting_id": li, "date": LAST_MONDAY, "source": "visit"}
    correction = {"posting_id": li, "date": LAST_MONDAY, "status": "on_post", "reason": "在村"}
    item = {"posting_id": li, "status": "leave", "remark": "补假"}
    return {
        "confirmation": lambda: officer.post(
            "/days/confirmations", {"date": LAST_MONDAY, "area_code": TOWNSHIP, "items": [item]}
        ),
        "correction": lambda: officer.post("/days/corrections", correction),
        "registration": lambda: officer.post("/registrations", registration),
        "acceptance": lambda: officer.post(
            f"/check-ins/{waiting['id']}/acceptance", {"accept": True, "reason": "核实"}
        ),
        "late upload": lambda: cadre.post("/check-ins", check_in("2026-11-30T10:00:00+08:00")),
    }


WRITERS = ("confirmation", "correction", "registration", "acceptance", "late upload")


ORDERS = [(first, writer) for first in ("filing", "writer") for writer in WRITERS]


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("first", "writer"), [order for order in ORDERS if order != ("writer", "late upload")])
def test_a_write_beside_the_filing_is_either_in_the_frozen_sheet_or_refused(
    waiting, november, world, database, first, writer
):
    """The first one has done its work and is held before its commit (at the audit trail, which a cadre's upload does
    not write), while the second one waits for the day.
    """
    acts = {"filing": lambda: november.file("2026-11"), "writer": writers(world, waiting)[writer]}
    order = [first, *[name for name in acts if name != first]]
    with database.writing() as session, ThreadPoolExecutor(2) as pool:
        session.execute(text(f"SELECT pg_advisory_xact_lock(hashtext('audit:{COUNTY}'))"))
        running = {}
        for count, name in enumerate(order, start=1):
            running[name] = pool.submit(acts[name])
            wait_until_blocked(database, count)
        session.rollback()
        answers = {name: future.result(timeout=30) for name, future in running.items()}
    assert answers["filing"].status_code == 201, answers["filing"].text
    shown = november.read(answers["filing"].json())
    assert shown["changes_since"] == [], "nothing came after the frozen sheet"
    written = november.status("li", LAST_MONDAY)[0]
    assert november.cell(answers["filing"].json(), "li", LAST_MONDAY)["status"] == written
    if first == "writer":
        assert answers["writer"].status_code in {200, 201}
        assert written == ("leave" if writer == "confirmation" else "on_post")
    elif writer == "late upload":
        assert answers["writer"].json()["counts"] is False
        assert [held["exceptions"] for held in shown["held_back"]] == [["evidence_waiting"]]
    else:
        assert (answers["writer"].status_code, answers["writer"].json()["code"]) == (409, "month_locked")
        assert (written, shown["held_back"]) == ("absent", [])


def test_of_two_filings_of_a_month_at_once_one_is_taken_and_the_other_is_told(november, world):
    with ThreadPoolExecutor(2) as pool:
        answers = [future.result() for future in [pool.submit(november.file, "2026-11") for _ in range(2)]]
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "already_filed"}
