"""What the tests of the law say again and again."""

from datetime import date

from tests.support.world import World

TOMORROW = "2026-11-24"
"""The tests' clock starts on Monday 2026-11-23."""


def provision(key: str = "leave.township_days", value: object = 3, start: str = TOMORROW, **fields) -> dict:
    return {"key": key, "value": value, "in_force_from": start, **fields}


def provide(world: World, key: str, value: object, start: str = TOMORROW, **fields) -> dict:
    """A provision that was taken; its answer."""
    answer = world.as_("county_officer").post("/provisions", provision(key, value, start, **fields))
    assert answer.status_code == 201, answer.text
    return answer.json()


def value_of(world: World, who: str, key: str, on: str | date, area: str | None = None) -> object:
    query = f"/provisions?on={on}" + (f"&area={area}" if area else "")
    [item] = [item for item in world.as_(who).get(query).json()["items"] if item["key"] == key]
    assert item["in_force"]
    return item["value"]
