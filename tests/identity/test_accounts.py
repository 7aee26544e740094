"""The administrator's accounts."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.models import Account, AuditEvent
from tests.support.world import CITY, COUNTY, PROVINCE, ROLES, TOWNSHIP, VILLAGE

OFFICER = {"login": "new.officer", "name": "新来的", "role": "county_officer", "area_code": COUNTY}


@pytest.fixture
def admin(world):
    return world.as_("admin")


@pytest.mark.parametrize("who", [role for role in ROLES if role != "admin"])
def test_only_an_administrator_sees_or_changes_accounts(world, who):
    signed = world.as_(who)
    assert signed.get("/accounts").status_code == 403
    assert signed.post("/accounts", json=OFFICER).status_code == 403
    assert signed.patch(f"/accounts/{world.accounts['li']}", json={"active": False}).status_code == 403


def test_a_new_officer_gets_a_code_once_and_signs_in_with_it(client, admin):
    created = admin.post("/accounts", json=OFFICER)
    assert created.status_code == 201
    assert created.headers["cache-control"] == "no-store"
    body = created.json()
    assert (body["active"], body["activated"], body["client_secret"]) == (True, False, None)
    assert body["activation_expires_at"] == "2026-12-07T08:05:00+08:00"
    activated = client.post(
        "/api/v1/auth/activate",
        json={"login": "new.officer", "code": body["activation_code"], "password": "river-stone-lantern"},
    )
    assert activated.status_code == 200
    (listed,) = [item for item in admin.get("/accounts?limit=200").json()["items"] if item["login"] == "new.officer"]
    assert listed["activated"] is True
    assert "activation_code" not in listed
    assert "client_secret" not in listed


@pytest.mark.parametrize(
    ("role", "area_code", "fault"),
    [
        ("township_officer", TOWNSHIP, None),
        ("township_officer", COUNTY, "/area_code"),
        ("township_officer", VILLAGE, "/area_code"),
        ("county_officer", COUNTY, None),
        ("county_officer", CITY, "/area_code"),
        ("county_officer", TOWNSHIP, "/area_code"),
        ("county_officer", None, "/area_code"),
        ("county_officer", "990109000000", "/area_code"),
        ("city_officer", CITY, None),
        ("city_officer", COUNTY, "/area_code"),
        ("dashboard", PROVINCE, None),
        ("dashboard", CITY, None),
        ("dashboard", COUNTY, None),
        ("dashboard", TOWNSHIP, None),
        ("dashboard", VILLAGE, "/area_code"),
        ("dashboard", None, "/area_code"),
        ("admin", None, None),
        ("admin", COUNTY, "/area_code"),
        ("unit_officer", None, "/unit_id"),
        ("unit_officer", COUNTY, "/area_code"),
        ("cadre", None, "/role"),
        ("mayor", None, "/role"),
    ],
)
def test_a_role_goes_with_an_area_of_its_level(admin, role, area_code, fault):
    answer = admin.post("/accounts", json={**OFFICER, "role": role, "area_code": area_code})
    if fault is None:
        assert answer.status_code == 201
    else:
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, fault)


def test_a_unit_officer_goes_with_a_unit_and_nobody_else_does(world, admin):
    unit_id = str(world.units["county"])
    fine = {"login": "unit.office", "name": "财政局", "role": "unit_officer", "unit_id": unit_id}
    assert admin.post("/accounts", json=fine).status_code == 201
    unknown = {**fine, "login": "other.office", "unit_id": "0192f7c2-0000-7000-8000-000000000001"}
    assert admin.post("/accounts", json=unknown).json()["errors"][0]["pointer"] == "/unit_id"
    assert admin.post("/accounts", json={**OFFICER, "unit_id": unit_id}).json()["errors"][0]["code"] == "not_for_role"


@pytest.mark.parametrize("login", ["ab", "x" * 65, "has space", "中文登录", ".starts", "a\x00b", "a/b", "-dash"])
def test_an_odd_login_is_refused(admin, login):
    answer = admin.post("/accounts", json={**OFFICER, "login": login})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/login")


def test_a_login_is_taken_whatever_its_capitals(admin):
    assert admin.post("/accounts", json=OFFICER).status_code == 201
    again = admin.post("/accounts", json={**OFFICER, "login": "New.Officer"})
    assert (again.status_code, again.json()["code"]) == (409, "login_taken")


def test_a_dashboards_new_secret_replaces_the_old_one_at_once(client, admin, token):
    made = {"login": "big.screen", "name": "看板", "role": "dashboard", "area_code": COUNTY}
    first = admin.post("/accounts", json=made).json()
    second = admin.patch(f"/accounts/{first['id']}", json={"new_client_secret": True}).json()
    secrets = (first["client_secret"], second["client_secret"])

    def status(secret: str) -> int:
        return token(grant_type="client_credentials", client_id="big.screen", client_secret=secret).status_code

    assert [status(secret) for secret in secrets] == [401, 200]
    assert first["activation_code"] is None


def test_a_change_touches_only_what_was_sent(world, admin):
    account = world.accounts["township_officer"]
    changed = admin.patch(f"/accounts/{account}", json={"name": "石桥乡驻村办"}).json()
    assert changed["name"] == "石桥乡驻村办"
    assert (changed["role"], changed["area_code"], changed["active"]) == ("township_officer", TOWNSHIP, True)
    assert changed["activation_code"] is None


def test_a_changed_role_needs_its_own_area(world, admin):
    account = world.accounts["township_officer"]
    refused = admin.patch(f"/accounts/{account}", json={"role": "county_officer"})
    assert refused.json()["errors"][0]["pointer"] == "/area_code"
    assert world.as_("township_officer").get("/me").json()["role"] == "township_officer"
    assert admin.patch(f"/accounts/{account}", json={"role": "county_officer", "area_code": COUNTY}).status_code == 200
    assert world.as_("township_officer").get("/me").json()["role"] == "county_officer"


@pytest.mark.parametrize(
    ("who", "body", "pointer"),
    [
        ("li", {"name": "别名"}, "/name"),
        ("li", {"role": "admin"}, "/role"),
        ("li", {"area_code": COUNTY}, "/area_code"),
        ("dashboard", {"role": "county_officer"}, "/role"),
        ("county_officer", {"role": "dashboard"}, "/role"),
        ("dashboard", {"new_activation_code": True}, "/new_activation_code"),
        ("county_officer", {"new_client_secret": True}, "/new_client_secret"),
        ("county_officer", {"active": None}, "/active"),
        ("county_officer", {"name": None}, "/name"),
        ("county_officer", {"login": "renamed"}, "/login"),
    ],
)
def test_what_does_not_go_together_is_refused(world, admin, who, body, pointer):
    answer = admin.patch(f"/accounts/{world.accounts[who]}", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_an_unknown_account_is_not_found(admin):
    assert admin.patch("/accounts/0192f7c2-0000-7000-8000-000000000001", json={"active": False}).status_code == 404


@pytest.mark.parametrize("body", [{"active": False}, {"role": "county_officer", "area_code": COUNTY}])
def test_the_last_administrator_stays(world, admin, body):
    answer = admin.patch(f"/accounts/{world.accounts['admin']}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    assert admin.get("/accounts").status_code == 200


@pytest.mark.parametrize("body", [{"active": False}, {"role": "county_officer", "area_code": COUNTY}])
def test_an_administrator_who_never_activated_the_account_takes_nobodys_place(
    world, client, admin, give_password, body
):
    give_password("admin")
    second = admin.post("/accounts", json={"login": "second", "name": "二号", "role": "admin"}).json()
    answer = admin.patch(f"/accounts/{world.accounts['admin']}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    first = {"login": "second", "code": second["activation_code"], "password": "river-stone-lantern"}
    assert client.post("/api/v1/auth/activate", json=first).status_code == 200
    assert admin.patch(f"/accounts/{world.accounts['admin']}", json=body).status_code == 200


def test_where_no_administrator_can_sign_in_accounts_can_be_changed_all_the_same(world, admin):
    second = admin.post("/accounts", json={"login": "second", "name": "二号", "role": "admin"}).json()
    assert admin.patch(f"/accounts/{second['id']}", json={"active": False}).status_code == 200
    assert admin.patch(f"/accounts/{world.accounts['county_officer']}", json={"active": False}).status_code == 200


def test_two_administrators_who_switch_each_other_off_at_once_leave_one(world, admin, give_password):
    give_password("admin")
    second = admin.post("/accounts", json={"login": "second", "name": "二号", "role": "admin"}).json()
    with world.database.reading() as session:
        ids = [world.accounts["admin"], session.query(Account.id).filter_by(login="second").scalar()]
    world.accounts["second"] = ids[1]
    give_password("second")
    assert str(ids[1]) == second["id"]

    def switch_off(pair):
        by, whom = pair
        return world.as_account(by).patch(f"/accounts/{whom}", json={"active": False}).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(switch_off, [ids, ids[::-1]]))
    assert statuses[0] == 200
    assert statuses[1] in {401, 409}
    with world.database.reading() as session:
        assert session.query(Account).filter_by(role="admin", active=True).count() == 1


def test_accounts_are_listed_by_page_and_by_role(admin):
    first = admin.get("/accounts?limit=5").json()
    rest = admin.get(f"/accounts?limit=200&cursor={first['next_cursor']}").json()
    everybody = admin.get("/accounts?limit=200").json()["items"]
    assert first["items"] + rest["items"] == everybody
    cadres = admin.get("/accounts?role=cadre").json()["items"]
    assert [item["role"] for item in cadres] == ["cadre"] * 5
    county = admin.get(f"/accounts?area={COUNTY}&active=true").json()["items"]
    assert {item["login"] for item in county} == {"county_officer", "dashboard"}


def test_what_an_administrator_does_is_on_record_without_secrets_or_names(world, admin):
    created = admin.post("/accounts", json=OFFICER).json()
    admin.patch(f"/accounts/{created['id']}", json={"active": False, "name": "另一个", "new_activation_code": True})
    with world.database.reading() as session:
        events = session.query(AuditEvent).order_by(AuditEvent.number).all()
    assert [(event.action, event.target) for event in events] == [
        ("account.created", created["id"]),
        ("account.changed", created["id"]),
    ]
    assert {event.by for event in events} == {world.accounts["admin"]}
    assert events[1].details == {
        "active": False,
        "changed": ["active", "name"],
        "renewed": ["new_activation_code"],
    }
    assert created["activation_code"] not in str([event.details for event in events])
