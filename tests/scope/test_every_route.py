"""Every route, as every role, about its own, a sibling's, a foreign and a missing thing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.main import create_app
from app.settings import Settings
from tests.scope.places import SEEN_BY, Place, build_places
from tests.scope.routes import ROLES, ROUTES, Route

SPEC = create_app(Settings(database_url="sqlite://")).openapi()
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in SPEC["paths"].items()
    for method, operation in methods.items()
}
OF_NO_PLACE = {"date": "2026-11-23", "year": "2026"}
"""Path parameters that tell nothing about a place."""
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def test_every_route_of_the_application_is_known_here():
    assert set(OPERATIONS) == set(ROUTES)


def test_every_route_but_the_public_ones_asks_for_a_token():
    unsigned = {name for name, (_, _, operation) in OPERATIONS.items() if not operation.get("security")}
    assert unsigned == {name for name, route in ROUTES.items() if route.public}


@pytest.fixture
def places(world) -> dict[str, Place]:
    return build_places(world)


@pytest.fixture
def nothing_lasts(places, database, monkeypatch) -> None:
    """Every writing call is rolled back after it was answered, so that no call sees what another has done."""

    @contextmanager
    def writing() -> Iterator[Session]:
        with Session(database.writer, expire_on_commit=False) as session:
            session.begin()
            yield session
            session.flush()
            session.rollback()

    monkeypatch.setattr(database, "writing", writing)


SIGNED_IN = [name for name, route in ROUTES.items() if not route.public]


@pytest.mark.usefixtures("nothing_lasts")
def test_nobody_gets_in_without_a_token(world, places):
    for name in SIGNED_IN:
        method, path, arguments = request_of(name, places["own"])
        answer = world.client.request(method, path, **arguments)
        assert (name, answer.status_code, answer.json()["code"]) == (name, 401, "unauthenticated")


@pytest.mark.usefixtures("nothing_lasts")
@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_may_not_call_a_route_is_told_so_whatever_it_asks_about(world, places, role):
    for name in SIGNED_IN:
        if role in ROUTES[name].roles.split():
            continue
        for place in (places["own"], places["missing"]):
            answer = call(world, role, name, place)
            assert (name, place.name, answer.status_code) == (name, place.name, 403)
            assert answer.json()["code"] == "forbidden"


@pytest.mark.usefixtures("nothing_lasts")
@pytest.mark.parametrize("role", ROLES)
def test_what_lies_outside_the_scope_answers_exactly_like_what_does_not_exist(world, places, role):
    for name in SIGNED_IN:
        route = ROUTES[name]
        if role not in route.roles.split() or not route.about:
            continue
        missing = call(world, role, name, places["missing"])
        assert (name, missing.status_code) == (name, 404)
        for place in places.values():
            answer = call(world, role, name, place)
            if place.name in seen(route, role):
                assert is_in_scope(answer), (name, place.name, answer.text)
                assert_names_nobody_hidden(answer, role, name, places, place)
            else:
                assert (name, place.name, answer.status_code) == (name, place.name, 404)
                assert body_of(answer) == body_of(missing)


@pytest.mark.usefixtures("nothing_lasts")
@pytest.mark.parametrize("role", ROLES)
def test_lists_of_everything_name_nobody_outside_the_scope(world, places, role):
    for name in SIGNED_IN:
        if role in ROUTES[name].roles.split() and OPERATIONS[name][0] == "GET" and ROUTES[name].about != "person":
            answer = call(world, role, name, None)
            if answer.status_code != 422:  # an area has to be named
                assert answer.status_code == 200, (name, answer.text)
                assert_names_nobody_hidden(answer, role, name, places, None)


def is_in_scope(answer) -> bool:
    if answer.status_code == 403:
        # A leave that one may read and another office decides; a filing that another office makes.
        return answer.json()["code"] in {"not_your_step", "not_your_filing"}
    return answer.status_code not in {401, 404, 405, 500, 503}


def assert_names_nobody_hidden(answer, role: str, name: str, places: dict[str, Place], place: Place | None) -> None:
    if name in {"list_accounts", "update_account"}:
        return  # the administrator's own business
    sent = str(request_of(name, place))
    hidden = [secret for p in places.values() if p.name not in SEEN_BY[role] for secret in p.secrets]
    assert [secret for secret in hidden if secret in answer.text and secret not in sent] == [], (name, role)


def seen(route: Route, role: str) -> set[str]:
    return (route.seen_by or SEEN_BY).get(role, set())


def call(world, role: str, name: str, place: Place | None):
    method, path, arguments = request_of(name, place)
    return world.as_(role).request(method, path.removeprefix("/api/v1"), **arguments)


def request_of(name: str, place: Place | None) -> tuple[str, str, dict[str, Any]]:
    """What is sent: the place's ids in the path, the documented example as the body, with what the route changes."""
    method, path, operation = OPERATIONS[name]
    route = ROUTES[name]
    for parameter in operation.get("parameters", []):
        name_in_path = parameter["name"]
        if parameter["in"] == "path" and (place or name_in_path in OF_NO_PLACE):
            value = OF_NO_PLACE.get(name_in_path) or getattr(place, name_in_path)
            path = path.replace(f"{{{name_in_path}}}", value)
    arguments: dict[str, Any] = {"params": route.query(place) if route.query and place else {}}
    if route.files:
        arguments["files"] = {"file": ("empty.csv", PDF, "application/pdf")}
    elif "requestBody" in operation:
        arguments["json"] = {**example_of(operation), **(route.body(place) if route.body and place else {})}
    return method, path, arguments


def example_of(operation: dict[str, Any]) -> dict[str, Any]:
    [content] = operation["requestBody"]["content"].values()
    if "examples" in content:
        return dict(next(iter(content["examples"].values()))["value"])
    schema = content["schema"]
    while "$ref" in schema:
        schema = SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return dict(schema.get("example") or schema["examples"][0])


def body_of(answer) -> dict[str, Any]:
    return {key: value for key, value in answer.json().items() if key != "trace_id"}
