"""The place that a recall leaves, until somebody fills it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import select

from app.attendance.posted import place_of
from app.ids import new_id
from app.models import AuditEvent, Posting, Vacancy
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


def post_again(world, who, starts_on="2026-11-25"):
    body = {
        "cadre_id": str(world.cadres[who]),
        "unit_id": str(world.units["county"]),
        "village_code": VILLAGE,
        "duty": "leader",
        "starts_on": starts_on,
    }
    answer = world.as_("county_officer").post("/postings", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def open_vacancies(world):
    return [found["id"] for found in world.as_("county_officer").get("/vacancies?open=true").json()["items"]]


def test_whoever_was_recalled_does_not_fill_the_place_but_another_cadre_of_the_unit_does(world, vacancy):
    again = post_again(world, "li")
    assert open_vacancies(world) == [vacancy["id"]]
    answer = fill(world, vacancy, again)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "does_not_fill")
    end = {"ends_on": "2026-11-24", "reason": "调整到上庄村"}
    assert world.as_("county_officer").post(f"/postings/{world.postings['zhao']}/end", end).status_code == 200
    post_again(world, "zhao")
    assert open_vacancies(world) == []


@pytest.fixture
def second_vacancy(world, database, vacancy):
    """wang's place in VILLAGE, vacant from 25 November."""
    with database.writing() as session:
        posting = session.get(Posting, world.postings["wang"])
        posting.ends_on = date(2026, 11, 24)
        made = Vacancy(id=new_id(), **place_of(posting), opened_on=date(2026, 11, 25), filled_by=None, filled_on=None)
        session.add(made)
    return {"id": str(made.id)}


def test_a_posting_fills_one_vacancy(world, vacancy, second_vacancy, newcomer):
    posting_id = newcomer()
    assert fill(world, vacancy, posting_id).status_code == 200
    again = fill(world, second_vacancy, posting_id)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "does_not_fill")


def test_a_posting_that_is_named_for_two_vacancies_at_once_fills_one(world, vacancy, second_vacancy, newcomer):
    posting_id = newcomer()
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda place: fill(world, place, posting_id).status_code, (vacancy, second_vacancy)))
    assert min(answers) == 200
    assert max(answers) in {409, 422}
    assert len(open_vacancies(world)) == 1


def test_a_filling_that_was_a_mistake_is_undone_with_a_reason(world, vacancy, newcomer):
    posting_id = newcomer()
    county = world.as_("county_officer")
    path, reason = f"/vacancies/{vacancy['id']}/reopen", {"reason": "该同志未到任"}
    assert county.post(path, reason).json()["code"] == "not_filled"
    fill(world, vacancy, posting_id)
    reopened = county.post(path, reason)
    assert (reopened.status_code, reopened.json()) == (200, vacancy)
    with world.database.reading() as session:
        event = session.scalars(select(AuditEvent).order_by(AuditEvent.number.desc())).first()
    assert (event.action, event.details) == ("vacancy.reopened", {"posting_id": posting_id, **reason})
    assert fill(world, vacancy, newcomer()).status_code == 200


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
