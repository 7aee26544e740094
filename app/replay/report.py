"""What a replay finds; plain values, for the table and for JSON alike."""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from app.policy.attendance import Status
from app.policy.leave import Office
from app.policy.provisions import Provision
from app.policy.recall import FlagState


@dataclass(frozen=True, slots=True)
class Person:
    posting_id: str
    name: str
    village_code: str
    village: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A provision as proposed, and what is in force now in its area (null where nothing is)."""

    provision: Provision
    current: Any
    replayed: bool
    """False where it bears on no status, flag or route."""


@dataclass(frozen=True, slots=True)
class DayChange:
    person: Person
    date: date
    before: Status
    after: Status


@dataclass(frozen=True, slots=True)
class Peak:
    """The gravest state that a ground reaches in the time replayed, the first day on which it does, and how many days
    count then. `state` null: none.
    """

    state: FlagState | None = None
    since: date | None = None
    days: int = 0


@dataclass(frozen=True, slots=True)
class FlagChange:
    """`standing` is the state of the flag that is on record, if there is one: what people decided stays theirs."""

    person: Person
    ground: str
    before: Peak
    after: Peak
    standing: FlagState | None


@dataclass(frozen=True, slots=True)
class RouteChange:
    person: Person
    leave_id: str
    asked_on: date
    first: date
    last: date
    before_days: int
    after_days: int
    before: tuple[Office, ...]
    after: tuple[Office, ...]


@dataclass(slots=True)
class Report:
    area_code: str
    area: str
    first: date
    last: date
    proposed: tuple[Proposed, ...]
    people: int = 0
    days: list[DayChange] = field(default_factory=list)
    flags: list[FlagChange] = field(default_factory=list)
    routes: list[RouteChange] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "area_code": self.area_code,
            "area": self.area,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "people": self.people,
            "proposed": [
                {**item.provision.basis().as_json(), "current": item.current, "replayed": item.replayed}
                for item in self.proposed
            ],
            "days": [_plain(item) for item in self.days],
            "flags": [_plain(item) for item in self.flags],
            "routes": [_plain(item) for item in self.routes],
        }


def _plain(item: DayChange | FlagChange | RouteChange) -> dict[str, Any]:
    values: dict[str, Any] = asdict(item)
    person: dict[str, Any] = values.pop("person")
    return person | {name: _json(value) for name, value in values.items()}


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
