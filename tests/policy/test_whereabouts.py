"""Which days a declaration touches, against an oracle that walks through every hour."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.clock import SHANGHAI, business_day
from app.policy.whereabouts import Days, first_day, hull, last_day, order_of


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_an_open_declaration_has_no_last_day():
    assert last_day(at("2026-11-23 08:00"), None, None) is None


def test_a_declaration_that_ends_at_midnight_does_not_touch_the_day_that_begins_then():
    since = at("2026-11-23 08:00")
    assert last_day(since, at("2026-11-25 00:00"), None) == date(2026, 11, 24)
    assert last_day(since, at("2026-11-25 00:01"), None) == date(2026, 11, 25)


def test_the_earlier_of_return_and_next_declaration_ends_it():
    since, back, following = at("2026-12-30 08:00"), at("2027-01-02 18:00"), at("2026-12-31 09:00")
    assert last_day(since, back, following) == date(2026, 12, 31)
    assert last_day(since, following, back) == date(2026, 12, 31)


def test_a_declaration_replaced_at_its_own_instant_touches_no_day():
    since = at("2026-11-23 08:00")
    assert last_day(since, None, since) < business_day(since)


def test_days_are_beijings_not_utcs():
    since = datetime.fromisoformat("2026-11-22T16:00:00+00:00")
    assert first_day(since, since, 7) == date(2026, 11, 23)


def test_a_declaration_sent_seven_days_late_counts_from_its_own_day_and_one_sent_eight_days_late_does_not():
    received = at("2026-11-23 10:00")
    assert first_day(at("2026-11-16 00:00"), received, 7) == date(2026, 11, 16)
    assert first_day(at("2026-11-15 23:59"), received, 7) == date(2026, 11, 16)


def test_days_that_have_not_begun_are_left_out_of_what_is_judged_again():
    today = date(2026, 11, 23)
    assert hull([Days(date(2026, 11, 20), None)], today) == (date(2026, 11, 20), today)
    assert hull([Days(date(2026, 11, 24), None)], today) is None
    assert hull([Days(date(2026, 11, 20), date(2026, 11, 19))], today) is None
    assert hull([Days(date(2026, 11, 1), date(2026, 11, 2)), Days(date(2026, 11, 9), date(2026, 12, 9))], today) == (
        date(2026, 11, 1),
        today,
    )


@dataclass(frozen=True)
class Declared:
    since: datetime
    back: datetime | None
    received: datetime
    id: UUID


START = at("2026-11-20 00:00")
hours = st.integers(0, 24 * 6).map(lambda hour: START + timedelta(hours=hour))


@st.composite
def declarations(draw: st.DrawFn) -> Declared:
    since = draw(hours)
    back = draw(st.none() | st.integers(1, 72).map(lambda hour: since + timedelta(hours=hour)))
    return Declared(since, back, draw(hours), draw(st.uuids()))


@given(st.lists(declarations(), min_size=1, max_size=6, unique_by=lambda d: d.id))
def test_days_touched_are_those_with_an_hour_in_force(declared: list[Declared]):
    line = sorted(declared, key=lambda d: order_of(d.since, d.received, d.id))
    following = [d.since for d in line[1:]] + [None]
    horizon = START + timedelta(days=12)
    for declaration, next_since in zip(line, following, strict=True):
        # What the board would show, hour by hour: the last in line that has begun, until it ends.
        in_force = {
            business_day(hour)
            for hour in (START + timedelta(hours=n) for n in range(24 * 12))
            if [d for d in line if d.since <= hour][-1:] == [declaration]
            and (declaration.back is None or hour < declaration.back)
        }
        last = last_day(declaration.since, declaration.back, next_since)
        first = business_day(declaration.since)
        until = business_day(horizon - timedelta(hours=1)) if last is None else last
        assert in_force == {first + timedelta(days=n) for n in range((until - first).days + 1)}
