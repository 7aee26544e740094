"""The rules for a new password, and how many are hashed at once."""

import threading

import pytest

from app.access.passwords import Passwords, require_acceptable
from app.access.turns import AT_ONCE
from app.errors import Unavailable, Unprocessable


def fault_of(password: str, login: str = "li") -> str | None:
    try:
        require_acceptable(password, login, "/password")
    except Unprocessable as problem:
        (error,) = problem.errors
        return error.code if error.pointer == "/password" else error.pointer
    return None


def test_ten_characters_are_enough_and_nine_are_not():
    assert fault_of("walnut-ab") == "password_too_short"
    assert fault_of("walnut-abc") is None


def test_ten_chinese_characters_count_as_ten():
    assert fault_of("青山绿水小桥流水人") == "password_too_short"
    assert fault_of("青山绿水小桥流水人家") is None


def test_a_hundred_and_twenty_eight_characters_are_the_most():
    assert fault_of("walnut-bridge-" + "x" * 114) is None
    assert fault_of("walnut-bridge-" + "x" * 115) == "password_too_long"


@pytest.mark.parametrize("password", ["13900000001", "１３９０００００００１", " 13900000001 "])
def test_the_login_is_no_password_however_it_is_typed(password):
    assert fault_of(password, "13900000001") == "password_is_login"


def test_the_login_in_capitals_is_no_password():
    assert fault_of("COUNTY_OFFICER", "county_officer") == "password_is_login"


@pytest.mark.parametrize(
    "password", ["1234567890", "Password123", "QWERTYUIOP", "woaini1314520", "aaaaaaaaaaaa", "121212121212"]
)
def test_what_everybody_tries_first_is_refused(password):
    assert fault_of(password) == "password_too_common"


def test_a_hash_is_argon2id_and_never_twice_the_same():
    passwords = Passwords(1)
    first, second = passwords.hash("river-stone-lantern"), passwords.hash("river-stone-lantern")
    assert first.startswith("$argon2id$")
    assert first != second
    assert passwords.matches("river-stone-lantern", first)
    assert not passwords.matches("river-stone-lanterm", first)


@pytest.mark.parametrize("stored", [None, "", "not a hash", "a" * 64])
def test_nothing_matches_where_there_is_no_password(stored):
    passwords = Passwords(1)
    assert not passwords.matches("nobody's password", stored)
    assert not passwords.matches("", stored)


@pytest.mark.parametrize("password", ["\ud800\udfff lone", "\x00" * 12, "é" * 128])
def test_odd_characters_are_hashed_like_any_other(password):
    passwords = Passwords(1)
    assert passwords.matches(password, passwords.hash(password))


def test_so_many_are_hashed_at_once_a_few_wait_and_the_rest_are_told_to_come_back(monkeypatch):
    passwords = Passwords(2)
    at_once, most, lock = 0, 0, threading.Lock()
    entered, go_on = threading.Semaphore(0), threading.Event()

    def slow_hash(_password: bytes) -> str:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        entered.release()
        assert go_on.wait(10)
        with lock:
            at_once -= 1
        return "hash"

    monkeypatch.setattr(passwords, "_hasher", type("Slow", (), {"hash": staticmethod(slow_hash)}))
    threads = [threading.Thread(target=passwords.hash, args=("x",)) for _ in range(18)]
    for thread in threads:
        thread.start()
    assert entered.acquire(timeout=10)
    assert entered.acquire(timeout=10)
    refused = None
    while refused is None:  # until the last of the threads stands in the queue
        if passwords._queue._value == 0:
            with pytest.raises(Unavailable) as refused:
                passwords.hash("one too many")
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert most == 2
    assert refused.value.headers["Retry-After"] == "2"


def test_however_many_hash_at_a_time_some_turns_are_left_for_others():
    assert all(Passwords(in_flight)._queue._value < AT_ONCE["sign_in"] for in_flight in range(1, 17))
