"""Cadres, as each office sees them."""

import pytest

from tests.roster.support import csv_file, faults, row, send
from tests.support.world import TOWNSHIP, VILLAGE


def listed(world, who, query=""):
    answer = world.as_(who).get(f"/cadres{query}")
    assert answer.status_code == 200
    return {item["id"]: item for item in answer.json()["items"]}


def ids(world, *names):
    return {str(world.cadres[name]) for name in names}


def test_everybody_sees_the_cadres_of_the_own_scope(world):
    assert set(listed(world, "county_officer")) == ids(world, "li", "wang", "zhao", "sun")
    assert set(listed(world, "township_officer")) == ids(world, "li", "wang", "zhao")
    assert set(listed(world, "unit_officer")) == ids(world, "li", "wang", "zhao")
    assert set(listed(world, "city_officer")) == ids(world, "li", "wang", "zhao", "sun", "zhou")
    assert set(listed(world, "li")) == ids(world, "li")


def test_only_the_county_sees_whether_a_cadre_has_activated_the_account_and_how_an_id_number_begins_and_ends(world):
    own = listed(world, "county_officer")[str(world.cadres["li"])]
    assert own["activated"] is False
    assert own["id_number"] == "990101********0014"
    for who in ("township_officer", "city_officer", "unit_officer"):
        seen = listed(world, who)[str(world.cadres["li"])]
        assert (seen["activated"], seen["id_number"]) == (None, None), who


def test_cadres_can_be_looked_for_by_area_and_name(world):
    assert set(listed(world, "county_officer", f"?area={VILLAGE}")) == ids(world, "li", "wang")
    assert set(listed(world, "county_officer", f"?area={TOWNSHIP}&name=干部3")) == ids(world, "zhao")
    assert listed(world, "county_officer", "?name=%25") == {}


@pytest.mark.parametrize("name", ["李\ufffe国", "李\uffff国", "李\ufdd0国"])
def test_a_name_holds_nothing_that_is_no_character(world, name):
    answer = world.as_("county_officer").patch(f"/cadres/{world.cadres['li']}", {"name": name})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_text")
    report = send(world.as_("county_officer"), "/imports/roster", csv_file([row(1, 姓名=name)]), "roster.csv").json()
    assert faults(report) == {(2, "姓名", "bad_text")}
