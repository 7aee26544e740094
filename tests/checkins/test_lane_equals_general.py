"""One law, one meaning: a group in the fast lane leaves what each of its check-ins would have left by itself."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.attendance.posted import place_of
from app.checkins.ids import is_stray
from app.clock import SHANGHAI
from app.ids import new_id
from app.models import DayEntry, Leave, Outage, Posting, Whereabouts
from tests.checkins.support import (
    METRE_NORTH,
    body,
    forget,
    generally,
    id_made_at,
    in_lane,
    ledger,
    recorder_of,
    replace_fence,
    square,
    submission,
)
from tests.support.world import CENTER, COUNTY, VILLAGE

TODAY = date(2026, 11, 23)
WHO = ("li", "wang", "zhao", "zhou", "township_officer")
STARTS_AT = datetime(2026, 11, 23, 8, 5, tzinfo=SHANGHAI)

check_ins = st.fixed_dictionaries(
    {
        "captured": st.sampled_from([0, 0, 0, -5, 9, 11, -60 * 9, -60 * 24 * 3, -60 * 24 * 9]),
        "fixed": st.sampled_from([None, 0, -3, -11]),
        "north_m": st.sampled_from([0, 0, 1460, 1480, 1540, 9000, 400_000]),
        "datum": st.sampled_from(["wgs84", "gcj02", "bd09"]),
        "accuracy_m": st.sampled_from([18, 18, None, 0, 500, 501]),
        "mock": st.sampled_from([None, False, True]),
        "device": st.sampled_from([None, "d1", "d2"]),
        "again": st.booleans(),
        "id": st.sampled_from(["now", "now", "now", "random", "long_ago"]),
        "without_position": st.sampled_from([False, False, False, True]),
    }
)
groups = st.dictionaries(st.sampled_from(WHO), check_ins, min_size=1, max_size=4)
events = st.sampled_from(
    ["register", "correct", "confirm", "accept", "leave", "moved", "trip", "board", "outage", "polygon", "next_day"]
)
stories = st.lists(st.one_of(groups, groups, events), min_size=2, max_size=7)


def sent(one: dict, now: datetime, number: int) -> dict:
    captured = now + timedelta(minutes=one["captured"])
    made = body(captured.isoformat(), lat=CENTER[1] + one["north_m"] * METRE_NORTH, datum=one["datum"])
    made["id"] = str(_id(one["id"], now, 0 if one["again"] else number))
    made["position"] |= {"accuracy_m": one["accuracy_m"], "mock": one["mock"]}
    if one["fixed"] is not None:
        made["position"]["fixed_at"] = (captured + timedelta(minutes=one["fixed"], seconds=number)).isoformat()
    if one["without_position"]:
        made["position"] = None
    return made | {"device_id": one["device"]}


def _id(kind: str, now: datetime, number: int) -> UUID:
    """Number 0 is one id, whichever kind it is."""
    if number == 0 or kind == "now":
        return id_made_at(STARTS_AT if number == 0 else now, number)
    return id_made_at(datetime.fromtimestamp(0, UTC), number) if kind == "long_ago" else UUID(int=number, version=4)


def happen(world, event: str, today: date) -> None:
    """Somebody else's act on the day of `li`."""
    officer, posting_id, day = world.as_("township_officer"), str(world.postings["li"]), today.isoformat()
    if event == "register":
        officer.post("/registrations", {"posting_id": posting_id, "date": day, "source": "visit"})
    elif event == "correct":
        officer.post(
            "/days/corrections", {"posting_id": posting_id, "date": day, "status": "official", "reason": "培训"}
        )
    elif event == "confirm":
        officer.post("/days/confirmations", {"area_code": "990101001000", "date": day})
    elif event == "accept":
        for waiting in officer.get("/check-ins").json()["items"]:
            if not waiting["counts"] and waiting["accepted"] is None:
                officer.post(f"/check-ins/{waiting['id']}/acceptance", {"accept": True, "reason": "电话核实"})
    elif event == "polygon":
        with world.database.writing() as session:
            replace_fence(session, VILLAGE, square(*CENTER, side=0.001), STARTS_AT)
    else:
        with world.database.writing() as session:
            session.add(declared(session, world, event, today))


