"""Passwords: argon2id, a bounded number of hashes at a time, and the rules for a new one."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from app.access.turns import AT_ONCE
from app.errors import Unavailable, Unprocessable

MIN_LENGTH = 10
MAX_LENGTH = 128
_WAITING_PER_SLOT = 8
_MOST_AT_A_TIME = AT_ONCE["sign_in"] - 2
"""Hashing or waiting for it; each has a turn, and some are left for others."""
_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1
# OWASP's argon2id parameters for small servers.
_HASHER = PasswordHash([Argon2Hasher(_PASSES, _MEMORY_KIB, _LANES)])

_COMMON = frozenset(
    {
        "0123456789", "0987654321", "1234567890", "12345678910", "123456789a", "123456789q", "1234512345",
        "1122334455", "1231231234", "123123123123", "112233445566", "5201314520", "5201314521", "1314520520",
        "9876543210", "147258369a", "1472583690", "a123456789", "a1234567890", "aa123456789", "abc1234567",
        "abc123456789", "abcd123456", "abcd1234567", "abcde12345", "abcdefghij", "admin12345", "admin123456",
        "admin@1234", "administrator", "asd123456789", "asdfghjkl123", "asdfghjkl;", "changeme123", "iloveyou123",
        "iloveyou1314", "p@ssw0rd123", "p@ssword123", "passw0rd123", "password01", "password12", "password123",
        "password1234", "password12345", "password@123", "q123456789", "q1w2e3r4t5", "q1w2e3r4t5y6", "qazwsx1234",
        "qazwsxedc123", "qazwsxedcrfv", "qq123456789", "qwer123456", "qwert12345", "qwerty1234", "qwerty12345",
        "qwerty123456", "qwertyuiop", "root123456", "test123456", "welcome123", "woaini1314", "woaini520520",
        "woaini1314520", "woshishui123", "wang123456", "zaq12wsx3edc", "zaq1xsw2cde3", "zhang123456", "zhucun12345",
        "zhucun123456", "1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx3edc", "1qazxsw23edc", "1qaz@wsx3edc", "zxcvbnm123",
        "zxcvbnm,./", "zxcvbnm1234", "zaigang123", "zaigang1234", "zaigang12345",
    }
)  # fmt: skip
_FEWEST_DIFFERENT_CHARACTERS = 4


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash("nobody's password")


class Passwords:
    """Hashes and checks passwords, `in_flight` at a time: each one takes 19 MiB and a core for some 30 ms. A short
    queue may wait; whoever finds it full is told to come back: a flood of sign-ins leaves turns for everybody else.
    """

    def __init__(self, in_flight: int) -> None:
        self._hasher = _HASHER
        self._slots = BoundedSemaphore(in_flight)
        self._queue = BoundedSemaphore(min(in_flight * (1 + _WAITING_PER_SLOT), _MOST_AT_A_TIME))
        self._nobodys_hash = _nobodys_hash()

    def hash(self, password: str) -> str:
        with self._slot():
            return self._hasher.hash(_normal(password))

    def matches(self, password: str, stored_hash: str | None) -> bool:
        """Whether this is the password. Takes as long where there is none (`stored_hash` None), so that the time of
        the answer does not tell which logins exist.
        """
        with self._slot():
            try:
                against = self._nobodys_hash if stored_hash is None else stored_hash
                same = self._hasher.verify(_normal(password), against)
            except UnknownHashError:
                return False
        return same and stored_hash is not None

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._queue.acquire(blocking=False):
            raise Unavailable("busy")
        try:
            with self._slots:
                yield
        finally:
            self._queue.release()


def _normal(password: str) -> bytes:
    """One password whatever keyboard typed it: full-width and half-width letters count as the same."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def require_acceptable(password: str, login: str, pointer: str) -> None:
    """Unprocessable at `pointer` unless the password is long enough and not among the first that somebody tries."""
    if len(password) < MIN_LENGTH:
        raise Unprocessable.field(
            pointer, "password_too_short", f"密码至少 {MIN_LENGTH} 个字符", f"at least {MIN_LENGTH} characters"
        )
    if len(password) > MAX_LENGTH:
        raise Unprocessable.field(
            pointer, "password_too_long", f"密码最多 {MAX_LENGTH} 个字符", f"at most {MAX_LENGTH} characters"
        )
    plain = unicodedata.normalize("NFKC", password).strip().casefold()
    if plain == login.casefold():
        raise Unprocessable.field(
            pointer, "password_is_login", "密码不能与登录名相同", "the password may not be the login"
        )
    if plain in _COMMON or len(set(plain)) < _FEWEST_DIFFERENT_CHARACTERS:
        raise Unprocessable.field(
            pointer, "password_too_common", "密码过于常见，容易被猜中，请换一个", "too easily guessed; choose another"
        )
