"""Replay: what a proposed provision would have changed, and that finding out changes nothing."""

import hashlib
import json
from datetime import date, timedelta
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from app.attendance.close import close_due_days
from app.cli.main import run
from app.database import Base
from app.models import CheckIn, Fence, LocalProvision
from tests.attendance.test_flags_from_days import flags
from tests.checkins.test_checkins import body
from tests.leaves.support import MONDAY, ask
from tests.provisions.support import provide
from tests.support.world import CITY, COUNTY, FOREIGN_COUNTY, TOWNSHIP, VILLAGE

FIRST, LAST = "2026-11-23", "2026-12-08"
"""Sixteen days, all closed on the ninth of December."""

NEAR_EDGE = {"lng": 110.695, "accuracy_m": 120}
"""About 1,351 m from the centre: inside up to 149 m of error, and 120 m of accuracy are 194 m of error at 1.62."""


@pytest.fixture
def command(database_url, monkeypatch, tmp_path, capsys):
    """`replay` as it is typed, on the ninth of December; (exit code, output, errors)."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    file = tmp_path / "proposal.toml"

    def call(proposal: str, *more: str, area: str = COUNTY, first: str = FIRST, last: str = LAST):
        file.write_text(proposal, "utf-8")
        arguments = ("replay", "--area", area, "--from", first, "--to", last, "--with", str(file), *more)
        with time_machine.travel("2026-12-09T08:00:00+08:00", tick=False):
            code = run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def report(command):
    def call(proposal: str, **where: str) -> dict:
        code, out, err = command(proposal, "--json", **where)
        assert (code, err) == (0, "")
        return json.loads(out)

    return call


@pytest.fixture
def sixteen_days(world, database, clock):
    """Nobody checks in from 23 November to 8 December; every day is closed."""
    clock.set("2026-12-09 08:00")
    close_due_days(database, clock())
    return world


def proposing(key: str, value: object, **fields: str) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    more = "".join(f"{name} = {text}\n" for name, text in fields.items())
    return f'[[provision]]\nkey = "{key}"\nvalue = {shown}\n{more}'


def by_person(world, items, who):
    return [item for item in items if item["posting_id"] == str(world.postings[who])]


def checksums(database) -> dict[str, str]:
    """Of every row of every table."""
    with database.reading() as session:
        return {
            table.name: hashlib.sha256(repr(sorted(map(repr, session.execute(select(table))))).encode()).hexdigest()
            for table in Base.metadata.sorted_tables
        }


# ------------------------------------------------------------------ flags


def test_a_lower_line_shows_whose_flag_would_have_come_and_when(sixteen_days, report):
    found = report(proposing("absence.consecutive_days", 10))
    assert (found["people"], found["days"], found["routes"]) == (4, [], [])
    [change] = by_person(sixteen_days, found["flags"], "wang")
    assert change["ground"] == "absence_consecutive"
    assert change["before"] == {"state": "provisional", "since": "2026-12-08", "days": 16}
    assert change["after"] == {"state": "provisional", "since": "2026-12-03", "days": 11}
    assert change["standing"] == "provisional"


def test_absences_entered_for_days_before_the_county_began_carry_nothing(sixteen_days, report):
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        sent = {
            "posting_id": str(sixteen_days.postings["wang"]),
            "date": day,
            "status": "absent",
            "reason": "核对签到表",
        }
        assert sixteen_days.as_("township_officer").post("/days/corrections", sent).status_code == 201
    found = report(proposing("absence.consecutive_days", 10), first="2026-11-16")
    [change] = by_person(sixteen_days, found["flags"], "wang")
    assert change["before"] == {"state": "provisional", "since": "2026-12-08", "days": 16}


def test_the_other_reading_of_a_day_takes_flags_away(sixteen_days, report):
    found = report(proposing("absence.unit", "working_days"))
    [change] = by_person(sixteen_days, found["flags"], "wang")
    assert change["before"]["state"] == "provisional"
    assert change["after"] == {"state": "warning", "since": "2026-12-04", "days": 10}


def test_a_proposal_that_changes_nothing_says_so(sixteen_days, command):
    code, out, _ = command(proposing("absence.cumulative_days", 29))
    assert code == 0
    assert out.count("：无") == 3


def test_what_is_replayed_is_what_the_ledger_would_have_said(world, database, clock, report):
    """The same days lived through twice in one world: the foreign county had the provision, the own one replays it."""
    world.provide("absence.consecutive_days", 10, MONDAY, FOREIGN_COUNTY, by="foreign_county_officer")
    clock.set("2026-12-06 00:30")
    close_due_days(database, clock())
    listed = world.as_("foreign_county_officer").get("/recall-flags").json()["items"]
    [lived] = [flag for flag in listed if flag["posting_id"] == str(world.postings["zhou"])]
    [replayed] = by_person(world, report(proposing("absence.consecutive_days", 10), last="2026-12-05")["flags"], "wang")
    assert (replayed["ground"], replayed["after"]["state"]) == (lived["ground"], lived["state"])
    assert replayed["before"]["state"] == "warning" == flags(world)["absence_consecutive"]


def test_a_proposal_holds_from_its_own_day_where_that_is_past_and_else_throughout(sixteen_days, report):
    late = report(proposing("absence.consecutive_days", 10, **{"from": "2026-12-07"}))
    assert by_person(sixteen_days, late["flags"], "wang")[0]["after"]["since"] == "2026-12-07"
    future = report(proposing("absence.consecutive_days", 10, **{"from": "2027-01-01"}))
    assert future["proposed"][0]["in_force_from"] == FIRST
    assert by_person(sixteen_days, future["flags"], "wang")[0]["after"]["since"] == "2026-12-03"


# ------------------------------------------------------------------ presence


@pytest.fixture
def near_edge(world, database, clock):
    """`wang` stood near the fence's edge from Monday to Wednesday, `li` in the middle of the village."""
    for day in ("2026-11-23", "2026-11-24", "2026-11-25"):
        clock.set(f"{day} 09:00")
        sent = world.as_("wang").post("/check-ins", body(f"{day}T09:00:00+08:00", **NEAR_EDGE)).json()
        assert sent["verdict"] == "uncertain"
        world.as_("li").post("/check-ins", body(f"{day}T09:00:00+08:00"))
    clock.set("2026-12-09 08:00")
    close_due_days(database, clock())
    return world