def declared(session, world, event: str, day: date, who: str = "li"):
    posting = session.get(Posting, world.postings[who])
    whose = {
        "id": new_id(),
        **place_of(posting),
    }
    if event in {"leave", "moved"}:
        if event == "moved":
            whose |= place_of(earlier_posting(session, posting))
        return Leave(
            **whose,
            cadre_id=posting.cadre_id,
            kind="personal",
            starts_on=day,
            ends_on=day,
            reason="家事",
            state="approved",
            days=1,
            counted_days=1,
            basis=[],
            covered_until=day,
            created_at=STARTS_AT,
            body_hash="x",
        )
    if event == "outage":
        return Outage(
            id=new_id(),
            county_code=COUNTY,
            area_code=COUNTY,
            area_prefix="990101",
            first_day=day,
            last_day=day,
            declared_last_day=day,
            reason="基站故障",
            declared_by=world.accounts["county_officer"],
            declared_at=STARTS_AT,
        )
    return Whereabouts(
        **whose,
        state="official" if event == "trip" else "in_village",
        since=STARTS_AT,
        received_at=STARTS_AT,
        first_day=day,
        last_day=None,
        body_hash="x",
    )


def earlier_posting(session, posting: Posting) -> Posting:
    """Where the cadre served before, and asked for a leave that goes on."""
    ended = date(2025, 12, 31)
    earlier = session.scalar(select(Posting).where(Posting.cadre_id == posting.cadre_id, Posting.ends_on == ended))
    if earlier is None:
        place = {name: value for name, value in place_of(posting).items() if name != "posting_id"}
        kept = {"cadre_id": posting.cadre_id, "duty": posting.duty, "created_at": posting.created_at}
        earlier = Posting(id=new_id(), **place, **kept, starts_on=date(2025, 1, 1), ends_on=ended)
        session.add(earlier)
        session.flush()
    return earlier


def tell(world, clock, story: list, record) -> list:
    """Live through a story; returns all answers."""
    clock.set("2026-11-23 08:05")
    with world.database.writing() as session:
        circle = {"circle": {"lng": CENTER[0], "lat": CENTER[1], "radius_m": 1500}}
        replace_fence(session, VILLAGE, circle, STARTS_AT)
    answers, number = [], 0
    for part in story:
        clock.forward(minutes=7)
        if part == "next_day":
            clock.forward(days=1)
        elif isinstance(part, str):
            happen(world, part, clock().date())
        else:
            submissions = []
            for who, one in part.items():
                number += 1
                submissions.append(submission(world, who, sent(one, clock(), number)))
            answers.append(record(submissions, clock()))
    return answers


def usual_first(world, submissions, now):
    """The order in which the lane takes them: what is odd waits for the others."""
    today = now.date()
    with world.database.reading() as session:
        looked_at = (DayEntry.posting_id == world.postings["li"], DayEntry.date == today, DayEntry.confirmed_at <= now)
        settled = world.accounts["li"] if session.scalar(select(DayEntry.revision).where(*looked_at)) else None

    def is_odd(one):
        elsewhen = one.body.captured_at.astimezone(SHANGHAI).date() != today
        return elsewhen or is_stray(one.body.id, today) or one.account_id == settled

    return sorted(submissions, key=is_odd)


@given(story=stories)
@settings(
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each step costs a dozen transactions
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_group_in_the_lane_leaves_what_its_check_ins_leave_one_by_one(world, clock, story):
    forget(world)

    def one_by_one(submissions, now):
        found = [generally(world, [one], now)[0] for one in usual_first(world, submissions, now)]
        return sorted(map(str, found))

    expected = tell(world, clock, story, one_by_one), ledger(world)
    forget(world)
    with recorder_of(world) as recorder:
        answers = tell(
            world,
            clock,
            story,
            lambda submissions, now: sorted(
                map(str, in_lane(recorder, world, usual_first(world, submissions, now), now))
            ),
        )
        found = answers, ledger(world)
    for ours, theirs in zip(found[0], expected[0], strict=True):
        assert ours == theirs
    for table, rows in expected[1].items():
        assert found[1][table] == rows, table
