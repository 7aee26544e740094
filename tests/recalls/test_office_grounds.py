"""The grounds that the office records, each with its document."""

from datetime import date
from io import BytesIO

import pytest
from docx import Document
from sqlalchemy import select

from app.models import AuditEvent, OutboxMessage
from tests.recalls.support import detail, step, walk

FACTS = {
    "transfer": {"applied_on": "2026-11-20"},
    "health": {"applied_on": "2026-11-20"},
    "annual_review": {"year": 2025, "grade": "不称职"},
    "sanctions": {
        "sanctions": [
            {"kind": "written_self_criticism", "on": "2026-08-12", "document_number": "云帮巡〔2026〕3号"},
            {"kind": "admonition_talk", "on": "2026-10-21", "document_number": "云帮巡〔2026〕7号"},
        ]
    },
    "low_score": {"kind": "satisfaction", "score_percent": 59.9, "assessed_on": "2026-11-10"},
    "discipline": {"decided_on": "2026-11-01"},
    "unsuitable": {"township_document_number": "石政函〔2026〕2号"},
}


def body(world, ground, who="li", **changes):
    return {
        "posting_id": str(world.postings[who]),
        "ground": ground,
        "document_number": "云帮办〔2026〕10号",
        "reason": "经研究，拟予处理。",
        **FACTS[ground],
        **changes,
    }


def record(world, ground, **changes):
    return world.as_("county_officer").post("/recall-flags", body(world, ground, **changes))


@pytest.mark.parametrize("ground", FACTS)
def test_a_recorded_ground_is_a_candidate_with_its_document_facts_and_article(world, ground):
    answer = record(world, ground)
    assert answer.status_code == 201, answer.text
    flag = detail(world, answer.json()["id"])
    assert (flag["state"], flag["ground"]) == ("candidate", ground)
    assert flag["history"][0]["document_number"] == "云帮办〔2026〕10号"
    assert flag["basis"][0]["article"].startswith("第九条（五）")
    assert flag["basis"][0]["quote"]
    assert set(FACTS[ground]) <= set(flag["facts"])
    with world.database.reading() as session:
        assert session.scalars(select(AuditEvent.action).where(AuditEvent.target == flag["id"])).all() == [
            "recall_flag.raised"
        ]
        assert session.scalars(select(OutboxMessage.type)).all() == ["flag.raised"]


def test_a_ground_with_a_number_names_the_one_that_it_was_judged_by(world):
    world.provide("recall.score_percent", 70, date(2026, 11, 1))
    low = detail(world, record(world, "low_score", score_percent=65).json()["id"])
    sanctions = detail(world, record(world, "sanctions").json()["id"])
    assert (low["threshold"], low["ground_label"]) == (70, "群众满意度测评或年度考核测评低于70%")
    assert (sanctions["threshold"], sanctions["ground_label"][-4:]) == (2, "2次以上")


@pytest.mark.parametrize("ground", ["transfer", "health"])
def test_a_reassignment_needs_no_answer_and_no_opinion_and_has_no_consequences(world, clock, ground):
    clock.set("2026-11-24 09:00")
    flag_id = record(world, ground).json()["id"]
    assert detail(world, flag_id)["statement_due_on"] is None
    for name in ("opinion", "notice", "recall"):
        assert step(world, flag_id, name).json()["code"] == "wrong_state"
    assert world.as_("county_officer").get(f"/recall-flags/{flag_id}/opinion.docx").status_code == 409
    flag = walk(world, flag_id, "reassign")
    assert (flag["state"], flag["consequences"], flag["papers"]) == ("reassigned", None, [])
    (vacancy,) = world.as_("unit_officer").get("/vacancies").json()["items"]
    assert vacancy["opened_on"] == "2026-11-25"


@pytest.mark.parametrize("ground", sorted(set(FACTS) - {"transfer", "health"}))
def test_a_recall_on_a_recorded_ground_takes_the_same_way_and_its_papers_name_the_facts(world, clock, ground):
    clock.set("2026-11-24 09:00")
    precise = {"score_percent": 59.9999999} if ground == "low_score" else {}
    flag_id = record(world, ground, **precise).json()["id"]
    assert detail(world, flag_id)["statement_due_on"] == "2026-11-29"
    assert step(world, flag_id, "reassign").json()["code"] == "wrong_state"
    draft = world.as_("county_officer").get(f"/recall-flags/{flag_id}/opinion.docx")
    text = "\n".join(paragraph.text for paragraph in Document(BytesIO(draft.content)).paragraphs)
    told = {
        "annual_review": "2025年度考核等次：不称职。",
        "sanctions": "2026年8月12日，责令书面检查（云帮巡〔2026〕3号）。",
        "low_score": "2026年11月10日，群众满意度测评得分59.9999999%。",
        "discipline": "处理决定日期：2026年11月1日。",
        "unsuitable": "乡级意见：石政函〔2026〕2号。",
    }
    assert told[ground] in text
    assert "按自然日计" not in text, "no absences are told of a ground that has none"
    assert walk(world, flag_id, "statement", "opinion", "notice", "recall")["state"] == "recalled"


