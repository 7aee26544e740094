"""Judging one check-in from what the database says: no query here, so that every way of recording judges alike."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from app.attendance.posted import Posted
from app.checkins.geodesic import geodesic_m
from app.checkins.schemas import CheckInIn
from app.clock import day_closes_at
from app.policy.datum import Point, to_wgs84
from app.policy.geofence import Fence, FenceJudgment, Position, judge_position
from app.policy.presence import is_clock_ahead, is_too_late, needs_acceptance
from app.policy.provisions import Provisions
from app.policy.risks import Fix, RiskFlag, impossible_speed, repeated_coordinates, stale_fix

BASIS_KEYS = ("presence.evidence", "presence.verdict")

RULES_KEPT = 50_000
"""Village days; the villages of a city, so that they are looked up once a day."""


@dataclass(frozen=True)
class Submission:
    """What one account sent, and what can be told of it without a database."""

    account_id: UUID
    body: CheckInIn

    @cached_property
    def wgs84(self) -> Point | None:
        """Where the phone was."""
        sent = self.body.position
        return to_wgs84(sent.lng, sent.lat, sent.datum) if sent else None

    @cached_property
    def body_hash(self) -> str:
        """What tells one body from another that has the same id."""
        body = self.body
        position = body.position.__dict__ if body.position else None
        said = (body.id, body.captured_at, position, body.device_id, body.note)
        return hashlib.sha256(orjson.dumps(said)).hexdigest()


@dataclass(frozen=True, slots=True)
class Rules:
    """What is in force in a village on a day."""

    closes_at: datetime
    max_accuracy_m: float
    radius_68_to_95: float
    max_speed_kmh: float
    stale_after: timedelta
    late_upload_days: int
    basis: orjson.Fragment
    """What an answer says of it."""


class RuleBook:
    """A body of provisions, with what was looked up in it: that costs as much as judging by it."""

    def __init__(self, provisions: Provisions) -> None:
        self.provisions = provisions
        self._is_local = any(provisions.varies(prefix) for prefix in ("presence.", "day."))
        """Otherwise what holds in one village holds in all."""
        self._rules: dict[tuple[str | None, date], Rules] = {}
        self._skews: dict[tuple[str | None, date], timedelta] = {}

    def rules(self, village_code: str, day: date) -> Rules:
        where = village_code if self._is_local else None
        found = self._rules.get((where, day))
        if found is None:
            if len(self._rules) >= RULES_KEPT:
                self._rules.clear()
            found = self._rules[where, day] = self._look_up(where, day)
        return found

    def is_ahead(self, captured_at: datetime, now: datetime, today: date, area_code: str | None) -> bool:
        """Whether a phone's clock is further ahead of ours than it may be."""
        return captured_at > now and is_clock_ahead(captured_at, now, self._clock_skew(today, area_code))

    def _clock_skew(self, today: date, area_code: str | None) -> timedelta:
        where = area_code if self._is_local else None
        found = self._skews.get((where, today))
        if found is None:
            if len(self._skews) >= RULES_KEPT:
                self._skews.clear()
            minutes = float(self.provisions.value("presence.clock_skew_minutes", today, where))
            found = self._skews[where, today] = timedelta(minutes=minutes)
        return found

    def _look_up(self, where: str | None, day: date) -> Rules:
        value = self.provisions.value
        basis = [self.provisions.in_force(key, day, where).basis().as_json() for key in BASIS_KEYS]
        return Rules(
            closes_at=day_closes_at(day, str(value("day.closes_at", day, where))),
            max_accuracy_m=float(value("presence.max_accuracy_m", day, where)),
            radius_68_to_95=float(value("presence.verdict", day, where)),
            max_speed_kmh=float(value("presence.max_speed_kmh", day, where)),
            stale_after=timedelta(minutes=float(value("presence.stale_fix_minutes", day, where))),
            late_upload_days=int(value("presence.late_upload_days", day, where)),
            basis=orjson.Fragment(orjson.dumps(basis)),
        )


