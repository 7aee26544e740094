"""The place that a recall leaves, until somebody fills it."""

from datetime import date

import pytest

from tests.recalls.support import walk
from tests.support.world import SECOND_VILLAGE, TOWNSHIP, VILLAGE


@pytest.fixture
def vacancy(world, candidate):
    """li's place in VILLAGE, vacant from 25 November."""
    walk(world, candidate, "statement", "opinion", "notice", "recall")
    (found,) = world.as_("county_officer").get("/vacancies").json()["items"]
    return found


@pytest.fixture
def newcomer(world):
    def add(village=VILLAGE, starts_on=date(2026, 11, 25)):
        with world.database.writing() as session:
            return str(world.add_cadre(session, f"new{len(world.cadres)}", village, "county", starts_on=starts_on))

    return add


def fill(world, vacancy, posting_id, who="county_officer"):
    return world.as_(who).post(f"/vacancies/{vacancy['id']}/fill", {"posting_id": posting_id})


def test_a_vacancy_is_open_until_a_new_posting_fills_it(world, vacancy, newcomer):
    posting_id = newcomer()
    answer = fill(world, vacancy, posting_id)
    assert (answer.json()["filled_by"], answer.json()["filled_on"]) == (posting_id, "2026-11-25")
    assert world.as_("county_officer").get("/vacancies?open=true").json()["items"] == []
    assert len(world.as_("county_officer").get("/vacancies").json()["items"]) == 1
    assert fill(world, vacancy, newcomer()).json()["code"] == "already_filled"


@pytest.mark.parametrize("posting", [{"village": SECOND_VILLAGE}, {"starts_on": date(2026, 11, 24)}])
def test_another_village_or_an_earlier_posting_fills_nothing(world, vacancy, newcomer, posting):
    answer = fill(world, vacancy, newcomer(**posting))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "does_not_fill")


@pytest.mark.parametrize("reader", ["township_officer", "county_officer", "city_officer", "unit_officer"])
def test_officers_see_the_vacancies_of_their_scope(world, vacancy, reader):
    assert [v["id"] for v in world.as_(reader).get("/vacancies").json()["items"]] == [vacancy["id"]]


@pytest.mark.parametrize("reader", ["sibling_township_officer", "foreign_county_officer", "foreign_unit_officer"])
def test_vacancies_elsewhere_are_not_seen(world, vacancy, reader):
    assert world.as_(reader).get("/vacancies").json()["items"] == []


def test_a_vacancy_is_filled_by_its_county_alone(world, vacancy, newcomer):
    posting_id = newcomer()
    assert fill(world, vacancy, posting_id, "foreign_county_officer").status_code == 404
    assert fill(world, vacancy, posting_id, "unit_officer").status_code == 403
    assert fill(world, vacancy, str(world.postings["zhou"])).status_code == 404
    assert world.as_("cadre").get("/vacancies").status_code == 403
    assert world.as_("county_officer").get(f"/vacancies?area={TOWNSHIP}").json()["items"] == [vacancy]
