"""When a filing is late, and for which days an outage may be declared: at the very edges."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import SHANGHAI, day_closes_at
from app.policy.filing import FilingKind, FilingState, NotAPeriod, filing_times, judge_filing, parse_period
from app.policy.outage import OutageSpan, judge_outage
from app.policy.provisions import Kind, Provision, load_text

TOWNSHIP = "990101001000"
TODAY = date(2026, 11, 23)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def times(text, provisions=None):
    period = parse_period(text)
    return filing_times(period, day_closes_at(period.last, "00:30"), provisions or load_text(), TOWNSHIP)


@pytest.mark.parametrize(
    ("period", "now", "state"),
    [
        ("2026-11-23", "2026-11-24 00:29:59.999999", "open"),
        ("2026-11-23", "2026-11-24 00:30", "due"),
        ("2026-11-23", "2026-11-24 12:30", "due"),
        ("2026-11-23", "2026-11-24 12:30:00.000001", "late"),
        ("2026-W48", "2026-11-30 00:29", "open"),
        ("2026-W48", "2026-11-30 00:30", "due"),
        ("2026-W48", "2026-12-01 23:59:59", "due"),
        ("2026-W48", "2026-12-02 00:00:01", "late"),
        ("2026-11", "2026-12-01 00:29", "open"),
        ("2026-11", "2026-12-01 00:30", "due"),
        ("2026-11", "2026-12-05 23:59:59", "due"),
        ("2026-11", "2026-12-06 00:00:01", "late"),
    ],
)
def test_what_is_not_filed_is_open_until_the_close_then_due_and_late_after_the_time_allowed(period, now, state):
    assert judge_filing(times(period), None, at(now)).verdict == state


@pytest.mark.parametrize(
    ("filed_at", "state"),
    [
        ("2026-11-24 12:30", FilingState.FILED),
        ("2026-11-24 12:30:00.000001", FilingState.FILED_LATE),
    ],
)
def test_the_time_allowed_includes_its_last_instant_and_what_was_filed_late_stays_late(filed_at, state):
    assert judge_filing(times("2026-11-23"), at(filed_at), at("2027-01-01")).verdict is state


def test_a_countys_own_time_holds_from_its_day_on_and_the_judgment_says_what_it_rests_on():
    own = Provision("filing.monthly_due_days", 3, date(2026, 12, 1), kind=Kind.LOCAL, area_code="990101000000")
    provisions = load_text().adding([own])
    assert times("2026-11", provisions).due_at == at("2026-12-06 00:00"), "November ends before it is in force"
    assert times("2026-12", provisions).due_at == at("2027-01-04 00:00")
    judged = judge_filing(times("2026-12", provisions), None, at("2027-01-04 00:00:01"))
    assert judged.verdict is FilingState.LATE
    assert [(b.key, b.article, b.value) for b in judged.basis] == [
        ("filing.monthly", "第八条", "monthly"),
        ("filing.monthly_due_days", None, 3),
    ]


@pytest.mark.parametrize("kind", list(FilingKind))
def test_the_duty_to_file_is_quoted_from_the_article(kind):
    text = {FilingKind.DAILY: "2026-11-23", FilingKind.WEEKLY: "2026-W48", FilingKind.MONTHLY: "2026-11"}[kind]
    duty, allowed = times(text).basis
    assert (duty.kind, duty.article) == ("text", "第八条")
    assert duty.quote
    assert (allowed.kind, allowed.article) == ("local", None)


@given(st.dates(date(2000, 1, 3), date(2100, 12, 25)))
def test_every_day_lies_in_its_own_day_week_and_month_and_their_neighbours_do_not_overlap(day):
    year, week, _ = day.isocalendar()
    for text, length in ((day.isoformat(), {1}), (f"{year}-W{week:02}", {7}), (f"{day:%Y-%m}", {28, 29, 30, 31})):
        period = parse_period(text)
        assert period.first <= day <= period.last
        assert len(period.days) in length
        assert (period.days[0], period.days[-1]) == (period.first, period.last)
    assert parse_period(f"{year}-W{week:02}").first.weekday() == 0
    month = parse_period(f"{day:%Y-%m}")
    assert month.first.day == 1
    assert (month.last + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-13", "2026-00", "2026-02-29", "2026-W00", "2025-W53", "2026-W54", "2026-w48", "2026-W5",
     "9999-12", "9999-W52", "9999-12-31",
     "1999-12", "2101-01", "0000-01", "2026-11-23T00:00", " 2026-11", "2026-1１", "２０２６-11"],
)  # fmt: skip
def test_what_is_no_period_is_refused(text):
    with pytest.raises(NotAPeriod):
        parse_period(text)


def test_a_long_year_has_a_week_53_that_ends_in_the_next_year():
    period = parse_period("2026-W53")
    assert (period.first, period.last) == (date(2026, 12, 28), date(2027, 1, 3))


@pytest.mark.parametrize(
    ("first", "last", "verdict"),
    [
        (0, 0, OutageSpan.ALLOWED),
        (0, -1, OutageSpan.REVERSED),
        (0, 30, OutageSpan.ALLOWED),
        (1, 31, OutageSpan.TOO_FAR_AHEAD),
        (-1, 30, OutageSpan.TOO_LONG),
        (-60, -60, OutageSpan.ALLOWED),
        (-61, -60, OutageSpan.TOO_FAR_BACK),
        (-30, 0, OutageSpan.ALLOWED),
        (-31, 0, OutageSpan.TOO_LONG),
    ],
)
def test_an_outage_lasts_31_days_at_most_and_lies_from_60_days_back_to_30_days_ahead(first, last, verdict):
    span = (TODAY + timedelta(days=first), TODAY + timedelta(days=last))
    assert judge_outage(*span, TODAY, load_text(), TOWNSHIP).verdict is verdict
