"""From the candidate to the recall: who may take which step, and when."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import date, timedelta
from io import BytesIO
from uuid import UUID

import pytest
from docx import Document
from sqlalchemy import select

from app.ids import new_id
from app.models import AuditEvent, Posting, RecallFlag
from tests.recalls.support import MONDAY, STEPS, detail, flags_of, step, walk
from tests.support.waiting import wait_until_blocked
from tests.support.world import FOREIGN_COUNTY, ROLES, SECOND_VILLAGE, VILLAGE

FOREIGN_OFFICERS = ("foreign_township_officer", "foreign_county_officer", "foreign_unit_officer")

PATHS = {
    "candidate": (),
    "opinion": ("statement", "opinion"),
    "noticed": ("statement", "opinion", "notice"),
    "recalled": ("statement", "opinion", "notice", "recall"),
    "dismissed": ("dismiss",),
}
"""How each state is reached from the candidate."""

OPEN_STEPS = {
    "warning": {"dismiss"},
    "provisional": {"dismiss"},
    "candidate": {"statement", "opinion", "dismiss"},
    "opinion": {"statement", "notice", "dismiss"},
    "noticed": {"recall", "dismiss"},
    "recalled": set(),
    "dismissed": set(),
    "lifted": set(),
}
"""`review` needs changed facts and `reassign` another ground: neither is ever open here."""


@pytest.mark.parametrize("state", OPEN_STEPS)
def test_only_the_next_steps_of_a_state_are_open(world, ledger, state):
    reached = {"warning": 10, "provisional": 16, "lifted": 16}.get(state)
    ledger.absent("li", MONDAY, reached or 16, confirmed=reached is None)
    if state == "lifted":
        ledger.correct("li", date(2026, 11, 10), "official")
    flag_id = flags_of(world)[0]["id"]
    walk(world, flag_id, *PATHS.get(state, ()))
    before = detail(world, flag_id)
    assert before["state"] == state
    for name in set(STEPS) - OPEN_STEPS[state]:
        answer = step(world, flag_id, name)
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state"), name
    assert detail(world, flag_id) == before
    for name in sorted(OPEN_STEPS[state] - {"dismiss"}, reverse=True):
        assert step(world, flag_id, name).status_code == 200, name


@pytest.mark.parametrize("state", [state for state, steps in OPEN_STEPS.items() if "dismiss" in steps])
def test_the_county_may_dismiss_until_the_recall_with_its_reason_on_record(world, ledger, state):
    days, confirmed = {"warning": (10, True), "provisional": (16, False)}.get(state, (16, True))
    ledger.absent("li", MONDAY, days, confirmed=confirmed)
    flag_id = flags_of(world)[0]["id"]
    flag = walk(world, flag_id, *PATHS.get(state, ()), "dismiss")
    assert flag["state"] == "dismissed"
    assert flag["history"][-1]["reason"] == STEPS["dismiss"]["reason"]
    assert flag["history"][-1]["by"]["role"] == "county_officer"


def test_the_opinion_waits_for_the_statement_or_for_the_end_of_its_time(world, clock, candidate):
    assert detail(world, candidate)["statement_due_on"] == "2026-11-29"
    clock.set("2026-11-29 23:59")
    refused = step(world, candidate, "opinion")
    assert (refused.status_code, refused.json()["code"]) == (409, "statement_period_open")
    assert "2026-11-29" in refused.json()["detail"]
    clock.set("2026-11-30 00:00")
    assert step(world, candidate, "opinion").status_code == 200


def test_once_the_cadre_has_answered_the_opinion_need_not_wait(world, candidate):
    flag = walk(world, candidate, "statement", "opinion")
    assert flag["state"] == "opinion"
    assert flag["statement"] == STEPS["statement"]["text"]


def test_a_statement_may_be_amended_until_the_notice(world, candidate):
    walk(world, candidate, "statement", "opinion")
    assert step(world, candidate, "statement", text="补充：有住院证明。").json()["statement"] == "补充：有住院证明。"
    walk(world, candidate, "notice")
    assert step(world, candidate, "statement", text="再补充").status_code == 409
    assert detail(world, candidate)["statement"] == "补充：有住院证明。"


def test_a_recall_ends_the_posting_dates_the_consequences_and_leaves_a_vacancy(world, clock, candidate):
    clock.set("2026-11-24 09:00")
    flag = walk(world, candidate, "statement", "opinion", "notice", "recall")
    assert flag["state"] == "recalled"
    assert flag["consequences"] == {
        "recalled_on": "2026-11-24",
        "no_awards_in": 2026,
        "no_promotion_before": "2028-11-24",
    }
    with world.database.reading() as session:
        posting = session.get_one(Posting, world.postings["li"])
        assert (posting.ends_on, posting.end_reason) == (date(2026, 11, 24), flag["ground_label"])
    (vacancy,) = world.as_("county_officer").get("/vacancies?open=true").json()["items"]
    assert (vacancy["posting_id"], vacancy["village_code"]) == (str(world.postings["li"]), VILLAGE)
    assert (vacancy["opened_on"], vacancy["duty"]) == ("2026-11-25", "leader")


def test_days_after_a_recall_leave_the_ledger_and_carry_nothing(world, ledger, candidate):
    ledger.absent("li", MONDAY + timedelta(days=16), 6)
    assert detail(world, candidate)["counts"]["consecutive"]["calendar_days"] == 22
    early = step(world, candidate, "statement")
    assert early.status_code == 200
    walk(world, candidate, "opinion", "notice")
    refused = step(world, candidate, "recall", recalled_on="2026-11-22")
    assert refused.json()["errors"][0]["code"] == "before_counted_days"
    assert step(world, candidate, "recall", recalled_on="2026-11-23").status_code == 200
    days = world.as_("county_officer").get(f"/postings/{world.postings['li']}/days?from=2026-11-23&to=2026-11-24")
    assert [day["date"] for day in days.json()["items"]] == ["2026-11-23"]


@pytest.mark.parametrize(
    ("recalled_on", "code"), [("2026-11-25", "in_future"), ("2025-12-31", "before_posting"), ("1999-01-01", None)]
)
def test_a_recall_on_an_impossible_day_is_refused_and_changes_nothing(world, candidate, recalled_on, code):
    walk(world, candidate, "statement", "opinion", "notice")
    answer = step(world, candidate, "recall", recalled_on=recalled_on)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/recalled_on"
    assert code in {None, answer.json()["errors"][0]["code"]}
    with world.database.reading() as session:
        assert session.get_one(Posting, world.postings["li"]).ends_on is None
    assert detail(world, candidate)["state"] == "noticed"


def test_of_two_officers_at_once_one_is_told_that_the_step_is_taken(world, candidate):
    walk(world, candidate, "statement", "opinion")
    with ThreadPoolExecutor(2) as pool:
        # On PostgreSQL both are held at the row, so that neither can have looked after the other wrote; SQLite lets
        # one write at a time anyway.
        with nullcontext() if world.database.is_sqlite else world.database.writing() as session:
            if session:
                session.scalar(select(RecallFlag.id).where(RecallFlag.id == UUID(candidate)).with_for_update())
            waiting = [pool.submit(step, world, candidate, "notice") for _ in range(2)]
            if session:
                wait_until_blocked(world.database, 2)
        answers = [future.result(timeout=20).status_code for future in waiting]
    assert sorted(answers) == [200, 409]
    assert [turn["action"] for turn in detail(world, candidate)["history"]].count("notice") == 1


def test_a_second_flag_of_a_recalled_cadre_opens_no_second_vacancy(world, clock, candidate):
    body = {
        "posting_id": str(world.postings["li"]),
        "ground": "discipline",
        "document_number": "云纪〔2026〕4号",
        "reason": "受到党内警告处分。",
        "decided_on": "2026-11-01",
    }
    other = world.as_("county_officer").post("/recall-flags", body).json()["id"]
    for flag_id in (candidate, other):
        walk(world, flag_id, "statement", "opinion", "notice", "recall")
    assert len(world.as_("county_officer").get("/vacancies").json()["items"]) == 1


def test_every_step_is_in_the_audit_trail(world, candidate):
    walk(world, candidate, "statement", "opinion", "notice", "recall")
    with world.database.reading() as session:
        events = session.scalars(
            select(AuditEvent).where(AuditEvent.target == candidate).order_by(AuditEvent.number)
        ).all()
    acts = [(event.action, event.details["document"]) for event in events]
    assert acts == [
        ("recall_flag.statement", None),
        ("recall_flag.opinion", "云帮办〔2026〕12号"),
        ("recall_flag.notice", "云帮办〔2026〕13号"),
        ("recall_flag.recalled", "云财函〔2026〕8号"),
    ]
    assert [event.by for event in events] == [world.accounts["li"], *[world.accounts["county_officer"]] * 3]


@pytest.mark.parametrize("name", STEPS)
def test_a_step_of_somebody_else_is_forbidden(world, candidate, name):
    entitled = "cadre" if name == "statement" else "county_officer"
    for who in set(ROLES) - {entitled}:
        answer = world.as_(who).post(f"/recall-flags/{candidate}/{name}", STEPS[name])
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), who


def test_whoever_has_the_posting_in_scope_reads_the_flag(world, candidate):
    for reader in ("cadre", "township_officer", "county_officer", "city_officer", "unit_officer"):
        assert detail(world, candidate, reader)["id"] == candidate
        assert [flag["id"] for flag in world.as_(reader).get("/recall-flags").json()["items"]] == [candidate]


def test_outside_the_scope_a_flag_answers_like_one_that_does_not_exist(world, candidate):
    for reader in ("wang", "sibling_township_officer", *FOREIGN_OFFICERS):
        signed = world.as_(reader)
        there, missing = (signed.get(f"/recall-flags/{flag_id}") for flag_id in (candidate, new_id()))
        assert there.status_code == missing.status_code == 404, reader
        assert {**there.json(), "trace_id": ""} == {**missing.json(), "trace_id": ""}
        assert signed.get("/recall-flags").json()["items"] == []


def test_a_foreign_county_and_another_cadre_cannot_act_on_a_flag(world, candidate):
    for name in set(STEPS) - {"statement"}:
        answer = world.as_("foreign_county_officer").post(f"/recall-flags/{candidate}/{name}", STEPS[name])
        assert answer.status_code == 404, name
    assert world.as_("wang").post(f"/recall-flags/{candidate}/statement", STEPS["statement"]).status_code == 404
    foreign = world.as_("county_officer").get(f"/recall-flags?area={FOREIGN_COUNTY}")
    assert foreign.status_code == 404


def test_the_list_narrows_by_area_state_and_ground_and_goes_on_by_cursor(world, ledger):
    ledger.absent("li", MONDAY, 16)
    ledger.absent("zhao", MONDAY, 10)
    officer = world.as_("county_officer")

    def postings(query):
        return {flag["posting_id"] for flag in officer.get(f"/recall-flags?{query}").json()["items"]}

    li, zhao = str(world.postings["li"]), str(world.postings["zhao"])
    assert postings(f"area={SECOND_VILLAGE}") == {zhao}
    assert postings("state=candidate") == {li}
    assert postings("ground=absence_consecutive") == {li, zhao}
    assert postings("ground=health") == set()
    first = officer.get("/recall-flags?limit=1").json()
    second = officer.get(f"/recall-flags?limit=1&cursor={first['next_cursor']}").json()
    assert [first["items"][0]["posting_id"], second["items"][0]["posting_id"]] == [zhao, li], "newest first"
    assert second["next_cursor"] is None
    assert officer.get("/recall-flags?state=nonsense").status_code == 422


def test_drafts_come_with_their_turn_and_carry_the_numbers_once_signed(world, candidate):
    officer = world.as_("county_officer")

    def lines(kind):
        answer = officer.get(f"/recall-flags/{candidate}/{kind}.docx")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"].startswith("attachment")
        return [paragraph.text for paragraph in Document(BytesIO(answer.content)).paragraphs]

    assert officer.get(f"/recall-flags/{candidate}/notice.docx").json()["code"] == "wrong_state"
    opinion = lines("opinion")
    assert "草稿（未签发）" in opinion
    assert any("2026年11月2日至17日（16天）" in line for line in opinion)
    assert any("连续16天" in line and "连续12天" in line for line in opinion)
    assert any("第九条（五）4：“旷工或无正当理由离岗连续超过 15 天" in line for line in opinion)
    assert any("休息日暂按周末推定" in line for line in opinion), "the calendar of 2026 is not loaded"
    assert opinion[-1] == "2026年11月24日"
    walk(world, candidate, "statement", "opinion")
    notice = lines("notice")
    assert any("本人陈述：父亲住院，在县医院陪护。" in line for line in notice)
    assert any("云帮办〔2026〕12号" in line for line in notice)
    assert [(p["kind"], p["number"]) for p in detail(world, candidate)["papers"]] == [
        ("opinion", "云帮办〔2026〕12号"),
        ("notice", None),
    ]


def test_a_number_that_was_taken_back_is_not_on_the_next_draft(world, ledger, candidate):
    ledger.absent("li", MONDAY + timedelta(days=16), 1)
    walk(world, candidate, "statement", "opinion", "notice")
    ledger.correct("li", date(2026, 11, 18), "official")
    flag = walk(world, candidate, "review")
    assert (flag["state"], len(flag["days"])) == ("candidate", 16)
    assert [(paper["kind"], paper["number"]) for paper in flag["papers"]] == [("opinion", None)]


def test_drafts_are_the_countys_own(world, candidate):
    for who in ("cadre", "township_officer", "unit_officer", "admin"):
        assert world.as_(who).get(f"/recall-flags/{candidate}/opinion.docx").status_code == 403


def test_drafts_of_another_county_do_not_exist(world, candidate):
    assert world.as_("foreign_county_officer").get(f"/recall-flags/{candidate}/opinion.docx").status_code == 404
