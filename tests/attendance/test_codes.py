"""Each code that an answer about a day may have stands in the API reference with its words."""

from typing import get_args

import pytest

from app.attendance import codes
from app.policy.attendance import DayException
from app.policy.geofence import Reason
from app.policy.risks import RiskFlag


@pytest.mark.parametrize(
    ("words", "used"),
    [
        (codes.EXCEPTIONS, get_args(DayException)),
        (codes.RISK_FLAGS, get_args(RiskFlag)),
        (codes.REASONS, [*Reason]),
        (codes.CAUSES, get_args(codes.Cause)),
    ],
)
def test_every_code_that_is_used_has_its_words_and_no_other(words, used):
    assert sorted(words) == sorted(used)
    assert all(zh and en for zh, en in words.values())


@pytest.mark.parametrize(
    ("schema", "field", "code"),
    [
        ("DayOfPosting", "exceptions", "present_since_correction"),
        ("DayOfMine", "exceptions", "late_upload"),
        ("Revision", "exceptions", "outside_posting"),
        ("FiledDay", "exceptions", "evidence_waiting"),
        ("CheckInOut", "risk_flags", "shared_device"),
        ("CheckInEvidence", "risk_flags", "mock_location"),
    ],
)
def test_the_reference_tells_what_a_list_may_hold(built_app, schema, field, code):
    told = built_app.openapi()["components"]["schemas"][schema]["properties"][field]
    assert code in told["items"]["enum"]
    assert f"`{code}`" in told["description"]
