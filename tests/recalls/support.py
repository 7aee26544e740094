"""A ledger with absences in it, and the county's letters."""

from datetime import date, timedelta

from sqlalchemy import update

from app.attendance.absences import refresh_absences
from app.attendance.law import load_calendar
from app.attendance.rejudge import rejudge
from app.models import DayEntry, DayHead, Posting
from app.policy.attendance import Status
from tests.support.world import COUNTY, World

MONDAY = date(2026, 11, 2)
"""A run of 16 days from here ends on Tuesday, 17 November."""


class Ledger:
    """Closed days of the own county, on which nobody named here was seen. Weekends are rest days."""

    def __init__(self, world: World) -> None:
        self._world = world

    def absent(self, who: str, first: date, days: int, *, confirmed: bool = True) -> None:
        last = first + timedelta(days=days - 1)
        now = self._world.clock()
        with self._world.database.writing() as session:
            for offset in range(days):
                day = first + timedelta(days=offset)
                session.merge(DayHead(county_code=COUNTY, date=day, version=1, closed_at=now))
            session.flush()
            posting = session.get_one(Posting, self._world.postings[who])
            rejudge(session, [posting], first, last, now=now, by=None, cause="close")
        if confirmed:
            self.confirm(who, first, last)

    def confirm(self, who: str, first: date, last: date, *, confirmed: bool = True) -> None:
        with self._world.database.writing() as session:
            session.execute(
                update(DayEntry)
                .where(
                    DayEntry.posting_id == self._world.postings[who],
                    DayEntry.date.between(first, last),
                    DayEntry.status == Status.ABSENT,
                )
                .values(confirmed=confirmed)
            )
        self.refresh(who)

    def refresh(self, *names: str) -> None:
        with self._world.database.writing() as session:
            postings = [session.get_one(Posting, self._world.postings[name]) for name in names]
            refresh_absences(session, postings, now=self._world.clock(), by=None, calendar=load_calendar(session))

    def correct(self, who: str, day: date, status: str) -> None:
        correction = {
            "posting_id": str(self._world.postings[who]),
            "date": day.isoformat(),
            "status": status,
            "reason": "核对会议签到表",
        }
        answer = self._world.as_("township_officer").post("/days/corrections", correction)
        assert answer.status_code == 201, answer.text


def flags_of(world: World, who: str = "li", ground: str = "absence_consecutive") -> list[dict]:
    """The flags of a posting on a ground, newest first, as the county sees them."""
    listed = world.as_("county_officer").get(f"/recall-flags?limit=200&ground={ground}").json()["items"]
    return [flag for flag in listed if flag["posting_id"] == str(world.postings[who])]


def states_of(world: World, who: str = "li", ground: str = "absence_consecutive") -> list[str]:
    return [flag["state"] for flag in flags_of(world, who, ground)]


def detail(world: World, flag_id: str, reader: str = "county_officer") -> dict:
    answer = world.as_(reader).get(f"/recall-flags/{flag_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


STEPS = {
    "statement": {"text": "父亲住院，在县医院陪护。"},
    "opinion": {"document_number": "云帮办〔2026〕12号"},
    "notice": {"document_number": "云帮办〔2026〕13号"},
    "recall": {"recalled_on": "2026-11-24", "document_number": "云财函〔2026〕8号"},
    "reassign": {"reassigned_on": "2026-11-24", "document_number": "云财函〔2026〕9号"},
    "dismiss": {"reason": "经核实系公出。"},
    "review": {"reason": "已更正考勤。"},
}


def step(world: World, flag_id: str, name: str, **changes):
    """Take a step as whoever may take it."""
    who = "li" if name == "statement" else "county_officer"
    return world.as_(who).post(f"/recall-flags/{flag_id}/{name}", {**STEPS[name], **changes})


def walk(world: World, flag_id: str, *names: str) -> dict:
    for name in names:
        answer = step(world, flag_id, name)
        assert answer.status_code == 200, answer.text
    return detail(world, flag_id)
