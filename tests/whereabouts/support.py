"""What the tests of this room have in common."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from app.models import Whereabouts
from tests.support.world import World


def declaration(state: str, since: str, back: str | None = None, **fields: Any) -> dict[str, Any]:
    """A body; `since` and `back` like "2026-11-23 08:05", Beijing time."""
    body = {"id": str(uuid4()), "state": state, "since": _rfc3339(since), **fields}
    return {**body, "expected_back_at": _rfc3339(back)} if back else body


def _rfc3339(text: str) -> str:
    return text.replace(" ", "T") + ":00+08:00"


def declare(world: World, who: str, state: str, since: str, back: str | None = None, **fields: Any) -> dict[str, Any]:
    answer = world.as_(who).put("/me/whereabouts", declaration(state, since, back, **fields))
    assert answer.status_code == 201, answer.text
    return answer.json()


def spans(world: World, who: str) -> list[tuple[str, str, str | None]]:
    """(state, first day, last day) of every declaration of a posting, the earliest `since` first."""
    with world.database.reading() as session:
        rows = session.scalars(
            select(Whereabouts)
            .where(Whereabouts.posting_id == world.postings[who])
            .order_by(Whereabouts.since, Whereabouts.received_at, Whereabouts.id)
        ).all()
        return [
            (row.state, row.first_day.isoformat(), row.last_day.isoformat() if row.last_day else None) for row in rows
        ]


def board(world: World, village: str) -> dict[str, Any]:
    answer = world.client.get(f"/api/v1/villages/{village}/board")
    assert answer.status_code == 200, answer.text
    return answer.json()


def member(world: World, who: str, village: str) -> dict[str, Any]:
    (found,) = [m for m in board(world, village)["members"] if UUID(m["posting_id"]) == world.postings[who]]
    return found