class Surroundings(NamedTuple):
    """What the database says around one check-in."""

    fences: Sequence[Fence]
    earlier: Sequence[Fix]
    """The posting's recent fixes: at least the last one before this, and those at the same coordinates."""
    device_of_others: bool
    month_locked: bool


def judge_check_in(
    book: RuleBook,
    submission: Submission,
    posting: Posted,
    around: Surroundings,
    *,
    day: date,
    now: datetime,
    today: date,
    clock_skew: bool,
) -> tuple[dict[str, Any], Fix | None]:
    """The row to store, by column (but those of an acceptance, which nobody has given yet), and the fix that later
    ones are compared with. `today` is the business day of `now`.
    """
    body = submission.body
    rules = book.rules(posting.village_code, day)
    judgment = _judge_fence(submission, around.fences, rules)
    fix = _fix_of(body, day, judgment)
    late = now >= rules.closes_at
    position = body.position
    row = {
        "county_code": posting.county_code,
        "date": day,
        "id": body.id,
        "township_code": posting.township_code,
        "village_code": posting.village_code,
        "posting_id": posting.id,
        "unit_id": posting.unit_id,
        "account_id": submission.account_id,
        "captured_at": body.captured_at,
        "received_at": now,
        "lng": position.lng if position else None,
        "lat": position.lat if position else None,
        "datum": position.datum.value if position else None,
        "accuracy_m": position.accuracy_m if position else None,
        "fixed_at": position.fixed_at if position else None,
        "mock": position.mock if position else None,
        "wgs84_lng": judgment.wgs84[0] if judgment.wgs84 else None,
        "wgs84_lat": judgment.wgs84[1] if judgment.wgs84 else None,
        "device_id": body.device_id,
        "note": body.note,
        "body_hash": submission.body_hash,
        "verdict": judgment.verdict.value,
        "reason": judgment.reason.value,
        # To the millimetre: the embedded database writes no more digits into JSON, and an answer is given twice alike.
        "distance_m": None if judgment.distance_m is None else round(judgment.distance_m, 3),
        "risk_flags": _risk_flags(body, fix, around, judgment, rules, late=late, clock_skew=clock_skew),
        "late": late,
        "needs_acceptance": needs_acceptance(
            judgment.verdict,
            clock_skew=clock_skew,
            too_late=is_too_late(day, today, rules.late_upload_days),
            month_locked=around.month_locked,
        ),
    }
    return row, fix


def _judge_fence(submission: Submission, fences: Sequence[Fence], rules: Rules) -> FenceJudgment:
    position = None
    sent = submission.body.position
    if sent is not None:
        position = Position(sent.lng, sent.lat, sent.datum, sent.accuracy_m)
    return judge_position(
        position,
        fences,
        wgs84=submission.wgs84,
        geodesic=geodesic_m,
        max_accuracy_m=rules.max_accuracy_m,
        radius_68_to_95=rules.radius_68_to_95,
    )


def _fix_of(body: CheckInIn, day: date, judgment: FenceJudgment) -> Fix | None:
    if body.position is None or judgment.wgs84 is None:
        return None
    at = body.position.fixed_at or body.captured_at
    return Fix(day, at, body.position.lng, body.position.lat, judgment.wgs84)


def _risk_flags(
    body: CheckInIn,
    fix: Fix | None,
    around: Surroundings,
    judgment: FenceJudgment,
    rules: Rules,
    *,
    late: bool,
    clock_skew: bool,
) -> list[RiskFlag]:
    sent = body.position
    raised: list[RiskFlag] = []
    if sent is not None and sent.mock:
        raised.append("mock_location")
    if fix is not None and impossible_speed(fix, around.earlier, rules.max_speed_kmh, geodesic_m):
        raised.append("impossible_speed")
    if fix is not None and repeated_coordinates(fix, around.earlier):
        raised.append("repeated_coordinates")
    if around.device_of_others:
        raised.append("shared_device")
    if clock_skew:
        raised.append("clock_skew")
    if sent is not None and stale_fix(body.captured_at, sent.fixed_at, rules.stale_after):
        raised.append("stale_fix")
    if late:
        raised.append("late_upload")
    if judgment.datum_suspect:
        raised.append("datum_suspect")
    return raised
