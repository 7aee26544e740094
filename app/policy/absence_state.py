"""What the recall judgment needs of a posting's past, kept from day to day, so that judging today costs the same after
ten days as after ten years. `recall.judge_recall` over the whole history is the law; this only remembers for it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from app.policy.attendance import Status
from app.policy.days import ONE_DAY
from app.policy.provisions import Provisions
from app.policy.recall import (
    NOTHING_SETTLED,
    YEAR_DAYS,
    CountedDay,
    FewestDays,
    HistoryDay,
    RecallJudgment,
    Settled,
    absence_runs,
    fewest_days_that_turn,
    judge_runs,
)

IsRest = Callable[[date], bool]

_UNCONFIRMED, _CONFIRMED, _BRIDGED = "ucr"


@dataclass(frozen=True, slots=True)
class AbsenceState:
    """`runs` are the runs of absence that still matter, oldest first, as "<day>:<days>": the ordinal of the run's first
    day, and a letter for each day of it: `u` absent, `c` absent and confirmed, `r` a rest day between two absent ones.
    `unbroken_through` is the last day up to which nothing but absence and rest has followed the last run's start.
    """

    runs: str = ""
    unbroken_through: date | None = None

    @classmethod
    def of(cls, history: Sequence[HistoryDay], as_of: date) -> "AbsenceState":
        """The state after a whole history, oldest first, as of its last day (inclusive)."""
        past = [day for day in history if day.date <= as_of]
        runs = absence_runs(past)
        if not runs:
            return cls()
        through = runs[-1][-1].date
        resting = {day.date for day in past if day.status is Status.REST}
        while through + ONE_DAY in resting:
            through += ONE_DAY
        return cls(" ".join(_written(run) for run in runs), through).without_old_runs(as_of)

    def after_absence(self, day: date, *, confirmed: bool) -> "AbsenceState":
        """The state after one more absent day. Days between it and those before it that nobody reported with
        `after_rest` were spent otherwise, and end the run.
        """
        letter = _CONFIRMED if confirmed else _UNCONFIRMED
        if self.unbroken_through is None or self.unbroken_through + ONE_DAY != day:
            runs = f"{self.runs} {day.toordinal()}:{letter}".lstrip()
        else:
            resting = (day - self._last_absence()).days - 1
            runs = self.runs + _BRIDGED * resting + letter
        return AbsenceState(runs, day).without_old_runs(day)

    def after_rest(self, day: date) -> "AbsenceState":
        """The state after a rest day: it keeps a run open that reaches up to it."""
        if self.unbroken_through is None or self.unbroken_through + ONE_DAY != day:
            return self
        return AbsenceState(self.runs, day)

    def may_turn(self, fewest: FewestDays) -> bool:
        """Whether the days could carry a flag at all, under whichever reading: what decides is `judge`."""
        days = self.runs.count(_UNCONFIRMED) + self.runs.count(_CONFIRMED) + self.runs.count(_BRIDGED)
        if days < min(fewest):
            return False
        longest = max((len(run.partition(":")[2]) for run in self.runs.split()), default=0)
        return days >= fewest.cumulative or longest >= fewest.consecutive

    def judge(
        self,
        as_of: date,
        provisions: Provisions,
        area_code: str,
        is_rest: IsRest,
        settled: Settled = NOTHING_SETTLED,
    ) -> RecallJudgment:
        """As `judge_recall` judges the history that this is the state of. The calendar is asked anew, because a year
        that is published late changes which days were working days.
        """
        runs = [tuple(_read(run, is_rest)) for run in self.runs.split()]
        return judge_runs(runs, as_of, provisions, area_code, settled)

    def _last_absence(self) -> date:
        first, _, days = self.runs.rpartition(" ")[2].partition(":")
        return date.fromordinal(int(first) + len(days) - 1)

    def without_old_runs(self, as_of: date) -> "AbsenceState":
        """Without those that neither the year's window nor the calendar year reaches, and that no absence can join."""
        needed_from = _needed_from(as_of)
        runs = self.runs
        while runs:
            run, _, later = runs.partition(" ")
            first, _, days = run.partition(":")
            still_open = not later and self.unbroken_through == as_of
            if still_open or int(first) + len(days) - 1 >= needed_from:
                break
            runs = later
        return self if runs == self.runs else AbsenceState(runs, self.unbroken_through if runs else None)


def fewest_days(provisions: Provisions, as_of: date) -> Callable[[str], FewestDays]:
    """How many days of absence can turn a flag, by area: asked once where no area has a provision of its own."""
    everywhere = None if provisions.varies("absence.") else fewest_days_that_turn(as_of, provisions, None)

    def of(area_code: str) -> FewestDays:
        return everywhere if everywhere is not None else fewest_days_that_turn(as_of, provisions, area_code)

    return of


@lru_cache(maxsize=8)
def _needed_from(as_of: date) -> int:
    return min(date(as_of.year, 1, 1), as_of - timedelta(days=YEAR_DAYS - 1)).toordinal()


def _written(run: Sequence[CountedDay]) -> str:
    letters = (_BRIDGED if day.bridged else _CONFIRMED if day.confirmed else _UNCONFIRMED for day in run)
    return f"{run[0].date.toordinal()}:{''.join(letters)}"


def _read(run: str, is_rest: IsRest) -> Iterator[CountedDay]:
    first, _, letters = run.partition(":")
    for ordinal, letter in enumerate(letters, start=int(first)):
        day = date.fromordinal(ordinal)
        if letter == _BRIDGED:
            yield CountedDay(day, confirmed=True, working=False, bridged=True)
        else:
            yield CountedDay(day, confirmed=letter == _CONFIRMED, working=not is_rest(day))