@pytest.mark.parametrize(
    ("ground", "changes", "pointer"),
    [
        ("annual_review", {"grade": "基本称职"}, "/grade"),
        ("sanctions", {"sanctions": FACTS["sanctions"]["sanctions"][:1]}, "/sanctions"),
        ("sanctions", {"sanctions": FACTS["sanctions"]["sanctions"][:1] * 2}, "/sanctions"),
        ("low_score", {"score_percent": 60}, "/score_percent"),
    ],
)
def test_facts_that_do_not_reach_what_the_article_asks_for_are_refused(world, ground, changes, pointer):
    answer = record(world, ground, **changes)
    assert answer.status_code == 422
    fault = answer.json()["errors"][0]
    assert (fault["code"], fault["pointer"]) == ("ground_not_met", pointer)
    assert world.as_("county_officer").get("/recall-flags").json()["items"] == []


@pytest.mark.parametrize("grade", ["不称职", "不合格"])
def test_either_grade_of_the_article_carries_the_annual_review(world, grade):
    assert record(world, "annual_review", grade=grade).status_code == 201


@pytest.mark.parametrize(
    ("ground", "changes"),
    [
        ("transfer", {"applied_on": "2026-11-24"}),
        ("low_score", {"assessed_on": "2026-11-24"}),
        ("discipline", {"decided_on": "2026-11-24"}),
        (
            "sanctions",
            {"sanctions": [{**sanction, "on": "2026-11-24"} for sanction in FACTS["sanctions"]["sanctions"]]},
        ),
    ],
)
def test_what_has_not_happened_yet_is_no_ground(world, clock, ground, changes):
    clock.set("2026-11-23 23:59")
    assert record(world, ground, **changes).json()["errors"][0]["code"] == "in_future"
    clock.set("2026-11-24 00:00")
    assert record(world, ground, **changes).status_code == 201


def test_one_ground_has_one_open_flag(world):
    flag_id = record(world, "discipline").json()["id"]
    again = record(world, "discipline")
    assert (again.status_code, again.json()["code"]) == (409, "flag_exists")
    walk(world, flag_id, "dismiss")
    assert record(world, "discipline").status_code == 201


@pytest.mark.parametrize("ground", ["absence_consecutive", "absence_cumulative", "nonsense"])
def test_absences_come_from_the_ledger_alone(world, ground):
    answer = world.as_("county_officer").post("/recall-flags", {**body(world, "discipline"), "ground": ground})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/ground", "literal_error")
    assert fault["detail"] == (
        "应为下列之一：transfer、health、annual_review、sanctions、low_score、discipline 或 unsuitable"
    )


@pytest.mark.parametrize("missing", ["posting_id", "document_number", "reason", "decided_on", "ground"])
def test_a_ground_without_its_document_or_facts_is_refused(world, missing):
    incomplete = body(world, "discipline")
    del incomplete[missing]
    answer = world.as_("county_officer").post("/recall-flags", incomplete)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": f"/{missing}", "code": "missing", "detail": "此项必填"}]


def test_a_fault_deep_in_a_ground_points_to_where_it_is(world):
    sent = body(world, "sanctions")
    sent["sanctions"][0] = {**sent["sanctions"][0], "kind": "nonsense", "on": "2100-13-01"}
    faults = world.as_("county_officer").post("/recall-flags", sent).json()["errors"]
    assert {fault["pointer"] for fault in faults} == {"/sanctions/0/kind", "/sanctions/0/on"}
    assert world.as_("county_officer").post("/recall-flags", []).json()["errors"][0]["pointer"] == ""


def test_only_the_county_records_and_only_for_its_own(world):
    for who in ("cadre", "township_officer", "city_officer", "unit_officer", "dashboard", "admin"):
        assert world.as_(who).post("/recall-flags", body(world, "discipline")).status_code == 403
    assert record(world, "discipline", who="zhou").status_code == 404
