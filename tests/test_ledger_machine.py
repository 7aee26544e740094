"""Anything in any order: after each act the ledger is what a naive oracle makes of the facts, and the flags are what
the ledger carries.
"""

import copy
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from starlette.testclient import TestClient

from app.attendance.close import close_due_days
from app.clock import SHANGHAI, get_clock
from app.main import configure
from app.policy.attendance import Status
from app.policy.days import ONE_DAY
from app.policy.provisions import load_text
from app.policy.recall import HistoryDay, judge_recall
from app.settings import Settings
from tests.checkins.test_checkins import body
from tests.conftest import MovableClock
from tests.support.world import FIRST_MORNING, TOWNSHIP, VILLAGE, World, found_world

FIRST_DAY = FIRST_MORNING.date()
CADRES = ("li", "wang")
LATE_DAYS = 7
FAR_AWAY = 111.9

days_ago = st.integers(0, 9)
cadres = st.sampled_from(CADRES)


@dataclass
class Facts:
    """What is known of one cadre, in the plainest form."""

    present: set[date] = field(default_factory=set)
    waiting: dict[str, date] = field(default_factory=dict)
    """Check-ins that do not count by themselves, by id."""
    corrections: dict[date, str] = field(default_factory=dict)
    leaves: dict[str, list[date]] = field(default_factory=dict)
    """Approved ones: the days that they cover."""
    asked: dict[str, tuple[date, date]] = field(default_factory=dict)
    trips: list[tuple[datetime, datetime]] = field(default_factory=list)
    """From `since` to the announced return, or to the next declaration."""
    confirmed: dict[date, str] = field(default_factory=dict)
    """The status that the township confirmed."""


