"""Log lines: JSON, with where a fault came from, without whose data it was."""

import json
import logging

import pytest
import structlog
from sqlalchemy.exc import IntegrityError

from app.logs import configure_logging
from app.models import Account
from tests.cli.conftest import logging_as_it_was  # noqa: F401 - a fixture

PHONE = "13900000001"


@pytest.fixture
def logged(capsys):
    """`logged(act)`: the lines that `act()` writes."""

    def lines_of(act) -> list[dict]:
        configure_logging()
        act()
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return lines_of


def look_up() -> None:
    raise ValueError(f"no such phone {PHONE}")


def fail_with_a_phone_number() -> None:
    try:
        look_up()
    except ValueError as error:
        raise RuntimeError(f"could not call {PHONE}") from error


@pytest.mark.parametrize("logger", [structlog.get_logger(), logging.getLogger("uvicorn.error")])
def test_a_fault_is_logged_with_its_place_and_without_its_message(logged, logger):
    def act() -> None:
        try:
            fail_with_a_phone_number()
        except RuntimeError:
            logger.exception("internal_error")

    (line,) = logged(act)
    assert (line["event"], line["level"]) == ("internal_error", "error")
    assert [link["type"] for link in line["exception"]] == ["builtins.RuntimeError", "builtins.ValueError"]
    assert line["exception"][0]["at"][-1].endswith("fail_with_a_phone_number")
    assert PHONE not in json.dumps(line)


def test_a_line_carries_the_trace_id_of_its_request(logged):
    def act() -> None:
        with structlog.contextvars.bound_contextvars(trace_id="abc"):
            structlog.get_logger().warning("something", count=3)
            logging.getLogger("other").warning("something else")

    assert [(line["trace_id"], line.get("count")) for line in logged(act)] == [("abc", 3), ("abc", None)]


def test_a_database_error_does_not_carry_its_parameters(database, clock):
    account = {"login": PHONE, "name": "x", "role": "mayor", "active": True, "created_at": clock()}
    with pytest.raises(IntegrityError) as caught, database.writing() as session:
        session.add(Account(**account))
    statement = str(caught.value).partition("[SQL")[2]
    assert "INSERT INTO accounts" in statement
    assert PHONE not in statement
