"""An unchanged answer costs neither the reader nor the day rows anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from app.attendance.close import close_due_days
from app.models import CalendarYear
from tests.checkins.test_checkins import body
from tests.support.world import CITY, TOWNSHIP, World

DAY_TABLES = (
    "day_entries",
    "day_revisions",
    "check_ins",
    "registrations",
    "corrections",
    "leaves",
    "whereabouts",
    "postings",
    "_rollups",
)
PATHS = ("/stats/attendance?from=2026-11-23&to=2026-11-30", "/stats/today?", "/stats/recall-flags?")


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """What reaches the database inside the block."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    engine = world.database.reader
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def ask(world, path, tag=None, who="dashboard", **headers):
    return world.as_(who).get(path, headers={**headers, **({"If-None-Match": tag} if tag else {})})


def changes(world, path, act, who="dashboard"):
    """Whether the tag that was good before `act` is none afterwards."""
    tag = ask(world, path, who=who).headers["ETag"]
    assert ask(world, path, tag, who).status_code == 304
    act()
    return ask(world, path, tag, who).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_an_unchanged_answer_is_304_without_a_look_into_days(world, clock, path):
    world.as_("li").post("/check-ins", body())
    first = ask(world, path)
    clock.forward(minutes=5)
    with statements(world) as seen:
        again = ask(world, path, first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert seen
    assert not [s for s in seen if any(table in s for table in DAY_TABLES)]


def test_whatever_moves_the_numbers_moves_the_tag(world, clock):
    path = PATHS[0]
    county = world.as_("county_officer")
    township = world.as_("township_officer")
    end = {"ends_on": "2026-11-25", "reason": "轮换"}
    acts = {
        "a check-in": lambda: world.as_("li").post("/check-ins", body()),
        "a registration": lambda: township.post(
            "/registrations", {"posting_id": str(world.postings["wang"]), "date": "2026-11-23", "source": "paper"}
        ),
        "a new day": lambda: clock.set("2026-11-24 08:00"),
        "the close": lambda: close_due_days(world.database, clock()),
        "a confirmation": lambda: township.post("/days/confirmations", {"date": "2026-11-23", "area_code": TOWNSHIP}),
        "an end of a posting": lambda: county.post(f"/postings/{world.postings['sun']}/end", end),
        "a calendar": lambda: load_calendar_of_2026(world),
    }
    for name, act in acts.items():
        assert changes(world, path, act), name


def load_calendar_of_2026(world):
    days = {"off": ["2026-11-23"], "working": []}
    with world.database.writing() as session:
        session.add(
            CalendarYear(year=2026, days=days, source="试", loaded_by=None, loaded_at=datetime(2026, 11, 1, tzinfo=UTC))
        )


def test_a_check_in_elsewhere_or_on_another_day_leaves_the_tag(world, clock):
    assert not changes(world, PATHS[0], lambda: world.as_("zhou").post("/check-ins", body()))
    clock.set("2026-11-24 08:00")
    past = "/stats/attendance?from=2026-11-23&to=2026-11-23"
    assert not changes(world, past, lambda: world.as_("li").post("/check-ins", body("2026-11-24T08:00:00+08:00")))


def test_a_flag_that_turns_moves_the_tag_of_the_flags(world, clock):
    clock.set("2026-12-03 00:30")
    assert changes(world, PATHS[2], lambda: close_due_days(world.database, clock()))


def test_each_question_form_and_language_has_a_tag_of_its_own(world):
    base = "/stats/attendance?from=2026-11-23&to=2026-11-30"
    asked = [
        (base, "city_officer"),
        (f"{base}&by=week", "city_officer"),
        (f"{base}&by=unit", "city_officer"),
        (f"{base}&format=csv", "city_officer"),
        (f"{base}&envelope=false", "city_officer"),
        (f"{base}&area={TOWNSHIP}", "city_officer"),
        (f"{base}&area={CITY}", "unit_officer"),
        (f"{base}&area={CITY}", "foreign_unit_officer"),
        ("/stats/today?", "city_officer"),
    ]
    tags = [ask(world, path, who=who).headers["ETag"] for path, who in asked]
    tags.append(ask(world, base, who="city_officer", **{"Accept-Language": "en"}).headers["ETag"])
    assert len(set(tags)) == len(tags)


def test_the_tag_covers_the_names_of_the_areas(world):
    from app.models import Area

    def rename():
        with world.database.writing() as session:
            session.get_one(Area, CITY).name = "青川市（新）"

    assert changes(world, f"{PATHS[0]}&area={CITY}", rename, "city_officer")
