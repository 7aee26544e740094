"""第四条: at least three members, all of one level."""

from datetime import date

import pytest

from app.policy.provisions import Provision, load_text
from app.policy.team import Finding, Team, judge_team

ON, VILLAGE, COUNTY = date(2026, 11, 23), "990101001001", "990101000000"


def findings(members: int, levels: list[str], *own: tuple[str, object], on: date = ON) -> set[Finding]:
    local = [
        Provision(key, value, date(2026, 1, 1), area_code=COUNTY, approval_document="批〔2026〕1号")
        for key, value in own
    ]
    return {judgment.verdict for judgment in judge_team(Team(members, levels), on, load_text().adding(local), VILLAGE)}


@pytest.mark.parametrize(
    ("members", "found"), [(1, {Finding.UNDER_THREE}), (2, {Finding.UNDER_THREE}), (3, set()), (4, set())]
)
def test_three_are_enough_and_two_are_not(members, found):
    assert findings(members, ["county"] * members) == found


def test_a_village_without_a_team_has_no_team_to_complain_of():
    assert findings(0, []) == set()


def test_levels_are_not_mixed_in_one_village():
    assert findings(3, ["county", "county", "county"]) == set()
    assert findings(3, ["county", "city", "county"]) == {Finding.LEVELS_MIXED}
    assert findings(2, ["province", "city"]) == {Finding.UNDER_THREE, Finding.LEVELS_MIXED}


def test_a_county_may_want_more_members():
    assert findings(3, ["county"] * 3, ("team.minimum_members", 4)) == {Finding.UNDER_THREE}
    assert findings(4, ["county"] * 4, ("team.minimum_members", 4)) == set()


def test_with_an_approval_levels_may_mix():
    assert findings(3, ["county", "city", "city"], ("team.one_level", False)) == set()


def test_before_the_measures_were_in_force_nothing_is_said():
    assert findings(1, ["county", "city"], on=date(2018, 7, 4)) == set()


def test_each_finding_says_what_it_rests_on():
    found = judge_team(Team(2, ["county", "city"]), ON, load_text(), VILLAGE)
    assert [(item.verdict, item.basis[0].article) for item in found] == [
        (Finding.UNDER_THREE, "第四条"),
        (Finding.LEVELS_MIXED, "第四条"),
    ]
    assert found[0].facts == {"members": 2, "minimum": 3}
    assert found[1].facts == {"unit_levels": ["city", "county"]}
