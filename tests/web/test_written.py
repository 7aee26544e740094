"""Dates and instants are taken as the interface writes them, and in no other form."""

import json
from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from app.web.schemas import Day, InstantIn
from tests.checkins.test_checkins import body
from tests.support.world import TOWNSHIP

DAY, INSTANT = TypeAdapter(Day), TypeAdapter(InstantIn)
FIVE_PAST_EIGHT = datetime(2026, 11, 23, 0, 5, tzinfo=UTC)


def as_json(kind, value):
    return kind.validate_json(json.dumps(value))


def as_python(kind, value):
    return kind.validate_python(value)


@pytest.fixture(params=[as_json, as_python])
def read(request):
    """As the fast lane reads a body, and as every other route does."""
    return request.param


def fault(read, kind, value):
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    return caught.value.errors()[0]["type"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T08:05:00+08:00",
        "2026-11-23t00:05:00z",
        "2026-11-23 00:05:00Z",
        "2026-11-22T19:05:00.000-05:00",
        "2026-11-23T08:05:00.000000000+08:00",
        "2026-11-23T08:05+08:00",
    ],
)
def test_an_instant_is_taken_in_every_form_of_rfc_3339(read, text):
    assert read(INSTANT, text) == FIVE_PAST_EIGHT


@pytest.mark.parametrize(
    "value",
    [
        1795651200,
        1795651200.5,
        1795651200000,
        "1795651200",
        True,
        "",
        "2026-11-23",
        "2026-11-23_08:05:00+08:00",
        "2026-11-23T08:05:00+0800",
        "2026-11-23T08:05:00+08",
        "20261123T080500+08:00",
        "2026-11-23T08:05:00\u221208:00",
        " 2026-11-23T08:05:00+08:00",
        "2026-11-23T08:05:00+08:00\n",
        "\uff12026-11-23T08:05:00+08:00",
    ],
)
def test_an_instant_in_another_form_is_refused(read, value):
    assert fault(read, INSTANT, value) == "datetime_parsing"


def test_an_instant_without_an_offset_is_told_so(read):
    assert fault(read, INSTANT, "2026-11-23T08:05:00") == "timezone_aware"


def test_a_date_is_year_month_and_day(read):
    assert read(DAY, "2026-11-23") == date(2026, 11, 23)


@pytest.mark.parametrize(
    "value",
    [
        1795651200,
        1795651200.0,
        "1795651200",
        True,
        "",
        "2026-11-23T00:00:00",
        "2026-11-23T00:00:00+08:00",
        "2026-11-23 ",
        "20261123",
        "2026-1-1",
        "2026/11/23",
        "2026-W48-1",
    ],
)
def test_a_date_in_another_form_is_refused(read, value):
    assert fault(read, DAY, value) == "date_parsing"


@pytest.mark.parametrize("value", [1795651200, "2026-11-23_08:05:00+08:00", "2026-11-23T08:05:00+0800"])
def test_the_lane_and_the_batch_refuse_the_same_instants_of_a_check_in(world, value):
    sent = {**body(), "captured_at": value}
    told = {
        "pointer": "/captured_at",
        "code": "datetime_parsing",
        "detail": "应为 RFC 3339 时间，如 2026-11-23T08:05:00+08:00",
    }
    answer = world.as_("li").post("/check-ins", sent)
    assert (answer.status_code, answer.json()["errors"]) == (422, [told])
    (result,) = world.as_("li").post("/check-ins/batch", {"items": [sent]}).json()["results"]
    assert (result["status"], result["problem"]["errors"]) == (422, [told])


def test_bodies_and_addresses_take_a_date_as_text_alone(world):
    officer = world.as_("township_officer")
    sent = {"posting_id": str(world.postings["li"]), "date": 1795651200, "source": "visit"}
    told = officer.post("/registrations", sent, headers={"Accept-Language": "en"}).json()["errors"]
    assert told == [{"pointer": "/date", "code": "date_parsing", "detail": "must be a date such as 2026-11-23"}]
    assert officer.get(f"/days?area={TOWNSHIP}&date=1795651200").status_code == 422
    assert officer.get(f"/days?area={TOWNSHIP}&date=2026-11-23T00:00:00").status_code == 422
