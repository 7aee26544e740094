"""Absence and recall (第九条（五）): the grounds, and when absences raise a flag. How it turns from then on is in
`recall_procedure`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from app.policy.attendance import Status
from app.policy.days import ONE_DAY
from app.policy.judgment import Basis
from app.policy.provisions import Provisions

YEAR_DAYS = 365


class FlagState(StrEnum):
    WARNING = "warning"
    PROVISIONAL = "provisional"
    CANDIDATE = "candidate"
    OPINION = "opinion"
    NOTICED = "noticed"
    RECALLED = "recalled"
    REASSIGNED = "reassigned"
    DISMISSED = "dismissed"
    LIFTED = "lifted"


STATE_LABELS_ZH = {
    FlagState.WARNING: "预警",
    FlagState.PROVISIONAL: "待核实",
    FlagState.CANDIDATE: "拟召回",
    FlagState.OPINION: "已提出书面意见",
    FlagState.NOTICED: "已发召回通知",
    FlagState.RECALLED: "已召回",
    FlagState.REASSIGNED: "已调整",
    FlagState.DISMISSED: "不予召回",
    FlagState.LIFTED: "已自动解除",
}

_BY_GRAVITY = (None, FlagState.WARNING, FlagState.PROVISIONAL, FlagState.CANDIDATE)
MOVED_BY_FACTS = frozenset(state for state in _BY_GRAVITY if state is not None)
"""The states that the service moves by itself; from the opinion on only people do."""


def gravity_of(state: FlagState | None) -> int:
    """The place of a state among those that facts lead to; null, where they carry nothing, is the least."""
    return _BY_GRAVITY.index(state)


@dataclass(frozen=True, slots=True)
class Ground:
    """One of the eight grounds; `recalls` is false for those that lead to reassignment (调整)."""

    number: int
    wording: str
    """As the article puts it; {} stands for the number, which an area may have tightened."""
    recalls: bool
    unit: str = ""
    unnamed: str = ""
    """What stands for the number where no single one applies."""

    def label_zh(self, threshold: int | None = None) -> str:
        """`threshold` is the one that the flag was judged by; without it no number is named."""
        return self.wording.format(self.unnamed if threshold is None else f"{threshold}{self.unit}")


GROUNDS: Mapping[str, Ground] = {
    "transfer": Ground(1, "任期内工作调动、自动离职、辞职辞退", False),
    "health": Ground(2, "因身体原因不能正常履职", False),
    "annual_review": Ground(3, "年度考核被评为“不称职”或“不合格”等次", True),
    "absence_consecutive": Ground(4, "旷工或无正当理由离岗连续超过{}", True, "天", "规定天数"),
    "absence_cumulative": Ground(4, "旷工或无正当理由离岗一年内累计超过{}", True, "天", "规定天数"),
    "sanctions": Ground(5, "巡查中被责令书面检查、诫勉谈话处理{}以上", True, "次", "规定次数"),
    "low_score": Ground(6, "群众满意度测评或年度考核测评低于{}", True, "%", "规定标准"),
    "discipline": Ground(7, "违纪违法受到处理", True),
    "unsuitable": Ground(8, "县、乡两级认为不适宜继续工作", True),
}

ABSENCE_GROUNDS = ("absence_consecutive", "absence_cumulative")


@dataclass(frozen=True, slots=True)
class HistoryDay:
    """A day of the past. Only absent and rest days matter: any other status ends a run as a missing day does."""

    date: date
    status: Status
    confirmed: bool
    working: bool = True


class CountedDay(NamedTuple):
    """A day that counts against the cadre. `bridged` is a rest day between two absent ones: its status stays 休息 and
    it needs no confirmation of its own.
    """

    date: date
    confirmed: bool
    working: bool
    bridged: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    calendar_days: int
    working_days: int

    def as_json(self) -> dict[str, int]:
        return {"calendar_days": self.calendar_days, "working_days": self.working_days}


@dataclass(frozen=True, slots=True)
class GroundJudgment:
    """What the days say on one ground; `state` is null while they carry nothing. `days` are those counted under the
    reading in force; `counts` shows both readings.
    """

    ground: str
    state: FlagState | None
    threshold: int
    days: tuple[date, ...]
    counts: Mapping[str, Any]
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True)
class RecallJudgment:
    """`changes_on` is the first later day on which the same days may be judged otherwise or show other counts, though
    nothing is added to them: a day leaves the year's window, a calendar year begins, or an amended provision comes
    into force.
    """

    as_of: date
    grounds: tuple[GroundJudgment, ...]
    changes_on: date


Settled = Mapping[str, Collection[date]]
"""By ground: the days on which people have decided."""

NOTHING_SETTLED: Settled = MappingProxyType({})


def judge_recall(
    history: Sequence[HistoryDay],
    as_of: date,
    provisions: Provisions,
    area_code: str,
    settled: Settled = NOTHING_SETTLED,
) -> RecallJudgment:
    """Judge both absence grounds on a history, oldest first, as of a day (inclusive).

    The consecutive ground looks at the worst run that reaches into the year, so that coming back does not undo what
    has happened; the cumulative one adds up the year's days. Over the line the state is `candidate` once the
    confirmed days alone carry it, with every unconfirmed day taken for a day on post; `provisional` until then.

    Counted days that are all `settled` carry nothing more on that ground: such a run is passed over, such a year has no
    state. One day that nobody has decided on, and the whole run or year is there to be decided on again.
    """
    runs = absence_runs([day for day in history if day.date <= as_of])
    return judge_runs(runs, as_of, provisions, area_code, settled)


def absence_runs(history: Sequence[HistoryDay]) -> list[tuple[CountedDay, ...]]:
    """The unbroken runs of absence, each from an absent day to an absent day with the rest days between them."""
    runs: list[tuple[CountedDay, ...]] = []
    current: list[CountedDay] = []
    resting: list[CountedDay] = []
    previous: date | None = None
    for day in history:
        if previous is not None and day.date != previous + ONE_DAY:
            _end_run(runs, current, resting)
        previous = day.date
        if day.status is Status.ABSENT:
            current += [*resting, CountedDay(day.date, day.confirmed, day.working)]
            resting.clear()
        elif day.status is Status.REST and current:
            resting.append(CountedDay(day.date, confirmed=True, working=False, bridged=True))
        else:
            _end_run(runs, current, resting)
    _end_run(runs, current, resting)
    return runs


def _end_run(runs: list[tuple[CountedDay, ...]], current: list[CountedDay], resting: list[CountedDay]) -> None:
    if current:
        runs.append(tuple(current))
    current.clear()
    resting.clear()


def judge_runs(
    runs: Sequence[tuple[CountedDay, ...]],
    as_of: date,
    provisions: Provisions,
    area_code: str,
    settled: Settled = NOTHING_SETTLED,
) -> RecallJudgment:
    """As `judge_recall`, on the runs of a history up to `as_of`; those that end before both the year's window and the
    calendar year make no difference.
    """
    law = _Law(as_of, provisions, area_code, settled)
    window_start = law.window_start()
    recent = [run for run in runs if run[-1].date >= window_start]
    open_runs = [run for run in recent if not law.is_settled("absence_consecutive", run)]
    worst = law.worst(open_runs)
    worst_of_all = worst if len(open_runs) == len(recent) else law.worst(recent)
    year = tuple(day for run in recent for day in run if day.date >= window_start)
    confirmed = [day for run in recent for part in confirmed_parts(run) for day in part if day.date >= window_start]
    calendar_year = [day for run in runs for day in run if day.date.year == as_of.year]
    totals = {"cumulative": _counts(year).as_json(), "calendar_year": _counts(calendar_year).as_json()}
    return RecallJudgment(
        as_of,
        (
            law.judge(
                "absence_consecutive",
                worst,
                law.longest_confirmed(worst),
                {"consecutive": _counts(worst).as_json(), **totals},
            ),
            law.judge(
                "absence_cumulative",
                year,
                confirmed,
                {"consecutive": _counts(worst_of_all).as_json(), **totals},
            ),
        ),
        law.changes_on(year),
    )


class FewestDays(NamedTuple):
    """The least numbers of counted days that the absence rules ask for: in a run, and in a year. With fewer of both
    there is nothing to judge.
    """

    consecutive: int
    cumulative: int


def fewest_days_that_turn(as_of: date, provisions: Provisions, area_code: str | None) -> FewestDays:
    def fewest(kind: str) -> int:
        line, warning = (
            provisions.value(f"absence.{key}", as_of, area_code) for key in (f"{kind}_days", f"warning_{kind}_days")
        )
        return int(min(line + 1, warning))

    return FewestDays(fewest("consecutive"), fewest("cumulative"))


def confirmed_parts(run: Sequence[CountedDay]) -> list[Sequence[CountedDay]]:
    """The runs that remain of one when its unconfirmed days turn out to be no absences."""
    if all(day.confirmed for day in run):
        return [run]
    parts: list[Sequence[CountedDay]] = []
    start = 0
    for end in [*(number for number, day in enumerate(run) if not day.confirmed), len(run)]:
        first, last = start, end
        while first < last and run[first].bridged:
            first += 1
        while first < last and run[last - 1].bridged:
            last -= 1
        if first < last:
            parts.append(run[first:last])
        start = end + 1
    return parts


def counted(days: Sequence[CountedDay], unit: str) -> Sequence[CountedDay]:
    """The days that count under a reading of `absence.unit`."""
    if unit == "working_days":
        return [day for day in days if day.working and not day.bridged]
    return days


def _counts(days: Sequence[CountedDay]) -> Counts:
    return Counts(len(days), len(counted(days, "working_days")))


class _Law:
    """The provisions of absence as they are in force on a day in an area, each looked up once."""

    def __init__(self, as_of: date, provisions: Provisions, area_code: str, settled: Settled) -> None:
        self._as_of = as_of
        self._settled = settled
        self._amended_on = provisions.next_beginning("absence.", as_of)
        self._in_force = {key: provisions.in_force(f"absence.{key}", as_of, area_code) for key in _ABSENCE_KEYS}
        self._value = {key: provision.value for key, provision in self._in_force.items()}

    def window_start(self) -> date:
        if self._by_calendar_year():
            return date(self._as_of.year, 1, 1)
        return self._as_of - timedelta(days=YEAR_DAYS - 1)

    def changes_on(self, year: Sequence[CountedDay]) -> date:
        """The first later day on which time alone may change what these days of the window, oldest first, come to."""
        next_year = date(self._as_of.year + 1, 1, 1)  # shown beside the window's count, whatever the reading
        amended = self._amended_on or next_year
        thinned = next_year if self._by_calendar_year() or not year else year[0].date + timedelta(days=YEAR_DAYS)
        return min(next_year, amended, thinned)

    def _by_calendar_year(self) -> bool:
        return bool(self._value["year"] == "calendar_year")

    def counted(self, days: Sequence[CountedDay]) -> Sequence[CountedDay]:
        return counted(days, self._value["unit"])

    def is_settled(self, ground: str, days: Sequence[CountedDay]) -> bool:
        """Whether people have decided on every day that counts."""
        settled = self._settled.get(ground)
        if not settled:
            return False
        counted_days = self.counted(days)
        return bool(counted_days) and all(day.date in settled for day in counted_days)

    def worst(self, runs: Sequence[tuple[CountedDay, ...]]) -> Sequence[CountedDay]:
        return max(runs, key=self.gravity, default=())

    def longest_confirmed(self, run: Sequence[CountedDay]) -> Sequence[CountedDay]:
        return max(confirmed_parts(run), key=lambda part: len(self.counted(part)), default=())

    def gravity(self, run: Sequence[CountedDay]) -> tuple[int, int, date]:
        """What makes a run worse than another: what it carries, then its length; of equals the latest is shown."""
        length = len(self.counted(run))
        confirmed = self.longest_confirmed(run) if length > self._value["consecutive_days"] else ()
        return gravity_of(self.state("consecutive", run, confirmed)), length, run[-1].date

    def state(self, kind: str, days: Sequence[CountedDay], confirmed: Sequence[CountedDay]) -> FlagState | None:
        """超过 excludes the number: the flag comes with the day after the line. The warning comes at its number."""
        line, number = self._value[f"{kind}_days"], len(self.counted(days))
        if number > line:
            return FlagState.CANDIDATE if len(self.counted(confirmed)) > line else FlagState.PROVISIONAL
        return FlagState.WARNING if number >= self._value[f"warning_{kind}_days"] else None

    def judge(
        self,
        ground: str,
        days: Sequence[CountedDay],
        confirmed: Sequence[CountedDay],
        counts: Mapping[str, Any],
    ) -> GroundJudgment:
        kind = ground.removeprefix("absence_")
        return GroundJudgment(
            ground=ground,
            state=None if self.is_settled(ground, days) else self.state(kind, days, confirmed),
            threshold=self._value[f"{kind}_days"],
            days=tuple(day.date for day in self.counted(days)),
            counts=counts,
            basis=tuple(
                self._in_force[key].basis() for key in (f"{kind}_days", "unit", "year", f"warning_{kind}_days")
            ),
        )


_ABSENCE_KEYS = (
    "unit",
    "year",
    "consecutive_days",
    "cumulative_days",
    "warning_consecutive_days",
    "warning_cumulative_days",
)
