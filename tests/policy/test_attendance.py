"""The status of a day, against the rules' order said once more, for every combination of facts."""

from dataclasses import fields, replace
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.attendance import (
    LABELS_ZH,
    SYMBOLS,
    DayFacts,
    Evidence,
    Status,
    day_basis,
    judge_day,
    rests_on_assumption,
)
from app.policy.provisions import Kind, load_text

DECIDES = ("posted", "correction", "presence", "on_leave", "official", "rest_day", "outage", "closed")
"""The facts that decide the status; the others are for exceptions."""


def naive_status(facts: DayFacts) -> Status | None:
    """The list of the rules, from its end to its beginning, each line overruling what was said before it."""
    status: Status | None = Status.ABSENT if facts.closed else Status.PENDING
    if facts.outage:
        status = Status.PENDING
    if facts.rest_day:
        status = Status.REST
    if facts.official:
        status = Status.OFFICIAL
    if facts.on_leave:
        status = Status.LEAVE
    if facts.presence:
        status = Status.ON_POST
    if facts.correction:
        status = facts.correction
    return status if facts.posted else None


def every_deciding_combination():
    options = {
        "correction": (None, *Status),
        "presence": (None, *Evidence),
    }
    values = [options.get(name, (False, True)) for name in DECIDES]
    return [DayFacts(**dict(zip(DECIDES, chosen, strict=True))) for chosen in product(*values)]


def test_every_combination_of_the_facts_that_decide_is_judged_by_the_rules_order():
    combinations = every_deciding_combination()
    assert len(combinations) == 2**6 * 7 * 4
    for facts in combinations:
        assert judge_day(facts).status is naive_status(facts), facts


def whatever(name: str):
    if name == "correction":
        return st.sampled_from([None, *Status])
    if name == "presence":
        return st.sampled_from([None, *Evidence])
    return st.booleans()


any_facts = st.builds(DayFacts, **{field.name: whatever(field.name) for field in fields(DayFacts)})


@given(any_facts, any_facts)
def test_facts_that_do_not_decide_change_no_status(facts, others):
    rest = {field.name: getattr(others, field.name) for field in fields(DayFacts) if field.name not in DECIDES}
    assert judge_day(replace(facts, **rest)).status is judge_day(facts).status is naive_status(facts)


@given(any_facts)
def test_each_exception_is_there_exactly_when_somebody_has_to_look(facts):
    judgment = judge_day(facts)
    status, said = judgment.status, set(judgment.exceptions)
    if status is None:
        assert judgment == judge_day(DayFacts(posted=False))
        return
    corrected = facts.correction is not None
    assert ("present_on_leave" in said) == (not corrected and facts.presence is not None and facts.on_leave)
    assert ("official_unverified" in said) == (
        not corrected and status is Status.OFFICIAL and not facts.official_verified
    )
    assert ("outage" in said) == (not corrected and status is Status.PENDING and facts.outage)
    assert ("calendar_assumed" in said) == (
        not corrected and facts.calendar_assumed and status in {Status.REST, Status.ABSENT} and not facts.confirmed
    )
    # What these facts tell of has come in since somebody last looked at the day, confirmed or corrected or neither.
    assert ("late_upload" in said) == (facts.late_upload and facts.presence is not None)
    assert ("present_since_correction" in said) == (
        corrected and status is not Status.ON_POST and facts.presence is not None and facts.present_since_correction
    )
    assert ("evidence_waiting" in said) == facts.waiting_evidence
    assert ("board_says_in_village_checked_in_elsewhere" in said) == facts.board_in_village_elsewhere
    assert ("leave_not_approved" in said) == (facts.board_on_leave and not facts.on_leave)


@given(any_facts)
def test_a_day_out_of_the_posting_has_nothing_to_say(facts):
    judgment = judge_day(replace(facts, posted=False))
    assert (judgment.status, judgment.exceptions, judgment.basis_keys) == (None, (), ())


@given(any_facts)
def test_closing_a_day_only_ever_turns_what_is_pending_into_absent(facts):
    open_day = judge_day(replace(facts, closed=False)).status
    closed_day = judge_day(replace(facts, closed=True)).status
    assert open_day is closed_day or (open_day, closed_day) == (Status.PENDING, Status.ABSENT)


@given(any_facts)
def test_each_judgment_rests_on_provisions_of_which_none_is_a_mere_setting_but_the_closing_hour(facts):
    judgment = judge_day(facts)
    if judgment.status is None:
        return
    basis = day_basis(judgment, load_text(), date(2026, 11, 23), "990101001001")
    assert basis
    for item in basis:
        assert item.kind != Kind.LOCAL or item.key == "day.closes_at"


@pytest.mark.parametrize("status", list(Status))
def test_what_a_calendar_could_still_change_says_so_and_what_a_person_decided_does_not(status):
    depends = status in {Status.REST, Status.ABSENT}
    assert rests_on_assumption(DayFacts(calendar_assumed=True), status) is depends
    assert rests_on_assumption(DayFacts(calendar_assumed=True, confirmed=True), status) is depends
    assert rests_on_assumption(DayFacts(calendar_assumed=False), status) is False
    assert rests_on_assumption(DayFacts(calendar_assumed=True, correction=status), status) is False


def test_every_status_has_its_name_and_its_mark():
    assert set(LABELS_ZH) == set(SYMBOLS) == set(Status)
