"""`judge_recall` against a brute-force oracle: every day is looked at by itself, with no runs and no windows kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policy.attendance import Status
from app.policy.calendar import Calendar, Year
from app.policy.days import ONE_DAY
from app.policy.provisions import Provision, Provisions, load_text
from app.policy.recall import FlagState, HistoryDay, Settled, judge_recall
from app.policy.recall_procedure import consequences

AREA = "990101001001"
AMENDED = date(2018, 7, 6)

CALENDAR = Calendar(
    {
        2027: Year(
            off=frozenset(date(2027, 2, day) for day in range(5, 13)) | {date(2027, 10, day) for day in range(1, 8)},
            working=frozenset({date(2027, 1, 31), date(2027, 2, 14), date(2027, 10, 9)}),
        )
    }
)
"""One published year with 调休 working Sundays and Saturdays; the years around it are assumed by weekday."""


@dataclass(frozen=True)
class Reading:
    unit: str
    year: str

    @lru_cache(maxsize=8)  # noqa: B019 - four readings in all
    def provisions(self) -> Provisions:
        return load_text().adding(
            [
                Provision("absence.unit", self.unit, AMENDED),
                Provision("absence.year", self.year, AMENDED),
            ]
        )


READINGS = [
    Reading(unit, year) for unit in ("calendar_days", "working_days") for year in ("rolling_365", "calendar_year")
]

# ------------------------------------------------------------------ the oracle


@dataclass(frozen=True)
class Expected:
    state: FlagState | None
    days: tuple[date, ...]


class Oracle:
    """What the rules say, day by day. `days` maps every day of the posting to what the ledger says of it."""

    def __init__(self, days: dict[date, HistoryDay], as_of: date, reading: Reading) -> None:
        self.days = {day: entry for day, entry in days.items() if day <= as_of}
        self.as_of = as_of
        self.reading = reading
        self.in_run = {day for day in self.days if self.is_absent(day) or self.is_bridged(day)}

    def is_absent(self, day: date) -> bool:
        return day in self.days and self.days[day].status is Status.ABSENT

    def is_rest(self, day: date) -> bool:
        return day in self.days and self.days[day].status is Status.REST

    def is_bridged(self, day: date) -> bool:
        """A rest day with absent days on both sides, and nothing but rest days between them."""
        return self.is_rest(day) and all(self.is_absent(self.beyond_rest(day, step)) for step in (-ONE_DAY, ONE_DAY))

    def beyond_rest(self, day: date, step: timedelta) -> date:
        while self.is_rest(day):
            day += step
        return day

    def counts(self, day: date) -> bool:
        if self.reading.unit == "working_days":
            return self.is_absent(day) and self.days[day].working
        return day in self.in_run

    def in_year(self, day: date) -> bool:
        if self.reading.year == "calendar_year":
            return day.year == self.as_of.year
        return (self.as_of - day).days < 365

    def runs(self) -> list[list[date]]:
        runs: list[list[date]] = []
        for day in sorted(self.in_run):
            if day - ONE_DAY not in self.in_run:
                runs.append([])
            runs[-1].append(day)
        return runs

    def confirmed_only(self) -> "Oracle":
        """The same posting, had the cadre been there on every day that nobody confirmed."""
        days = {
            day: entry if entry.confirmed or entry.status is Status.REST else HistoryDay(day, Status.ON_POST, True)
            for day, entry in self.days.items()
        }
        return Oracle(days, self.as_of, self.reading)

    def consecutive(self, settled: Collection[date] = ()) -> Expected:
        """The run with a day in the year that carries most; of equals the longest, of those the latest. A run that
        counts nothing but settled days is none.
        """
        strict = self.confirmed_only()
        order = [None, FlagState.WARNING, FlagState.PROVISIONAL, FlagState.CANDIDATE]
        worst = (0, 0, date.min, Expected(None, ()))
        for run in self.runs():
            if any(map(self.in_year, run)):
                confirmed = max((sum(map(strict.counts, part)) for part in strict.runs() if part[0] in run), default=0)
                found = expected([day for day in run if self.counts(day)], confirmed, 15, 10)
                if found.days and set(found.days) <= set(settled):
                    continue
                worst = max(worst, (order.index(found.state), len(found.days), run[-1], found), key=lambda it: it[:3])
        return worst[3]

    def cumulative(self, settled: Collection[date] = ()) -> Expected:
        strict = self.confirmed_only()
        days = [day for day in sorted(self.days) if self.in_year(day)]
        found = expected([day for day in days if self.counts(day)], sum(map(strict.counts, days)), 30, 20)
        return Expected(None, found.days) if set(found.days) <= set(settled) else found


def expected(days: Sequence[date], confirmed: int, line: int, warning: int) -> Expected:
    if confirmed > line:
        return Expected(FlagState.CANDIDATE, tuple(days))
    if len(days) > line:
        return Expected(FlagState.PROVISIONAL, tuple(days))
    return Expected(FlagState.WARNING if len(days) >= warning else None, tuple(days))


# ------------------------------------------------------------------ histories

KINDS = ("absent", "absent", "absent", "rest by calendar", "present", "leave", "nothing")
STARTS = [date(2027, 12, 20), date(2028, 2, 20), date(2027, 1, 25), date(2027, 2, 1)]
"""Before a year's end, a leap day, a 调休 Sunday, the Spring Festival."""

