"""Which postings collide, against comparing every pair."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.roster.overlaps import Stay, collisions

START = date(2026, 1, 1)


def stays(kinds):
    return st.lists(
        st.builds(
            lambda first, days, proposed, kind: Stay(
                None,
                START + timedelta(days=first),
                None if days is None else START + timedelta(days=first + days),
                proposed,
                kind,
            ),
            st.integers(0, 30),
            st.none() | st.integers(0, 10),
            st.booleans(),
            kinds,
        ),
        max_size=12,
    )


def collide(one, other):
    """Every shared day, one by one."""
    days = [START + timedelta(days=n) for n in range(60)]
    share = any(
        s.first <= day <= (s.last or date.max) and o.first <= day <= (o.last or date.max)
        for day in days
        for s, o in [(one, other)]
    )
    return share and (one.kind is None or one.kind != other.kind)


@given(st.one_of(stays(st.none()), stays(st.sampled_from(["province", "city", "county"]))))
def test_what_is_not_blamed_collides_with_nothing_and_what_is_blamed_does(listed):
    found = collisions(listed)
    blamed = {id(stay) for stay, _ in found}
    assert len(blamed) == len(found)
    for stay, other in found:
        assert stay.proposed
        assert stay is not other
        assert collide(stay, other)
    for position, one in enumerate(listed):
        for other in listed[position + 1 :]:
            if (one.proposed or other.proposed) and collide(one, other):
                assert {id(one), id(other)} & blamed


def test_one_ends_the_day_before_the_next_begins():
    first = Stay(2, date(2026, 1, 1), date(2026, 1, 31), proposed=True)
    next_day = Stay(3, date(2026, 2, 1), None, proposed=True)
    same_day = Stay(4, date(2026, 1, 31), None, proposed=True)
    assert collisions([first, next_day]) == []
    assert collisions([first, same_day]) == [(same_day, first)]