def test_another_allowance_for_error_turns_absences_into_presence_and_moves_the_flag(near_edge, report):
    found = report(proposing("presence.verdict", 1.1))
    days = by_person(near_edge, found["days"], "wang")
    assert [(d["date"], d["before"], d["after"]) for d in days] == [
        (f"2026-11-{n}", "absent", "on_post") for n in (23, 24, 25)
    ]
    assert by_person(near_edge, found["days"], "li") == []
    [change] = by_person(near_edge, found["flags"], "wang")
    assert change["before"]["state"] == "provisional"
    assert change["after"] == {"state": "warning", "since": "2026-12-07", "days": 12}


def test_a_stricter_accuracy_turns_presence_into_absence(near_edge, report):
    found = report(proposing("presence.max_accuracy_m", 15))
    days = by_person(near_edge, found["days"], "li")
    assert {(d["before"], d["after"]) for d in days} == {("on_post", "absent")}
    assert len(days) == 3
    assert by_person(near_edge, found["days"], "wang") == [], "uncertain before and after"


def test_what_the_township_has_accepted_or_entered_stays_present(world, database, clock, report):
    clock.set("2026-11-23 09:00")
    world.as_("li").post("/check-ins", body())
    officer = world.as_("township_officer")
    entry = {"posting_id": str(world.postings["li"]), "date": "2026-11-23", "source": "visit", "note": "走访"}
    assert officer.post("/registrations", entry).status_code == 201
    outside = body(lng=111.2)
    world.as_("wang").post("/check-ins", outside)
    officer.post(f"/check-ins/{outside['id']}/acceptance", {"accept": True, "reason": "电话核实"})
    clock.set("2026-12-09 08:00")
    close_due_days(database, clock())
    assert report(proposing("presence.max_accuracy_m", 15))["days"] == []


def test_a_fence_that_was_moved_since_is_not_the_proposals_doing(near_edge, database, report):
    with database.writing() as session:
        fence = session.scalars(select(Fence).where(Fence.area_code == VILLAGE)).one()
        fence.geometry = {"circle": {"lng": 111.5, "lat": 36.5, "radius_m": 1500}}
    found = report(proposing("presence.max_accuracy_m", 400))
    assert found["days"] == []


