"""On which days a check-in's id can be on record.

The phone makes the id. A UUIDv7 tells when, so it has to be looked up in a month or two, however many years there are.
What goes by this has to hold for every id that is stored: one whose check-in is of another day than it tells (a phone
with a wrong clock, a much later upload) is written down in `stray_check_ins`, and asked for there too.
"""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from uuid import UUID

DAYS_BEFORE = 7
"""How long after its day a check-in's id may be made: some phones make it when they upload."""
DAYS_AFTER = 1
"""And before it: clocks that are set right around midnight."""

Days = tuple[date, date]
"""The first and the last, inclusive."""
ANY_DAY: Days = (date.min, date.max)

_MS_A_DAY = 86_400_000
_MS_TO_SHANGHAI = 8 * 3_600_000
_EPOCH = date(1970, 1, 1).toordinal()


def days_of(check_in_id: UUID) -> Days:
    """Of which days a check-in with this id is, unless it is a stray."""
    number = check_in_id.int
    if number >> 76 & 0xF != 7:  # as UUID.version, which costs ten times as much
        return ANY_DAY
    return _days_around(((number >> 80) + _MS_TO_SHANGHAI) // _MS_A_DAY)


@lru_cache(maxsize=400)
def _days_around(days_since_1970: int) -> Days:
    made_on = _EPOCH + days_since_1970
    if made_on + DAYS_AFTER > date.max.toordinal():  # 48 bits of milliseconds reach beyond the year 9999
        return ANY_DAY
    return date.fromordinal(made_on - DAYS_BEFORE), date.fromordinal(made_on + DAYS_AFTER)


def days_of_all(check_in_ids: Iterable[UUID]) -> Days:
    """The first and the last day of all of them; any day where there are none."""
    found = [days_of(check_in_id) for check_in_id in check_in_ids] or [ANY_DAY]
    return min(first for first, _ in found), max(last for _, last in found)


def is_stray(check_in_id: UUID, day: date) -> bool:
    """Whether a check-in of this day would not be looked for where its id says."""
    first, last = days_of(check_in_id)
    return not first <= day <= last