Segments = list[tuple[str, int, bool]]

segments = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 20), st.booleans()), min_size=1, max_size=14)
starts = st.sampled_from(STARTS)


def drawn_by_lot(lot: Random) -> tuple[date, Segments]:
    start = lot.choice(STARTS) if lot.random() < 0.5 else date(2026, 1, 1) + timedelta(days=lot.randrange(1100))
    count = lot.randint(1, 14)
    return start, [(lot.choice(KINDS), lot.randint(1, 20), lot.random() < 0.6) for _ in range(count)]


def history_of(start: date, drawn: Sequence[tuple[str, int, bool]]) -> list[HistoryDay]:
    """Days of a posting, oldest first. "absent" covers the working days; its rest days are 休息 as the ledger has
    them, but for every seventh stretch, in which an officer marked a rest day 离岗 as well.
    """
    days: list[HistoryDay] = []
    day = start
    for number, (kind, length, confirmed) in enumerate(drawn):
        for _ in range(length):
            working = not CALENDAR.is_rest(day)
            if kind == "absent":
                status = Status.ABSENT if working or number % 7 == 6 else Status.REST
                days.append(HistoryDay(day, status, confirmed, working))
            elif kind == "rest by calendar" and not working:
                days.append(HistoryDay(day, Status.REST, confirmed, working))
            elif kind != "nothing":
                days.append(HistoryDay(day, Status.LEAVE if kind == "leave" else Status.ON_POST, confirmed, working))
            day += ONE_DAY
    return days


HISTORIES_A_SEED = 25


