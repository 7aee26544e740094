"""What the leave tests say again and again."""

from datetime import date, timedelta
from uuid import uuid4

from tests.support.world import World

MONDAY = date(2026, 11, 23)
"""The day on which the tests' clock starts."""


def body(starts_on: date = MONDAY, days: int = 1, **fields) -> dict:
    """A request of `days` calendar days."""
    return {
        "id": str(uuid4()),
        "kind": "personal",
        "starts_on": starts_on.isoformat(),
        "ends_on": (starts_on + timedelta(days=days - 1)).isoformat(),
        "reason": "家中有事",
        "destination": "云岭县城",
        **fields,
    }


def ask(world: World, who: str = "li", starts_on: date = MONDAY, days: int = 1, **fields) -> dict:
    """A request that was taken; its answer."""
    answer = world.as_(who).post("/leaves", body(starts_on, days, **fields))
    assert answer.status_code == 201, answer.text
    return answer.json()


def decide(world: World, who: str, leave: dict, decision: str = "approve", comment: str | None = None):
    return world.as_(who).post(f"/leaves/{leave['id']}/decisions", {"decision": decision, "comment": comment})


def grant(world: World, leave: dict, *officers: str) -> dict:
    """Have these officers approve; the last answer."""
    answer = None
    for officer in officers:
        answer = decide(world, officer, leave)
        assert answer.status_code == 200, answer.text
    assert answer is not None
    assert answer.json()["state"] == "approved"
    return answer.json()


def offices(leave: dict) -> list[str]:
    return [step["office"] for step in leave["route"]]


def status_on(world: World, who: str, day: date) -> tuple[str, list[str]] | None:
    """The ledger's status and exceptions of a cadre's day."""
    from app.models import DayEntry

    with world.database.reading() as session:
        county = session.get_one(_posting(), world.postings[who]).county_code
        entry = session.get(DayEntry, {"county_code": county, "date": day, "posting_id": world.postings[who]})
        return None if entry is None else (entry.status, sorted(entry.exceptions))


def _posting():
    from app.models import Posting

    return Posting