class Ledger(RuleBasedStateMachine):
    world: World
    clock: MovableClock

    @initialize()
    def begin(self) -> None:
        self.facts: dict[str, Facts] = defaultdict(Facts)
        self.closed: set[date] = set()
        self.made = 0

    def new_id(self) -> str:
        """Not by chance, so that a run that fails can be run again; a later one is greater."""
        self.made += 1
        return str(UUID(int=self.made))

    # ------------------------------------------------------------------ acts

    @rule(who=cadres, ago=days_ago, near=st.booleans())
    def check_in(self, who: str, ago: int, near: bool) -> None:
        day = self.today - ago * ONE_DAY
        at = min(datetime(day.year, day.month, day.day, 0, 20, tzinfo=SHANGHAI), self.clock())
        sent = body(at.isoformat()) if near else body(at.isoformat(), lng=FAR_AWAY)
        sent["id"] = self.new_id()
        answer = self.world.as_(who).post("/check-ins", sent)
        assert answer.status_code == 201, answer.text
        counts = near and ago <= LATE_DAYS
        assert (answer.json()["counts"], answer.json()["date"]) == (counts, day.isoformat())
        if counts:
            self.facts[who].present.add(day)
        else:
            self.facts[who].waiting[sent["id"]] = day

    @precondition(lambda self: any(self.facts[who].waiting for who in CADRES))
    @rule(data=st.data(), accept=st.booleans())
    def decide_on_a_doubtful_check_in(self, data, accept: bool) -> None:
        choices = [(who, key) for who in CADRES for key in self.facts[who].waiting]
        who, key = data.draw(st.sampled_from(choices))
        decision = {"accept": accept, "reason": "电话核实"}
        answer = self.world.as_("township_officer").post(f"/check-ins/{key}/acceptance", decision)
        assert answer.status_code == 200, answer.text
        day = self.facts[who].waiting.pop(key)
        if accept:
            self.facts[who].present.add(day)

    @rule(who=cadres, ago=days_ago)
    def register_on_paper(self, who: str, ago: int) -> None:
        day = self.today - ago * ONE_DAY
        sent = {"posting_id": self.posting(who), "date": day.isoformat(), "source": "paper"}
        assert self.world.as_("township_officer").post("/registrations", sent).status_code == 201
        self.facts[who].present.add(day)

    @rule(who=cadres, ago=days_ago, status=st.sampled_from(["on_post", "official", "leave", "rest", "absent"]))
    def correct(self, who: str, ago: int, status: str) -> None:
        day = self.today - ago * ONE_DAY
        sent = {"posting_id": self.posting(who), "date": day.isoformat(), "status": status, "reason": "核对"}
        assert self.world.as_("township_officer").post("/days/corrections", sent).status_code == 201
        self.facts[who].corrections[day] = status
        self.facts[who].confirmed[day] = status

    @rule(ago=st.integers(0, 4))
    def confirm(self, ago: int) -> None:
        day = self.today - ago * ONE_DAY
        sent = {"date": day.isoformat(), "area_code": TOWNSHIP}
        assert self.world.as_("township_officer").post("/days/confirmations", sent).status_code == 200
        for who in CADRES:
            status = self.status(who, day)
            if status != "pending":
                self.facts[who].confirmed[day] = status

    @rule(who=cadres, starts_in=st.integers(-6, 5), length=st.sampled_from([1, 2, 7, 8, 15, 16]))
    def ask_for_leave(self, who: str, starts_in: int, length: int) -> None:
        first = self.today + starts_in * ONE_DAY
        last = first + (length - 1) * ONE_DAY
        sent = {"id": self.new_id(), "kind": "personal", "starts_on": first.isoformat(), "ends_on": last.isoformat()}
        answer = self.world.as_(who).post("/leaves", {**sent, "reason": "家中有事"})
        assert answer.status_code in {201, 409}, answer.text
        if answer.status_code == 201:
            self.facts[who].asked[sent["id"]] = (first, last)

    @precondition(lambda self: any(self.facts[who].asked for who in CADRES))
    @rule(data=st.data(), decision=st.sampled_from(["approve", "approve", "reject"]))
    def decide_on_leave(self, data, decision: str) -> None:
        choices = [(who, key) for who in CADRES for key in self.facts[who].asked]
        who, key = data.draw(st.sampled_from(choices))
        state = "pending"
        for officer in ("township_officer", "county_officer", "unit_officer"):
            answer = self.world.as_(officer).post(f"/leaves/{key}/decisions", {"decision": decision})
            if answer.status_code == 200:
                state = answer.json()["state"]
            if state != "pending":
                break
        first, last = self.facts[who].asked.pop(key)
        assert state == ("approved" if decision == "approve" else "rejected")
        if state == "approved":
            self.facts[who].leaves[key] = [first + n * ONE_DAY for n in range((last - first).days + 1)]

    @precondition(lambda self: any(self.facts[who].leaves for who in CADRES))
    @rule(data=st.data(), ago=st.integers(0, 3))
    def come_back(self, data, ago: int) -> None:
        choices = [(who, key) for who in CADRES for key in self.facts[who].leaves]
        who, key = data.draw(st.sampled_from(choices))
        back = self.today - ago * ONE_DAY
        answer = self.world.as_(who).post(f"/leaves/{key}/return", {"returned_on": back.isoformat()})
        assert answer.status_code in {200, 409, 422}, answer.text
        if answer.status_code == 200:
            self.facts[who].leaves[key] = [day for day in self.facts[who].leaves[key] if day < back]

    @rule(
        who=cadres,
        ago=st.integers(0, LATE_DAYS),
        away=st.integers(0, 3),
        state=st.sampled_from(["official", "in_village"]),
    )
    def declare(self, who: str, ago: int, away: int, state: str) -> None:
        since = self.clock() - ago * ONE_DAY
        back = since + away * ONE_DAY + timedelta(hours=1)
        sent = {"id": self.new_id(), "state": state, "since": since.isoformat(), "expected_back_at": back.isoformat()}
        answer = self.world.as_(who).put("/me/whereabouts", sent)
        assert answer.status_code == 201, answer.text
        trips = self.facts[who].trips
        trips.append((since, back, state))
        trips.sort(key=lambda trip: trip[0])  # of two at one instant the one that came in last holds

    @rule(hours=st.sampled_from([1, 5, 16, 24, 24, 72, 120]))
    def time_passes(self, hours: int) -> None:
        self.clock.forward(hours=hours)

    @rule()
    def days_close(self) -> None:
        close_due_days(self.world.database, self.clock())
        day = max(self.closed, default=FIRST_DAY - ONE_DAY) + ONE_DAY
        while datetime(day.year, day.month, day.day, 0, 30, tzinfo=SHANGHAI) + ONE_DAY <= self.clock():
            self.closed.add(day)
            day += ONE_DAY

    # ------------------------------------------------------------------ the oracle

    @property
    def today(self) -> date:
        return self.clock().astimezone(SHANGHAI).date()

    def posting(self, who: str) -> str:
        return str(self.world.postings[who])

    def status(self, who: str, day: date) -> str:
        facts = self.facts[who]
        if day in facts.corrections:
            return facts.corrections[day]
        if day in facts.present:
            return "on_post"
        if any(day in days for days in facts.leaves.values()):
            return "leave"
        if self.on_a_trip(who, day):
            return "official"
        if day.weekday() >= 5:
            return "rest"
        return "absent" if day in self.closed else "pending"

    def on_a_trip(self, who: str, day: date) -> bool:
        starts = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
        trips = self.facts[who].trips
        for number, (since, back, state) in enumerate(trips):
            until = min([back, *(later for later, _, _ in trips[number + 1 : number + 2])])
            if state == "official" and since < starts + ONE_DAY and until > starts and until > since:
                return True
        return False

    def all_days(self) -> list[date]:
        """From ten days before the first to today; the cadres are posted since January."""
        first = FIRST_DAY - 10 * ONE_DAY
        return [first + n * ONE_DAY for n in range((self.today - first).days + 1)]

    @invariant()
    def the_ledger_is_what_the_facts_say(self) -> None:
        for who in CADRES:
            days = self.all_days()
            path = f"/postings/{self.posting(who)}/days?from={days[0]}&to={days[-1]}"
            found = {item["date"]: item for item in self.world.as_("county_officer").get(path).json()["items"]}
            for day in days:
                status = self.status(who, day)
                if self.facts[who].confirmed.get(day, status) != status:
                    del self.facts[who].confirmed[day]  # what was confirmed is no longer what the ledger says
                wanted = (status, day in self.facts[who].confirmed)
                item = found[day.isoformat()]
                assert (item["status"], item["confirmed"]) == wanted, (who, day)

    @invariant()
    def the_flags_are_what_the_ledger_carries(self) -> None:
        if not self.closed:
            return
        answer = self.world.as_("county_officer").get("/recall-flags?limit=200").json()["items"]
        live = {(flag["posting_id"], flag["ground"]): flag for flag in answer if flag["state"] != "lifted"}
        as_of = max(self.closed)
        for who in CADRES:
            history = [
                HistoryDay(day, Status(self.status(who, day)), day in self.facts[who].confirmed, day.weekday() < 5)
                for day in self.all_days()
                if day <= as_of
            ]
            for ground in judge_recall(history, as_of, load_text(), VILLAGE).grounds:
                flag = live.get((self.posting(who), ground.ground))
                assert (flag["state"] if flag else None) == ground.state, (who, ground)
                if flag:
                    assert flag["counts"] == ground.counts


@pytest.fixture
def machine(built_app, databases, tmp_path):
    """A machine each of whose runs begins with a world of its own."""
    databases.drop(databases.fresh(found_world))
    ids = databases.known(found_world)

    class OnThisDatabase(Ledger):
        def __init__(self) -> None:
            super().__init__()
            self.clock = MovableClock()
            self.url = databases.fresh(found_world)
            options = {"rate_limits": False, "deliver_webhooks_in_server": False, "storage_dir": tmp_path}
            configure(built_app, Settings(database_url=self.url, **options))
            built_app.dependency_overrides = {get_clock: lambda: self.clock}
            self.client = TestClient(built_app)
            self.client.__enter__()
            self.world = World(built_app, self.client, built_app.state.database, self.clock, **copy.deepcopy(ids))

        def teardown(self) -> None:
            self.client.__exit__()
            databases.drop(self.url)

    return OnThisDatabase


def test_in_whatever_order_things_happen_the_ledger_follows_from_the_facts(machine, databases):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25 if databases.name == "sqlite" else 10,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