@settings(max_examples=420, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_counts_of_any_history_are_those_of_counting_day_by_day(seed):
    lot = Random(seed)
    for _ in range(HISTORIES_A_SEED):
        start, drawn = drawn_by_lot(lot)
        history = history_of(start, drawn)
        if lot.random() < 0.5:
            history = with_an_older_stretch(history, timedelta(days=lot.choice([320, 360, 364, 365, 450])))
        as_of = (history[-1].date if history else start) + timedelta(days=lot.choice([0, 0, 1, 30, 364]))
        reading = lot.choice(READINGS)
        settled = settled_by_lot(lot, history, reading)
        judged = judge_recall(history, as_of, reading.provisions(), AREA, settled)
        oracle = Oracle({day.date: day for day in history}, as_of, reading)
        wanted = (
            oracle.consecutive(settled.get("absence_consecutive", ())),
            oracle.cumulative(settled.get("absence_cumulative", ())),
        )
        found = tuple(Expected(ground.state, ground.days) for ground in judged.grounds)
        assert found == wanted, (reading, start, drawn, as_of, settled)


def settled_by_lot(lot: Random, history: list[HistoryDay], reading: Reading) -> Settled:
    """Nothing, or what stood on flags as of some days, on which the county then decided."""
    settled: dict[str, set[date]] = {}
    for _ in range(lot.choice([0, 0, 1, 2]) if history else 0):
        as_of = lot.choice(history).date
        for ground in judge_recall(history, as_of, reading.provisions(), AREA, settled).grounds:
            settled.setdefault(ground.ground, set()).update(ground.days)
    return settled


def with_an_older_stretch(history: list[HistoryDay], ago: timedelta) -> list[HistoryDay]:
    """The same again, so long before that the year's window is about to leave it behind."""
    older = [
        HistoryDay(day.date - ago, day.status, day.confirmed, not CALENDAR.is_rest(day.date - ago)) for day in history
    ]
    return sorted({day.date: day for day in [*older, *history]}.values(), key=lambda day: day.date)


@settings(max_examples=400, deadline=None)
@given(start=starts, drawn=segments)
def test_both_readings_are_shown_whichever_is_in_force(start, drawn):
    history = history_of(start, drawn)
    as_of = history[-1].date if history else start
    by_unit = {
        unit: judge_recall(history, as_of, Reading(unit, "rolling_365").provisions(), AREA).grounds[1]
        for unit in ("calendar_days", "working_days")
    }
    assert by_unit["calendar_days"].counts["cumulative"] == by_unit["working_days"].counts["cumulative"]
    for unit, ground in by_unit.items():
        assert ground.counts["cumulative"][unit] == len(ground.days)


@settings(max_examples=400, deadline=None)
@given(start=starts, drawn=segments)
def test_days_that_are_neither_absence_nor_rest_need_not_be_in_the_history(start, drawn):
    history = history_of(start, drawn)
    as_of = history[-1].date if history else start
    thinned = [day for day in history if day.status in (Status.ABSENT, Status.REST)]
    provisions = READINGS[0].provisions()
    assert judge_recall(thinned, as_of, provisions, AREA) == judge_recall(history, as_of, provisions, AREA)


# ------------------------------------------------------------------ the boundaries, by hand


def absent(first: date, days: int, *, confirmed: bool = True) -> list[HistoryDay]:
    return [
        HistoryDay(first + ONE_DAY * n, Status.ABSENT, confirmed, not CALENDAR.is_rest(first + ONE_DAY * n))
        for n in range(days)
    ]


def states(history: list[HistoryDay], as_of: date | None = None) -> list[FlagState | None]:
    judged = judge_recall(history, as_of or history[-1].date, load_text(), AREA)
    return [ground.state for ground in judged.grounds]


@pytest.mark.parametrize(
    ("days", "state"),
    [(9, None), (10, FlagState.WARNING), (15, FlagState.WARNING), (16, FlagState.CANDIDATE)],
)
def test_over_fifteen_consecutive_days_begins_with_the_sixteenth(days, state):
    assert states(absent(date(2027, 3, 1), days))[0] is state


@pytest.mark.parametrize(
    ("days", "state"),
    [(19, None), (20, FlagState.WARNING), (30, FlagState.WARNING), (31, FlagState.CANDIDATE)],
)
def test_over_thirty_cumulative_days_begins_with_the_thirty_first(days, state):
    scattered = [day for n in range(days) for day in absent(date(2027, 3, 1) + timedelta(days=3 * n), 1)]
    assert states(scattered) == [None, state]


def test_one_unconfirmed_day_of_sixteen_leaves_the_flag_provisional():
    history = absent(date(2027, 3, 1), 15) + absent(date(2027, 3, 16), 1, confirmed=False)
    assert states(history)[0] is FlagState.PROVISIONAL


def test_days_confirmed_around_an_unconfirmed_one_are_no_unbroken_run():
    history = [
        *absent(date(2027, 3, 1), 10),
        *absent(date(2027, 3, 11), 1, confirmed=False),
        *absent(date(2027, 3, 12), 10),
    ]
    assert states(history)[0] is FlagState.PROVISIONAL


def test_a_run_that_goes_on_stays_a_candidate_while_its_newest_day_waits_for_confirmation():
    history = absent(date(2027, 3, 1), 16) + absent(date(2027, 3, 17), 1, confirmed=False)
    assert states(history)[0] is FlagState.CANDIDATE


def test_a_confirmed_run_over_the_line_is_not_hidden_by_a_longer_unconfirmed_one():
    history = absent(date(2027, 3, 1), 16) + absent(date(2027, 4, 1), 20, confirmed=False)
    assert states(history)[0] is FlagState.CANDIDATE


def test_a_day_of_365_days_ago_has_left_the_year_and_one_of_364_has_not():
    scattered = [day for n in range(31) for day in absent(date(2027, 1, 4) + timedelta(days=2 * n), 1)]
    first = scattered[0].date
    assert states(scattered, first + timedelta(days=364))[1] is FlagState.CANDIDATE
    assert states(scattered, first + timedelta(days=365))[1] is FlagState.WARNING


def test_a_rest_day_before_the_first_or_after_the_last_absence_does_not_count():
    saturday = date(2027, 3, 6)
    rest = [HistoryDay(saturday + ONE_DAY * n, Status.REST, True, False) for n in (0, 1)]
    later = [HistoryDay(saturday + ONE_DAY * n, Status.REST, True, False) for n in (7, 8)]
    judged = judge_recall([*rest, *absent(date(2027, 3, 8), 5), *later], date(2027, 3, 14), load_text(), AREA)
    assert len(judged.grounds[0].days) == 5


@pytest.mark.parametrize("status", [Status.ON_POST, Status.LEAVE, Status.OFFICIAL, Status.PENDING])
def test_presence_leave_a_trip_and_a_day_without_a_status_end_the_run(status):
    between = [HistoryDay(date(2027, 3, 9), status, True, True)]
    judged = judge_recall(
        [*absent(date(2027, 3, 1), 8), *between, *absent(date(2027, 3, 10), 8)], date(2027, 3, 17), load_text(), AREA
    )
    assert len(judged.grounds[0].days) == 8


def test_a_whole_published_holiday_between_two_absences_is_bridged_under_the_reading_in_force():
    before, after = absent(date(2027, 2, 1), 4), absent(date(2027, 2, 13), 4)
    holiday = [HistoryDay(date(2027, 2, day), Status.REST, True, False) for day in range(5, 13)]
    judged = judge_recall([*before, *holiday, *after], date(2027, 2, 16), load_text(), AREA)
    assert judged.grounds[0].counts["consecutive"] == {"calendar_days": 16, "working_days": 7}
    assert judged.grounds[0].state is FlagState.CANDIDATE


# ------------------------------------------------------------------ settled days


def settling(history: list[HistoryDay], ground: str = "absence_consecutive") -> Settled:
    return {ground: {day.date for day in history}}


def test_a_run_that_is_settled_does_not_hide_a_shorter_one_that_nobody_has_decided_on():
    older, newer = absent(date(2027, 3, 1), 22), absent(date(2027, 4, 1), 19)
    ground, cumulative = judge_recall(
        older + newer, date(2027, 4, 19), load_text(), AREA, settled=settling(older)
    ).grounds
    assert (ground.state, list(ground.days)) == (FlagState.CANDIDATE, [day.date for day in newer])
    assert ground.counts["consecutive"]["calendar_days"] == 19
    assert cumulative.counts["consecutive"]["calendar_days"] == 22, "the longest of the year, whatever was decided"


def test_a_run_with_one_day_that_nobody_has_decided_on_is_there_with_all_its_days():
    run = absent(date(2027, 3, 1), 17)
    ground = judge_recall(run, date(2027, 3, 17), load_text(), AREA, settled=settling(run[:16])).grounds[0]
    assert (ground.state, len(ground.days)) == (FlagState.CANDIDATE, 17)


def test_days_that_are_settled_on_one_ground_count_on_the_other():
    run = absent(date(2027, 3, 1), 31)
    consecutive, cumulative = judge_recall(run, date(2027, 3, 31), load_text(), AREA, settled=settling(run)).grounds
    assert (consecutive.state, cumulative.state) == (None, FlagState.CANDIDATE)
    assert judge_recall(run, date(2027, 3, 31), load_text(), AREA, settled=settling(run, "absence_cumulative")).grounds[
        1
    ] == replace(cumulative, state=None)


# ------------------------------------------------------------------ the consequences


@pytest.mark.parametrize(
    ("recalled_on", "promotion"),
    [("2026-11-24", "2028-11-24"), ("2028-02-29", "2030-03-01"), ("2026-02-28", "2028-02-28")],
)
def test_no_awards_in_the_year_of_a_recall_and_no_promotion_for_two_years(recalled_on, promotion):
    found = consequences(date.fromisoformat(recalled_on), load_text(), AREA).as_json()
    year = int(recalled_on[:4])
    assert found == {"recalled_on": recalled_on, "no_awards_in": year, "no_promotion_before": promotion}
