"""GET /me and POST /me/password."""

from datetime import date

import pytest

from app.models import AuditEvent, Posting
from tests.identity.conftest import PASSWORD
from tests.support.world import COUNTY, VILLAGE

NEW = "seven-walnut-bridges"


def test_a_cadre_sees_the_posting_that_holds_today(world):
    assert world.as_("li").get("/me").json() == {
        "id": str(world.accounts["li"]),
        "name": "li",
        "role": "cadre",
        "area_code": None,
        "unit_id": None,
        "posting": {
            "id": str(world.postings["li"]),
            "village_code": VILLAGE,
            "village": "上庄村",
            "duty": "leader",
            "unit": "云岭县财政局",
            "starts_on": "2026-01-01",
            "ends_on": None,
        },
    }


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "holds"),
    [
        (date(2026, 1, 1), date(2026, 11, 23), True),
        (date(2026, 1, 1), date(2026, 11, 22), False),
        (date(2026, 11, 23), None, True),
        (date(2026, 11, 24), None, False),
    ],
)
def test_a_posting_holds_from_its_first_day_to_its_last(world, starts_on, ends_on, holds):
    with world.database.writing() as session:
        posting = session.get(Posting, world.postings["li"])
        posting.starts_on, posting.ends_on = starts_on, ends_on
    assert (world.as_("li").get("/me").json()["posting"] is not None) is holds


def test_the_day_begins_at_midnight_in_shanghai(world, clock):
    with world.database.writing() as session:
        session.get(Posting, world.postings["li"]).ends_on = date(2026, 11, 23)
    clock.set("2026-11-23 23:59")
    assert world.as_("li").get("/me").json()["posting"] is not None
    clock.set("2026-11-24 00:00")
    assert world.as_("li").get("/me").json()["posting"] is None


def test_an_officer_has_an_area_or_a_unit_and_no_posting(world):
    county = world.as_("county_officer").get("/me").json()
    unit = world.as_("unit_officer").get("/me").json()
    assert (county["role"], county["area_code"], county["posting"]) == ("county_officer", COUNTY, None)
    assert (unit["role"], unit["unit_id"], unit["posting"]) == ("unit_officer", str(world.units["county"]), None)


def change(world, who: str, current: str = PASSWORD, new: str = NEW):
    return world.as_(who).post("/me/password", json={"current_password": current, "new_password": new})


def test_a_changed_password_holds_and_the_old_one_does_not(world, give_password, sign_in):
    give_password("county_officer")
    assert change(world, "county_officer").status_code == 204
    assert sign_in("county_officer").status_code == 400
    assert sign_in("county_officer", NEW).status_code == 200


def test_a_change_of_password_is_on_record_without_either(world, database, give_password):
    account_id = give_password("county_officer")
    change(world, "county_officer", current="wrong")
    change(world, "county_officer")
    with database.reading() as session:
        (event,) = session.query(AuditEvent).all()
    assert (event.action, event.by, event.target) == ("account.password_changed", account_id, str(account_id))
    assert event.details == {}


def test_changing_the_password_signs_every_device_out(world, give_password, sign_in, token):
    give_password("li")
    devices = [sign_in("li").json()["refresh_token"] for _ in range(2)]
    change(world, "li")
    assert [token(grant_type="refresh_token", refresh_token=t).status_code for t in devices] == [400, 400]


def test_a_wrong_current_password_changes_nothing_and_counts_as_a_failure(world, give_password, sign_in):
    give_password("li")
    for _ in range(5):
        answer = change(world, "li", current="wrong")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/current_password")
    assert change(world, "li").status_code == 429


def test_a_poor_new_password_is_refused(world, give_password, sign_in):
    give_password("li")
    answer = change(world, "li", new="short")
    assert answer.json()["errors"][0] == {
        "pointer": "/new_password",
        "code": "password_too_short",
        "detail": "密码至少 10 个字符",
    }
    assert sign_in("li").status_code == 200


def test_a_dashboard_has_no_password_to_change(world):
    assert change(world, "dashboard").status_code == 403


def test_nobody_changes_a_password_without_being_signed_in(client):
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert client.post("/api/v1/me/password", json=body).status_code == 401
