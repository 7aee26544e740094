"""Days that people have written an opinion on, held against what the ledger says of them today."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from app.policy.days import days_between
from app.policy.recall import CountedDay, HistoryDay, absence_runs, counted


def days_gone(cited: Collection[date], history: Sequence[HistoryDay], unit: str, *, unbroken: bool) -> list[date]:
    """Those that count no longer, in order: a day counts while it is absent, or a rest day that absences bridge, and
    under `working_days` only while it is a working day. Where the opinion rests on an unbroken run, so does each day
    between its first and its last, whether it counts by itself or not.

    `history` has to begin and end far enough beyond the cited days for a rest day at their edge to be bridged or not.
    """
    runs = absence_runs(history)
    gone = set(cited) - _dates(counted(run, unit) for run in runs)
    if unbroken and cited:
        gone |= set(days_between(min(cited), max(cited))) - _dates(runs)
    return sorted(gone)


def _dates(runs: Iterable[Sequence[CountedDay]]) -> set[date]:
    return {day.date for run in runs for day in run}
