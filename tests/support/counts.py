"""What the roll-ups must always equal."""

from sqlalchemy import case, func, select

from app.models import DayEntry
from app.policy.attendance import Status


def raw_counts(*key):
    """The entries counted by `key`, in the order of `rollups.NUMBERS`."""
    return select(
        *key,
        func.count().label("people"),
        *(_number(DayEntry.status == status).label(status.value) for status in Status),
        _number(DayEntry.confirmed.is_(False)).label("unconfirmed"),
    ).group_by(*key)


def _number(condition):
    return func.sum(case((condition, 1), else_=0))
