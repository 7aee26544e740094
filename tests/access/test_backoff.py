"""How long a failed sign-in has to wait."""

from datetime import UTC, datetime, timedelta

import pytest

from app.access.backoff import forget_attempts, take_attempt, wait_after
from app.errors import TooManyRequests

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 5), (6, 10), (7, 20), (11, 320), (12, 640), (13, 900), (500, 900)]
)
def test_waits_double_from_five_seconds_to_a_quarter_of_an_hour(failures, seconds):
    assert wait_after(failures) == timedelta(seconds=seconds)


def attempts_until_refused(database, login: str, address: str) -> int:
    for number in range(20):
        try:
            with database.writing() as session:
                take_attempt(session, login, address, NOW)
        except TooManyRequests:
            return number
    return 20


def test_an_address_waits_by_itself_and_does_not_lock_the_owner_out(database):
    assert attempts_until_refused(database, "li", "10.0.0.1") == 5
    assert attempts_until_refused(database, "li", "10.0.0.2") == 5
    assert attempts_until_refused(database, "wang", "10.0.0.1") == 5


def test_forgetting_concerns_one_login_at_one_address(database):
    attempts_until_refused(database, "li", "10.0.0.1")
    attempts_until_refused(database, "li", "10.0.0.2")
    with database.writing() as session:
        forget_attempts(session, "li", "10.0.0.1")
    assert attempts_until_refused(database, "li", "10.0.0.1") == 5
    assert attempts_until_refused(database, "li", "10.0.0.2") == 0


def test_what_was_typed_as_login_is_not_stored(database):
    with database.writing() as session:
        take_attempt(session, "my-password-in-the-wrong-box", "10.0.0.1", NOW)
        rows = session.connection().exec_driver_sql("SELECT * FROM login_failures").all()
    assert len(rows) == 1
    assert "my-password" not in str(rows)


def test_old_failures_are_swept_away_by_the_next_attempt(database):
    attempts_until_refused(database, "li", "10.0.0.1")
    with database.writing() as session:
        take_attempt(session, "wang", "10.0.0.9", NOW + timedelta(hours=24))
        assert session.connection().exec_driver_sql("SELECT count(*) FROM login_failures").scalar() == 1
