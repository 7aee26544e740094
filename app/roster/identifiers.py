"""Resident ID numbers (GB 11643-1999) and mobile numbers, as people write them."""

import re
import unicodedata
from datetime import date
from typing import Final

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS: Final = "10X98765432"
_ID_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
_PHONE = re.compile(r"1[3-9][0-9]{9}")
_EARLIEST_BIRTH: Final = date(1900, 1, 1)
_MASKED: Final = slice(6, 14)


def plain_text(value: str) -> str:
    """Full-width digits and letters made ordinary, white space taken out."""
    return "".join(unicodedata.normalize("NFKC", value).split())


def normalize_id_number(value: str) -> str:
    return plain_text(value).upper()


def id_number_fault(number: str, today: date) -> str | None:
    """What is wrong with a normalized number: `id_number_15`, `id_number_format`, `id_number_birth`,
    `id_number_checksum`, or None.
    """
    if re.fullmatch(r"[0-9]{15}", number):
        return "id_number_15"
    if not _ID_NUMBER.fullmatch(number):
        return "id_number_format"
    if not _is_birth(number[6:14], today):
        return "id_number_birth"
    if check_character(number[:17]) != number[17]:
        return "id_number_checksum"
    return None


def check_character(body: str) -> str:
    """The 18th character for the first 17 digits (ISO 7064, MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def _is_birth(digits: str, today: date) -> bool:
    try:
        birth = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return _EARLIEST_BIRTH <= birth <= today


def mask_id_number(number: str) -> str:
    """The birth date is covered: 990101********001X."""
    hidden = number[_MASKED]
    return number[: _MASKED.start] + "*" * len(hidden) + number[_MASKED.stop :]


def normalize_phone(value: str) -> str:
    """As dialled within the country: without spaces, hyphens and +86."""
    digits = plain_text(value).replace("-", "")
    return re.sub(r"^(?:\+|00)86", "", digits)


def is_phone(number: str) -> bool:
    """Whether a normalized number is a mobile number of the mainland."""
    return _PHONE.fullmatch(number) is not None
