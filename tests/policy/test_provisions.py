"""Which provision is in force on a day for an area, and which ones an area may have of its own."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.local_law import Refused, check_local, parse_proposal
from app.policy.provisions import Kind, Provision, Provisions, UnknownProvision, load_text

CITY, COUNTY, OTHER_COUNTY = "990100000000", "990101000000", "990102000000"
TOWNSHIP, VILLAGE, OTHER_VILLAGE = "990101001000", "990101001001", "990102001001"
AREAS = (CITY, COUNTY, OTHER_COUNTY, TOWNSHIP, VILLAGE, OTHER_VILLAGE)

CHAINS = {
    None: (None,),
    CITY: (None, CITY),
    COUNTY: (None, CITY, COUNTY),
    OTHER_COUNTY: (None, CITY, OTHER_COUNTY),
    TOWNSHIP: (None, CITY, COUNTY, TOWNSHIP),
    VILLAGE: (None, CITY, COUNTY, TOWNSHIP, VILLAGE),
    OTHER_VILLAGE: (None, CITY, OTHER_COUNTY, OTHER_VILLAGE),
}
"""Whose provisions hold in an area, the widest first: spelled out, not computed from the codes."""

START = date(2026, 1, 1)
DAYS = st.integers(0, 6).map(lambda n: START + timedelta(days=n))

provisions = st.builds(
    Provision,
    key=st.sampled_from(["a.x", "a.y"]),
    value=st.integers(1, 9),
    in_force_from=DAYS,
    kind=st.sampled_from([Kind.LOCAL, Kind.READING, Kind.TEXT]),
    area_code=st.sampled_from((None, *AREAS)),
    approval_document=st.sampled_from([None, None, "批〔2026〕1号"]),
    bounds=st.sampled_from([None, {"tighten": "lower"}, {"tighten": "higher"}, {"tighten": "none"}]),
)


def naively(items: list[Provision], key: str, day: date, area: str | None) -> Provision | None:
    """The same question, asked level by level and day by day."""

    def newest(of_area: str | None, text: Provision | None) -> Provision | None:
        for back in range(400):
            for item in reversed(items):
                same_place = item.key == key and item.area_code == of_area
                if same_place and item.in_force_from == day - timedelta(days=back) and may_stand(item, text):
                    return item
        return None

    def may_stand(item: Provision, text: Provision | None) -> bool:
        if text is None or text.kind is not Kind.TEXT or item.approval_document:
            return True
        way = (text.bounds or {}).get("tighten")
        return (
            item.value == text.value
            or (way == "lower" and item.value < text.value)
            or (way == "higher" and item.value > text.value)
        )

    text = newest(None, None)
    if text is None:
        return None
    for level in reversed(CHAINS[area][1:]):
        own = newest(level, text)
        if own is not None:
            return own
    return text


@given(st.lists(provisions, max_size=12), DAYS, st.sampled_from([None, *AREAS]))
def test_the_narrowest_area_goes_first_then_the_newest_day_then_the_one_added_last(items, day, area):
    law = Provisions(items)
    expected = {key: naively(items, key, day, area) for key in ("a.x", "a.y")}
    for key, provision in expected.items():
        if provision is None:
            with pytest.raises(UnknownProvision):
                law.in_force(key, day, area)
        else:
            assert law.in_force(key, day, area) is provision
    held = law.all_in_force(day, area)
    assert {item.key: item for item in held} == {key: item for key, item in expected.items() if item is not None}


def text_of(value: object, start: date = START, **fields) -> Provision:
    given = {"kind": Kind.TEXT, "article": "第一条", "quote": "七天", "bounds": {"tighten": "lower"}, **fields}
    return Provision("a.x", value, start, **given)


def own(value: object, start: date = START, area: str | None = COUNTY, **fields) -> Provision:
    return Provision("a.x", value, start, area_code=area, **fields)


def test_a_past_day_keeps_the_provision_of_its_time():
    law = Provisions([text_of(7), own(5, date(2026, 3, 1)), own(3, date(2026, 4, 1))])
    on = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)]
    assert [law.value("a.x", day, VILLAGE) for day in on] == [7, 5, 5, 3]


def test_of_two_from_the_same_day_the_one_added_last_holds():
    assert Provisions([text_of(7), own(5), own(6)]).value("a.x", START, COUNTY) == 6
    assert Provisions([text_of(7), own(6), own(5)]).value("a.x", START, COUNTY) == 5


def test_a_local_provision_yields_to_a_text_that_is_amended_against_it_and_an_approved_one_stays():
    stricter_text = text_of(4, date(2026, 7, 1))
    law = Provisions([text_of(7), own(5), stricter_text])
    assert law.value("a.x", date(2026, 6, 30), COUNTY) == 5
    assert law.value("a.x", date(2026, 7, 1), COUNTY) == 4
    approved = Provisions([text_of(7), own(5, approval_document="批"), stricter_text])
    assert approved.value("a.x", date(2026, 7, 1), COUNTY) == 5


def test_where_the_newest_own_one_contradicts_the_text_the_one_before_it_holds():
    law = Provisions([text_of(7), own(5), own(9, date(2026, 2, 1))])
    assert law.value("a.x", date(2026, 3, 1), COUNTY) == 5


def test_without_an_area_only_the_text_holds():
    assert Provisions([text_of(7), own(5)]).value("a.x", START, None) == 7


# ------------------------------------------------------------------ the text that comes with the service


def entries():
    return load_text().all_in_force(date(2026, 11, 23), None)


def test_every_provision_of_the_text_is_in_force_since_the_measures_are():
    assert {item.in_force_from for item in entries()} == {date(2018, 7, 5)}
    assert load_text().all_in_force(date(2018, 7, 4), None) == ()


def test_the_text_is_quoted_and_a_reading_or_setting_never_is():
    for item in entries():
        if item.kind is Kind.TEXT:
            assert item.article, item.key
            assert item.quote, item.key
        else:
            assert item.quote is None, item.key
        if item.kind is Kind.READING:
            assert item.reading, item.key
        if item.kind is Kind.LOCAL:
            assert item.article is None, item.key


def test_every_amendable_value_lies_within_its_own_bounds():
    """What holds everywhere could also be provided by a county."""
    for item in entries():
        if not (item.bounds or {}).get("fixed"):
            check_local(Provision(item.key, item.value, date(2026, 1, 1), area_code=COUNTY), load_text())


def test_every_number_and_list_that_a_county_may_set_has_bounds():
    for item in entries():
        bounds = item.bounds or {}
        if bounds.get("fixed") or isinstance(item.value, bool):
            continue
        wanted = {"min", "max"} if isinstance(item.value, (int, float)) else {"one_of", "items", "pattern"}
        assert wanted & bounds.keys() == ({"min", "max"} if "min" in wanted else wanted & bounds.keys()), item.key
        assert bounds.keys() & wanted, item.key


# ------------------------------------------------------------------ what an area may have of its own

LAW = load_text()


def refusal(key: str, value: object, start: date = date(2026, 1, 1), **fields) -> str | None:
    try:
        check_local(Provision(key, value, start, **{"area_code": COUNTY, **fields}), LAW)
    except Refused as refused:
        return refused.code
    return None


@given(st.integers(-5, 400), st.booleans())
def test_a_tier_is_only_lowered_within_bounds_and_never_below_the_one_before_it(days, approved):
    document = "批〔2026〕1号" if approved else None
    expected = None
    if not 1 <= days <= 365:
        expected = "out_of_range"
    elif days > 15 and not approved:
        expected = "contradicts_text"
    elif days < 7:
        expected = "out_of_order"
    assert refusal("leave.county_days", days, approval_document=document) == expected


@pytest.mark.parametrize("value", [None, True, 3.0, "3", [3], {"days": 3}, float("nan"), float("inf")])
def test_a_whole_number_is_nothing_else(value):
    assert refusal("leave.township_days", value) == "wrong_type"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1.62", True, None])
def test_a_number_is_a_finite_number(value):
    assert refusal("presence.verdict", value) == "wrong_type"


def test_an_unknown_key_and_one_that_is_fixed_are_refused_whatever_the_approval():
    assert refusal("a.b", 1, approval_document="批") == "unknown_key"
    assert refusal("day.absent", "absent", approval_document="批") == "fixed"


def test_nothing_begins_before_the_text():
    assert refusal("leave.township_days", 3, start=date(2018, 7, 4)) == "before_text"
    assert refusal("leave.township_days", 3, start=date(2018, 7, 5)) is None


def test_offices_are_known_each_once_and_never_none():
    assert refusal("leave.long_other_units", ["city"]) is None
    for value in ([], ["city", "city"], ["township"], ["mayor"], ["city", 1]):
        assert refusal("leave.long_other_units", value) in {"out_of_range", "wrong_type"}


def test_tiers_are_kept_in_order_on_later_days_and_in_narrower_areas_too():
    later = Provision("leave.county_days", 8, date(2026, 6, 1), area_code=COUNTY)
    village = Provision("leave.township_days", 3, date(2026, 1, 1), area_code=VILLAGE)
    law = LAW.adding([later, village])
    check_local(Provision("leave.township_days", 6, date(2026, 2, 1), area_code=COUNTY), law)
    with pytest.raises(Refused) as refused:
        check_local(Provision("leave.county_days", 2, date(2026, 7, 1), area_code=TOWNSHIP), law)
    assert refused.value.code == "out_of_order"
    approved = Provision("leave.township_days", 10, date(2026, 2, 1), area_code=COUNTY, approval_document="批")
    with pytest.raises(Refused) as refused:
        check_local(approved, law)
    assert refused.value.code == "out_of_order", "from June on the county's tier ends at 8"


def test_the_closing_hour_is_one_for_a_county():
    assert refusal("day.closes_at", "01:00") is None
    assert refusal("day.closes_at", "01:00", area_code=TOWNSHIP) == "county_wide"
    for value in ("24:00", "12:00", "1:00", "00:60", "00:30\n"):
        assert refusal("day.closes_at", value) == "out_of_range", value


def test_a_proposal_without_a_past_day_of_its_own_holds_from_the_first_day_replayed():
    text = '[[provision]]\nkey = "leave.township_days"\nvalue = 3\nfrom = {}\n'
    first, last = date(2026, 3, 1), date(2026, 4, 1)

    def begins(day: str) -> date:
        [item] = parse_proposal(text.format(day), COUNTY, first, last, LAW)
        return item.in_force_from

    assert begins("2026-04-02") == first
    assert begins("2026-04-01") == last
    assert begins("2020-01-01") == date(2020, 1, 1)