def test_more_days_to_send_a_check_in_later_make_it_count(world, database, clock, report):
    clock.set("2026-12-02 09:00")
    close_due_days(database, clock())
    world.as_("wang").post("/check-ins", body("2026-11-23T09:00:00+08:00"))
    world.as_("li").post("/check-ins", body("2026-11-26T09:00:00+08:00"))
    found = report(proposing("presence.late_upload_days", 9))
    assert [(d["date"], d["after"]) for d in by_person(world, found["days"], "wang")] == [("2026-11-23", "on_post")]
    fewer = report(proposing("presence.late_upload_days", 5))
    assert [(d["date"], d["after"]) for d in by_person(world, fewer["days"], "li")] == [("2026-11-26", "absent")]


def test_a_clock_that_ran_ahead_is_believed_or_not_and_the_check_in_moves_to_its_day(world, database, clock, report):
    clock.set("2026-11-23 23:50")
    sent = world.as_("wang").post("/check-ins", body("2026-11-24T00:10:00+08:00")).json()
    assert (sent["date"], sent["counts"]) == ("2026-11-23", False)
    clock.set("2026-12-09 08:00")
    close_due_days(database, clock())
    found = report(proposing("presence.clock_skew_minutes", 30))
    assert [(d["date"], d["before"], d["after"]) for d in found["days"]] == [("2026-11-24", "absent", "on_post")]


# ------------------------------------------------------------------ leave


def test_a_lower_tier_shows_whose_leave_another_office_would_have_decided(world, clock, report):
    short, long = ask(world, "li", days=3), ask(world, "wang", days=5)
    found = report(proposing("leave.township_days", 3), last="2026-11-25")
    [change] = found["routes"]
    assert change["leave_id"] == long["id"] != short["id"]
    assert (change["before"], change["after"]) == (["township"], ["county"])
    assert (change["asked_on"], change["first"], change["last"]) == ("2026-11-23", "2026-11-23", "2026-11-27")


def test_without_adding_up_each_request_would_have_stood_alone_and_with_it_again_together(world, clock, report):
    ask(world, days=7)
    ask(world, starts_on=MONDAY + timedelta(days=7), days=2)
    [change] = report(proposing("leave.adjoining_adds_up", False))["routes"]
    assert (change["before_days"], change["after_days"]) == (9, 2)
    assert (change["before"], change["after"]) == (["county"], ["township"])
    provide(world, "leave.adjoining_adds_up", False)
    clock.set("2026-11-24 08:00")
    ask(world, "wang", days=7, starts_on=MONDAY + timedelta(days=7))
    clock.forward(minutes=5)
    ask(world, "wang", days=2, starts_on=MONDAY + timedelta(days=14))
    found = report(proposing("leave.adjoining_adds_up", True, **{"from": "2026-11-24"}))
    [change] = by_person(world, found["routes"], "wang")
    assert (change["before_days"], change["after_days"]) == (2, 9)


def test_joint_approval_in_another_order_is_the_same_route(world, report):
    ask(world, days=16)
    assert report(proposing("leave.long_other_units", ["unit", "county"]))["routes"] == []


# ------------------------------------------------------------------ where it holds, and what it leaves alone


def test_only_the_area_is_replayed_and_a_proposal_may_be_for_a_part_of_it(sixteen_days, report):
    whole = report(proposing("absence.consecutive_days", 10), area=CITY)
    assert whole["people"] == 5
    part = report(proposing("absence.consecutive_days", 10, area_code=f'"{TOWNSHIP}"'))
    assert part["people"] == 4
    touched = {change["posting_id"] for change in part["flags"]}
    assert touched == {str(sixteen_days.postings[who]) for who in ("li", "wang", "zhao")}


def test_a_replay_changes_no_row_of_any_table(near_edge, database, command):
    ask(near_edge, days=5, starts_on=date(2026, 12, 20))
    proposal = "\n".join(
        [
            proposing("presence.verdict", 1.1),
            proposing("presence.late_upload_days", 1),
            proposing("absence.consecutive_days", 5),
            proposing("leave.township_days", 1),
        ]
    )
    before = checksums(database)
    code, out, _ = command(proposal, last="2026-12-09")
    assert code == 0
    assert "：无" not in out, "every part has something to say"
    assert checksums(database) == before


def test_what_a_replay_reads_with_cannot_write(world, database):
    with pytest.raises(DBAPIError), database.snapshot() as session:
        session.execute(insert(LocalProvision.__table__).values(id=uuid4(), key="x"))


