"""The rate of presence, and groups too small to be shown."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from app.policy.statistics import GroupSize, on_post_rate, withheld


def test_official_trips_count_as_presence_and_rest_days_leave_the_rate():
    assert on_post_rate(people=20, on_post=14, official=1, rest=5) == 1.0
    assert on_post_rate(people=30, on_post=9, official=1, rest=0) == 0.3333
    assert on_post_rate(people=5, on_post=0, official=0, rest=5) is None
    assert on_post_rate(people=0, on_post=0, official=0, rest=0) is None


def test_exactly_the_number_that_the_county_names_is_shown_and_one_fewer_is_not():
    assert withheld({"a": GroupSize(5, 5), "b": GroupSize(9, 5)}) == set()
    assert withheld({"a": GroupSize(4, 5), "b": GroupSize(9, 5), "c": GroupSize(7, 5)}) == {"a", "c"}


def test_where_no_county_asks_everything_is_shown():
    assert withheld({"a": GroupSize(1, 0), "b": GroupSize(2, 0)}) == set()


def test_a_neighbour_whose_county_does_not_ask_is_shown_all_the_same():
    assert withheld({"a": GroupSize(1, 5), "b": GroupSize(2, 0)}) == {"a"}


@given(st.lists(st.integers(0, 30), max_size=8), st.integers(1, 10))
def test_the_total_less_what_is_shown_never_tells_of_so_few_people(people, below):
    groups = {number: GroupSize(size, below) for number, size in enumerate(people)}
    hidden = withheld(groups)
    together = sum(people[number] for number in hidden)
    assert all(number in hidden for number, size in enumerate(people) if 0 < size < below)
    assert not hidden or together >= below or hidden == {n for n, size in enumerate(people) if size}
    assert len(hidden) != 1 or len([size for size in people if size]) == 1


@given(st.lists(st.integers(0, 30), max_size=7), st.integers(1, 10))
def test_nothing_is_withheld_beyond_need(people, below):
    groups = {number: GroupSize(size, below) for number, size in enumerate(people)}
    hidden = withheld(groups)
    small = {number for number, size in enumerate(people) if 0 < size < below}
    if not small:
        assert not hidden
        return
    enough = [
        len(chosen)
        for count in range(len(groups) + 1)
        for chosen in combinations(groups, count)
        if small <= set(chosen) and len(chosen) >= 2 and sum(people[n] for n in chosen) >= below
    ]
    assert not enough or len(hidden) == min(enough)
