"""ID numbers and phones."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.roster.identifiers import (
    check_character,
    id_number_fault,
    is_phone,
    mask_id_number,
    normalize_id_number,
    normalize_phone,
)

TODAY = date(2026, 11, 24)


def satisfies_gb11643(number: str) -> bool:
    """The standard's own congruence, over all 18 places: the sum of a_i × 2^(i−1) is 1 modulo 11, i from the right."""
    values = [10 if character == "X" else int(character) for character in number]
    return sum(value * pow(2, place, 11) for place, value in enumerate(reversed(values))) % 11 == 1


bodies = st.builds(
    lambda area, birth, serial: f"{area}{birth:%Y%m%d}{serial:03d}",
    st.integers(110000, 999999),
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(0, 999),
)


@given(bodies)
def test_of_the_eleven_characters_exactly_the_computed_one_satisfies_the_standard(body):
    right = [character for character in "0123456789X" if satisfies_gb11643(body + character)]
    assert right == [check_character(body)]
    for character in "0123456789X":
        expected = None if character == right[0] else "id_number_checksum"
        assert id_number_fault(body + character, TODAY) == expected


@given(bodies, st.integers(0, 16), st.integers(1, 9))
def test_one_mistyped_digit_is_always_noticed(body, place, by):
    number = body + check_character(body)
    mistyped = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert id_number_fault(mistyped, TODAY) is not None


def test_the_example_of_the_standard_is_right():
    assert id_number_fault("11010519491231002X", TODAY) is None


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("110105491231002", "id_number_15"),
        ("1101051949123100", "id_number_format"),
        ("01010519491231002X", "id_number_format"),
        ("11010519491331002X", "id_number_birth"),
        ("11010518991231002X", "id_number_birth"),
        ("11010520261125002X", "id_number_birth"),
        ("110105194912310021", "id_number_checksum"),
    ],
)
def test_what_is_wrong_with_a_number_is_said(number, fault):
    assert id_number_fault(number, TODAY) == fault


def test_a_number_is_read_as_people_write_it():
    assert normalize_id_number(" １１０１０５ 19491231 002x ") == "11010519491231002X"


def test_the_birth_date_is_masked():
    assert mask_id_number("99010119800101001X") == "990101********001X"


@pytest.mark.parametrize(
    "written", ["13900000001", "139 0000 0001", "139-0000-0001", "+86 13900000001", "１３９００００００01"]
)
def test_a_phone_is_read_as_people_write_it(written):
    assert normalize_phone(written) == "13900000001"


@pytest.mark.parametrize("number", ["12900000001", "1390000000", "139000000011", "0357123456", ""])
def test_what_is_no_mobile_number_is_refused(number):
    assert not is_phone(number)
