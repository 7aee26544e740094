"""A county whose days are closed, and what the filing tests say again and again."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest

from app.attendance.close import close_due_days
from app.database import Database
from tests.conftest import MovableClock
from tests.support.world import TOWNSHIP, World


@dataclass
class Office:
    """Acts of the offices, by name of the signed-in account."""

    world: World
    database: Database
    clock: MovableClock

    def close_until(self, instant: str) -> None:
        self.clock.set(instant)
        close_due_days(self.database, self.clock())

    def file(self, period: str, who: str = "township_officer", area: str = TOWNSHIP, **fields):
        return self.world.as_(who).post("/filings", {"area_code": area, "period": period, **fields})

    def filed(self, period: str, who: str = "township_officer", area: str = TOWNSHIP, **fields) -> dict:
        """A filing that was taken; its receipt."""
        answer = self.file(period, who, area, **fields)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def read(self, filing: dict, who: str = "county_officer") -> dict:
        answer = self.world.as_(who).get(f"/filings/{filing['id']}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def correct(self, name: str, day: str, status: str = "official", who: str = "county_officer"):
        posting = str(self.world.postings[name])
        body = {"posting_id": posting, "date": day, "status": status, "reason": "核实更正"}
        return self.world.as_(who).post("/days/corrections", body)

    def confirm(self, day: str, who: str = "township_officer"):
        return self.world.as_(who).post("/days/confirmations", {"date": day, "area_code": TOWNSHIP})

    def status(self, name: str, day: str) -> tuple[str, bool, list[str]]:
        """(status, confirmed, exceptions) as the ledger has them."""
        answer = self.world.as_("city_officer").get(f"/postings/{self.world.postings[name]}/days/{day}").json()
        return answer["status"], answer["confirmed"], answer["exceptions"]

    def cell(self, filing: dict, name: str, day: str) -> dict:
        """One posting's day on the filed sheet."""
        [row] = [r for r in self.read(filing)["sheet"]["rows"] if r["posting_id"] == str(self.world.postings[name])]
        [cell] = [d for d in row["days"] if d["date"] == day]
        return cell


@pytest.fixture
def office(world: World, database: Database, clock: MovableClock) -> Office:
    return Office(world, database, clock)


@pytest.fixture
def november(office: Office) -> Office:
    """23 to 30 November are closed; nobody has registered, Saturday and Sunday were rest days."""
    office.close_until("2026-12-01 00:30")
    return office


def posting_of(world: World, name: str) -> UUID:
    return world.postings[name]


MONDAY = date(2026, 11, 23)
