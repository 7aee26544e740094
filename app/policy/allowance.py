"""第十七条: the allowance is paid by the days actually spent on post (实际在岗天数)."""

from collections.abc import Iterable
from datetime import date

from app.policy.attendance import Status
from app.policy.judgment import Judgment
from app.policy.provisions import Provision, Provisions, UnknownProvision

KEY = "allowance.counted_statuses"


def judge_allowance_days(
    days: Iterable[date], provisions: Provisions, area_code: str
) -> Judgment[dict[date, frozenset[Status]]]:
    """For each day the statuses that count as 实际在岗 in an area, as was in force on the day; none before there was
    anything in force.
    """
    counted: dict[date, frozenset[Status]] = {}
    basis: dict[tuple[str | None, date], Provision] = {}
    for day in days:
        try:
            provision = provisions.in_force(KEY, day, area_code)
        except UnknownProvision:
            counted[day] = frozenset()
            continue
        counted[day] = frozenset(Status(name) for name in provision.value)
        basis[provision.area_code, provision.in_force_from] = provision
    return Judgment(counted, {}, tuple(provision.basis() for provision in basis.values()))