def test_a_replay_sees_one_instant_while_the_service_goes_on(world, database):
    with database.snapshot() as session:
        assert session.scalars(select(CheckIn.id)).all() == []
        world.as_("li").post("/check-ins", body())
        assert session.scalars(select(CheckIn.id)).all() == []
    with database.snapshot() as session:
        assert len(session.scalars(select(CheckIn.id)).all()) == 1


def test_the_table_names_people_and_days_in_chinese(near_edge, command):
    _, out, _ = command(proposing("presence.verdict", 1.1, approval_document='"青扶组〔2026〕8号"'))
    assert "回放 云岭县 2026-11-23 至 2026-12-08，4 人。未写入任何数据。" in out
    assert "presence.verdict = 1.1（现行 1.62）" in out
    assert "批准文号 青扶组〔2026〕8号" in out
    assert "状态会变化：3 人日" in out
    [line] = [line for line in out.splitlines() if "2026-11-23～2026-11-25" in line]
    assert line.split()[:5] == ["上庄村", "干部2", "离岗", "在岗", "3"]


def test_a_setting_that_bears_on_no_status_is_named_as_not_replayed(world, command, report):
    _, out, _ = command(proposing("board.mask_phone", True))
    assert "board.mask_phone = true（现行 false）" in out
    assert "未回放" in out
    assert report(proposing("board.mask_phone", True))["proposed"][0]["replayed"] is False


# ------------------------------------------------------------------ what is refused

WRONG = (
    ("not toml", "不是有效的 TOML"),
    ("", "[[provision]]"),
    ("[provision]\nkey = 1", "[[provision]]"),
    ('[[provision]]\nkey = "leave.township_days"', "缺少 key 或 value"),
    (proposing("leave.nothing", 3), "没有这一条目"),
    (proposing("leave.township_days", "3"), "应为整数"),
    (proposing("leave.township_days", 0), "1 至 365"),
    (proposing("leave.township_days", 9), "与第九条（二）相抵触"),
    (proposing("leave.county_days", 5), "leave.township_days 将大于"),
    (proposing("day.absent", "rest"), "系统的工作方式"),
    (proposing("leave.township_days", 3, form="2027-01-01"), "不认识的字段"),
    (proposing("leave.township_days", 3, **{"from": '"2027-01-01"'}), "日期"),
    (proposing("leave.township_days", 3, **{"from": "2027-01-01T00:00:00"}), "日期"),
    (proposing("leave.township_days", 3, **{"from": "2017-01-01"}), "不能早于 2018-07-05"),
    (proposing("leave.township_days", 3, area_code='"990102000000"'), "区划"),
    (proposing("leave.township_days", 3, area_code="9"), "区划代码"),
    (proposing("leave.township_days", 3) + proposing("leave.township_days", 2), "两次"),
    ('[[provision]]\nkey = "presence.verdict"\nvalue = nan', "应为数字"),
)


def test_a_file_that_holds_no_proposal_is_refused_in_one_sentence_with_exit_code_2(world, command):
    for text, sentence in WRONG:
        code, out, err = command(text)
        assert (code, out) == (2, ""), text
        assert sentence in err, (text, err)
        assert err.count("\n") == 1, err


def test_two_provisions_that_only_make_sense_together_are_taken_together(world, report):
    both = proposing("leave.county_days", 5) + proposing("leave.township_days", 4)
    assert len(report(both)["proposed"]) == 2


def test_an_approval_lets_a_proposal_go_beyond_the_text(sixteen_days, report):
    found = report(proposing("absence.consecutive_days", 20, approval_document='"拟报批"'))
    [change] = by_person(sixteen_days, found["flags"], "wang")
    assert (change["before"]["state"], change["after"]["state"]) == ("provisional", "warning")


def test_wrong_days_areas_and_files_are_refused_with_exit_code_2(world, command, tmp_path):
    good = proposing("leave.township_days", 3)
    assert command(good, first="2026-12-09", last="2026-12-08")[0] == 2
    assert command(good, last="2026-12-10")[0] == 2, "tomorrow has not been lived through"
    assert command(good, first="2020-01-01")[0] == 2
    assert command(good, first="someday")[0] == 2
    assert command(good, area="990199000000")[0] == 2
    assert command(good, area="x")[0] == 2
    code, _, err = command(good, "--with", str(tmp_path / "missing.toml"))
    assert (code, "无法读取文件" in err) == (2, True)
