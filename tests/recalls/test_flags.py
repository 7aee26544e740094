"""What the ledger raises, moves and lifts, and what it leaves to people."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event, select

from app.attendance.close import close_due_days
from app.models import OutboxMessage
from tests.recalls.support import MONDAY, detail, flags_of, states_of, step, walk

ALTERNATE_WEEKS = [date(2026, 8, 3) + timedelta(weeks=2 * n) for n in range(6)]
"""Mondays: weeks apart enough that no weekend is bridged."""


@pytest.mark.parametrize(
    ("days", "states"), [(9, []), (10, ["warning"]), (15, ["warning"]), (16, ["candidate"]), (17, ["candidate"])]
)
def test_a_run_warns_at_its_10th_day_and_is_over_the_line_at_its_16th(world, ledger, days, states):
    ledger.absent("li", MONDAY, days)
    assert states_of(world) == states


def test_thirty_days_within_a_year_only_warn_and_the_31st_is_over_the_line(world, ledger):
    for monday in ALTERNATE_WEEKS[:3]:
        ledger.absent("li", monday, 5)
    ledger.absent("li", ALTERNATE_WEEKS[3], 4)
    assert states_of(world, ground="absence_cumulative") == [], "19"
    ledger.absent("li", ALTERNATE_WEEKS[3], 5)
    assert states_of(world, ground="absence_cumulative") == ["warning"], "20"
    for monday in ALTERNATE_WEEKS[4:]:
        ledger.absent("li", monday, 5)
    assert states_of(world, ground="absence_cumulative") == ["warning"], "30"
    ledger.absent("li", date(2026, 10, 26), 1)
    assert states_of(world, ground="absence_cumulative") == ["candidate"], "31"
    assert states_of(world) == []


def test_days_that_nobody_confirmed_make_it_provisional_and_their_confirmation_a_candidate(world, ledger):
    ledger.absent("li", MONDAY, 16, confirmed=False)
    (flag,) = flags_of(world)
    assert (flag["state"], flag["statement_due_on"]) == ("provisional", None)
    ledger.confirm("li", MONDAY, MONDAY + timedelta(days=15))
    (flag,) = flags_of(world)
    assert (flag["state"], flag["statement_due_on"]) == ("candidate", "2026-11-29"), "five days to answer"


def test_a_flag_lists_its_days_both_counts_the_threshold_and_the_article(world, candidate):
    flag = detail(world, candidate)
    assert flag["days"] == [(MONDAY + timedelta(days=n)).isoformat() for n in range(16)]
    assert flag["counts"]["consecutive"] == {"calendar_days": 16, "working_days": 12}
    assert flag["counts"]["cumulative"] == {"calendar_days": 16, "working_days": 12}
    assert flag["threshold"] == 15
    assert "连续超过 15 天" in flag["basis"][0]["quote"]
    assert [(day["date"], day["status"]) for day in flag["evidence"]][5:8] == [
        ("2026-11-07", "rest"),
        ("2026-11-08", "rest"),
        ("2026-11-09", "absent"),
    ]


def test_every_turn_is_in_the_history_with_what_was_counted(world, ledger):
    ledger.absent("li", MONDAY, 10)
    ledger.absent("li", MONDAY, 16, confirmed=False)
    ledger.confirm("li", MONDAY, MONDAY + timedelta(days=15))
    history = detail(world, flags_of(world)[0]["id"])["history"]
    turns = [(turn["from_state"], turn["to_state"], turn["action"]) for turn in history]
    assert turns == [
        (None, "warning", "raised"),
        ("warning", "provisional", "moved"),
        ("provisional", "candidate", "moved"),
    ]
    assert [turn["counts"]["consecutive"]["calendar_days"] for turn in history] == [10, 16, 16]
    assert [turn["by"] for turn in history] == [None] * 3


def test_looking_again_without_a_change_writes_nothing(world, ledger, candidate):
    before = detail(world, candidate)
    ledger.refresh("li", "wang")
    assert detail(world, candidate) == before


def test_another_day_refreshes_the_counts_without_a_turn(world, ledger, candidate):
    before = detail(world, candidate)
    ledger.absent("li", MONDAY + timedelta(days=16), 1)
    flag = detail(world, candidate)
    assert flag["counts"]["consecutive"]["calendar_days"] == 17
    assert len(flag["days"]) == 17
    assert flag["history"] == before["history"]


def test_a_correction_in_the_middle_lifts_the_flag_in_the_officers_name(world, ledger, candidate):
    ledger.correct("li", date(2026, 11, 10), "official")
    flag = detail(world, candidate)
    assert flag["state"] == "lifted"
    assert flag["history"][-1]["by"]["name"] == "township_officer"


def test_a_lifted_flag_is_raised_as_a_new_one_when_the_days_come_back(world, ledger, candidate):
    ledger.correct("li", date(2026, 11, 10), "official")
    ledger.correct("li", date(2026, 11, 10), "absent")
    assert states_of(world) == ["candidate", "lifted"]


def test_a_correction_at_the_edge_moves_a_candidate_back_to_a_warning(world, ledger, candidate):
    ledger.correct("li", date(2026, 11, 17), "leave")
    flag = detail(world, candidate)
    assert (flag["state"], flag["statement_due_on"]) == ("warning", None)


def test_webhooks_hear_of_rises_and_liftings_without_a_name(world, ledger, candidate):
    ledger.absent("li", MONDAY, 16)
    ledger.correct("li", date(2026, 11, 17), "leave")
    ledger.correct("li", date(2026, 11, 10), "official")
    with world.database.reading() as session:
        query = select(OutboxMessage).where(OutboxMessage.type.like("flag.%")).order_by(OutboxMessage.id)
        told = session.scalars(query).all()
    assert [(message.type, message.payload["state"]) for message in told] == [
        ("flag.raised", "provisional"),
        ("flag.raised", "candidate"),
        ("flag.lifted", "lifted"),
    ]
    assert all(message.payload["flag_id"] == candidate for message in told)
    assert not any("干部" in str(message.payload) for message in told)


def test_a_dismissed_flag_stays_dismissed_until_a_new_day_is_added(world, ledger, candidate):
    walk(world, candidate, "dismiss")
    ledger.refresh("li")
    ledger.correct("li", date(2026, 11, 17), "leave")
    ledger.correct("li", date(2026, 11, 17), "absent")
    assert states_of(world) == ["dismissed"]
    ledger.absent("li", MONDAY + timedelta(days=16), 1)
    assert states_of(world) == ["candidate", "dismissed"]


@pytest.mark.parametrize(("days", "state"), [(9, None), (10, "warning"), (16, "candidate")])
def test_a_later_run_is_flagged_beside_an_older_and_longer_one_that_was_dismissed(world, ledger, clock, days, state):
    clock.set("2027-01-06 09:00")
    ledger.absent("li", MONDAY, 22)
    (older,) = flags_of(world)
    walk(world, older["id"], "dismiss")
    later = date(2026, 12, 7)
    ledger.absent("li", later, days)
    assert states_of(world) == [*([state] if state else []), "dismissed"]
    if state:
        newer = detail(world, flags_of(world)[0]["id"])
        assert (newer["days"][0], len(newer["days"])) == (later.isoformat(), days)
        assert newer["counts"]["consecutive"]["calendar_days"] == days
        ledger.correct("li", later, "on_post")
        assert states_of(world) == [{"warning": "lifted", "candidate": "warning"}[state], "dismissed"]


def test_the_close_flags_a_later_run_beside_an_older_and_longer_one_that_was_dismissed(world, ledger, clock):
    ledger.absent("li", MONDAY, 22)
    walk(world, flags_of(world)[0]["id"], "dismiss")
    clock.set("2026-12-15 09:00")
    for day in (24, 25, 26):
        ledger.correct("li", date(2026, 11, day), "on_post")
    close_due_days(world.database, clock())
    assert states_of(world) == ["provisional", "dismissed"]
    newer = detail(world, flags_of(world)[0]["id"])
    assert (newer["days"][0], newer["days"][-1]) == ("2026-11-27", "2026-12-14")


def test_a_flag_is_lifted_when_nothing_is_left_of_it_but_days_of_a_dismissed_one(world, ledger, candidate):
    walk(world, candidate, "dismiss")
    ledger.absent("li", MONDAY + timedelta(days=16), 1)
    assert states_of(world) == ["candidate", "dismissed"]
    ledger.correct("li", date(2026, 11, 18), "on_post")
    assert states_of(world) == ["lifted", "dismissed"]


def test_the_ledger_does_not_move_an_opinion_but_the_county_has_to_look_before_the_notice(world, ledger, candidate):
    walk(world, candidate, "statement", "opinion")
    ledger.correct("li", date(2026, 11, 10), "official")
    flag = detail(world, candidate)
    assert (flag["state"], flag["facts_changed"]) == ("opinion", True)
    assert flag["changed_facts"]["days_gone"] == ["2026-11-10"]
    assert flag["changed_facts"]["counts"]["consecutive"]["calendar_days"] == 8
    assert len(flag["days"]) == 16, "what the opinion rests on stays as it was written"
    assert flag["history"][-1]["action"] == "facts_changed"
    ledger.refresh("li")
    assert detail(world, candidate)["history"] == flag["history"], "said once"
    refused = step(world, candidate, "notice")
    assert (refused.status_code, refused.json()["code"]) == (409, "facts_changed")


def test_a_review_takes_the_opinion_back_and_the_flag_follows_the_facts(world, ledger, candidate):
    walk(world, candidate, "statement", "opinion")
    assert step(world, candidate, "review").json()["code"] == "wrong_state", "nothing has changed"
    ledger.correct("li", date(2026, 11, 17), "official")
    flag = walk(world, candidate, "review")
    assert (flag["state"], flag["facts_changed"]) == ("warning", False)
    assert [turn["to_state"] for turn in flag["history"]][-2:] == ["candidate", "warning"]


def test_a_day_that_leaves_an_opinion_and_comes_back_leaves_the_way_free(world, ledger, candidate):
    walk(world, candidate, "statement", "opinion")
    ledger.correct("li", date(2026, 11, 10), "official")
    ledger.correct("li", date(2026, 11, 10), "absent")
    flag = detail(world, candidate)
    assert flag["facts_changed"] is False
    assert [turn["action"] for turn in flag["history"]][-2:] == ["facts_changed", "facts_restored"]
    assert step(world, candidate, "notice").status_code == 200


def test_more_absent_days_do_not_stop_an_opinion(world, ledger, candidate):
    before = walk(world, candidate, "statement", "opinion")
    ledger.absent("li", MONDAY + timedelta(days=16), 3)
    assert detail(world, candidate)["history"] == before["history"]
    assert states_of(world) == ["opinion"], "no second flag beside it"
    assert step(world, candidate, "notice").status_code == 200


def test_flags_of_many_postings_are_read_in_one_query(world, ledger):
    for who in ("li", "wang", "zhao", "sun"):
        ledger.absent(who, MONDAY, 10)
    statements = []

    def listen(connection, cursor, statement, *rest):
        if "FROM recall_flags" in statement:
            statements.append(statement)

    event.listen(world.database.writer, "before_cursor_execute", listen)
    ledger.refresh("li", "wang", "zhao", "sun")
    event.remove(world.database.writer, "before_cursor_execute", listen)
    assert len(statements) == 1


def test_absences_that_fall_out_of_the_posting_carry_no_flag_in_a_filed_month_either(world, ledger, clock):
    ledger.absent("li", MONDAY, 16)
    clock.set("2026-12-01 09:00")
    world.file_month("2026-11")
    assert states_of(world) == ["candidate"]
    end = {"ends_on": "2026-11-06", "reason": "调动"}
    answer = world.as_("county_officer").post(f"/postings/{world.postings['li']}/end", end)
    assert answer.status_code == 200, answer.text
    assert states_of(world) == ["lifted"]
