"""Three months of the fictional county, told day by day through the services that real days go through.

What has to be there on any day on which the demo is first started: every status, a warning, a provisional and a
candidate flag, leave on every rung of the ladder, a trip, an outage, late and doubtful check-ins, days that wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy.orm import Session

from app.access.call import Call
from app.access.viewer import viewer_of
from app.attendance import days
from app.attendance import schemas as day_schemas
from app.attendance.close import close_county_day
from app.attendance.law import load_calendar
from app.checkins.judging import Submission
from app.checkins.recording import record_check_ins
from app.checkins.schemas import CheckInIn, PositionIn
from app.clock import business_day, day_starts_at
from app.demo.county import COUNTY, County
from app.leaves import decisions
from app.leaves import schemas as leave_schemas
from app.leaves import service as leaves
from app.models import Account, Outage, Posting
from app.policy.calendar import Calendar
from app.policy.datum import Datum
from app.whereabouts import schemas as board_schemas
from app.whereabouts import service as whereabouts

DAYS = 92
CANDIDATE, PROVISIONAL, WARNED = 23, 15, 7
"""Numbers of the cadres whose absences raise flags."""
DOUBTFUL = 28
"""Checked in yesterday from outside the fence; the township has not looked at it yet."""
ABSENCES = {WARNED: (1, 11, 14), PROVISIONAL: (1, 17, 22), CANDIDATE: (24, 17, 22)}
"""Absent until so many days ago, for at least and at most so many calendar days."""
SPOKEN_FOR = frozenset({*ABSENCES, 5, 12, 14, 9, 18, 27, DOUBTFUL})
"""Cadres with a story of their own; the others' small irregularities are drawn by lot."""


def absence(calendar: Calendar, today: date, until: int, shortest: int, longest: int) -> tuple[date, date]:
    """First and last day of the latest run that begins and ends on working days: rest days at its ends would not
    count, whatever holidays lie between.
    """
    for ago in range(until, DAYS):
        last = today - timedelta(days=ago)
        for length in range(shortest, longest + 1):
            first = last - timedelta(days=length - 1)
            if not calendar.is_rest(first) and not calendar.is_rest(last):
                return first, last
    raise AssertionError("no working days in three months")


@dataclass(slots=True)
class Story:
    session: Session
    county: County
    now: datetime
    lot: Random = field(default_factory=lambda: Random(99))
    late: list[tuple[date, Submission]] = field(default_factory=list)
    """Check-ins that waited for a signal, and the day on which they get one."""
    today: date = field(init=False)
    calendar: Calendar = field(init=False)
    outage_ago: int = field(init=False)
    """The last working day but yesterday."""
    absences: dict[int, tuple[date, date]] = field(init=False)
    """First and last day, by the cadre's number."""

    def __post_init__(self) -> None:
        self.today = business_day(self.now)
        self.calendar = load_calendar(self.session)
        self.outage_ago = next(
            ago for ago in range(2, DAYS) if not self.calendar.is_rest(self.today - timedelta(days=ago))
        )
        self.absences = {number: absence(self.calendar, self.today, *bounds) for number, bounds in ABSENCES.items()}

    def tell(self) -> None:
        """Every day from three months ago to yesterday, and this morning."""
        for ago in range(DAYS, 0, -1):
            self._day(self.today - timedelta(days=ago), ago)
        self._this_morning()

    # ------------------------------------------------------------------ a day

    def _day(self, day: date, ago: int) -> None:
        self._events(day, ago)
        morning = day_starts_at(day) + timedelta(hours=8, minutes=30)
        arrived = [submission for due, submission in self.late if due == day]
        record_check_ins(self.session, [*arrived, *self._check_ins(day, ago)], morning)
        midnight = day_starts_at(day + timedelta(days=1)) + timedelta(minutes=30)
        close_county_day(self.session, COUNTY, day, midnight)
        self._paper(day, midnight + timedelta(hours=8))
        if ago > self.outage_ago:  # the days since then still wait for the townships
            self._confirm(day, midnight + timedelta(hours=9))

    def _check_ins(self, day: date, ago: int) -> list[Submission]:
        resting = self.calendar.is_rest(day)
        submissions = []
        for number, posting in enumerate(self.county.postings):
            doubtful = number == DOUBTFUL and ago == 1
            if self._is_away(number, day, ago) or (resting and not doubtful and self.lot.random() < 0.8):
                continue
            luck = 1.0 if number in SPOKEN_FOR else self.lot.random()
            if luck < 0.004:
                continue
            submission = self._check_in(posting, day, astray=doubtful or luck < 0.012)
            if luck < 0.03 and ago > 3:
                self.late.append((day + timedelta(days=2), submission))
            else:
                submissions.append(submission)
        return submissions

    def _is_away(self, number: int, day: date, ago: int) -> bool:
        absence = self.absences.get(number)
        on_leave = (
            (number == 5 and 40 >= ago >= 36)
            or (number == 12 and 34 >= ago >= 25)
            or (number == 14 and 30 >= ago >= 11)
        )
        on_trip = number == 18 and 20 >= ago >= 18
        cut_off = number in {32, 33, 34, 35} and ago == self.outage_ago
        is_absent = absence is not None and absence[0] <= day <= absence[1]
        return is_absent or on_leave or on_trip or cut_off

    def _check_in(self, posting: Posting, day: date, *, astray: bool) -> Submission:
        lng, lat = self.county.centers[posting.village_code]
        wander = 0.003
        if astray:  # some 2.6 km away, outside whatever the rest of the lot
            lng, lat = lng + 0.02, lat + 0.017
        at = day_starts_at(day) + timedelta(hours=7, minutes=self.lot.randint(5, 85))
        position = PositionIn(
            lng=round(lng + self.lot.uniform(-wander, wander), 7),
            lat=round(lat + self.lot.uniform(-wander, wander), 7),
            datum=Datum.WGS84,
            accuracy_m=float(self.lot.randint(6, 60)),
            fixed_at=at - timedelta(seconds=3),
            mock=False,
        )
        body = CheckInIn(
            id=UUID(int=self.lot.getrandbits(128), version=4),
            captured_at=at,
            position=position,
            device_id=f"demo-{posting.cadre_id.hex[-8:]}",
            note=self.lot.choice((None, None, "入户走访", "村委会值班", "产业项目对接")),
        )
        return Submission(self.county.accounts[posting.id].id, body)

    def _paper(self, day: date, at: datetime) -> None:
        """One village keeps a paper sheet: its fourth member has an old phone."""
        posting = self.county.postings[38]
        if day.weekday() == 2:
            officer = self._officer_of(posting)
            entry = day_schemas.RegistrationIn(posting_id=posting.id, date=day, source="paper", note="村级签到簿")
            days.register(self._call(officer, at), entry)

    def _confirm(self, day: date, at: datetime) -> None:
        unsettled = self.county.postings[PROVISIONAL].id
        for login in ("shiqiao", "liuxi", "nanping"):
            officer = self.county.officers[login]
            own = [p for p in self.county.postings if p.township_code == officer.area_code and p.id != unsettled]
            items = [day_schemas.ConfirmationItem(posting_id=posting.id) for posting in own]
            body = day_schemas.ConfirmationIn(date=day, area_code=officer.area_code or "", items=items)
            days.confirm_days(self._call(officer, at), body)

    # ------------------------------------------------------------------ what else happens

    def _events(self, day: date, ago: int) -> None:
        morning = day_starts_at(day) + timedelta(hours=7)
        if ago == 42:
            self._leave(5, day + timedelta(days=2), 5, morning, ("shiqiao", "liuxi", "nanping"))
        if ago == 38:
            self._leave(12, day + timedelta(days=4), 10, morning, ("county",))
        if ago == 35:
            self._leave(14, day + timedelta(days=5), 20, morning, ("city", "unit"))
        if ago == 20:
            self._declare(18, "official", "县行政中心", morning, morning + timedelta(days=2, hours=11))
        if ago == self.outage_ago:
            self._outage(day, morning)

    def _leave(self, number: int, starts_on: date, length: int, at: datetime, offices: Sequence[str]) -> None:
        posting = self.county.postings[number]
        cadre = self._call(self.county.accounts[posting.id], at)
        body = leave_schemas.LeaveIn(
            id=UUID(int=self.lot.getrandbits(128), version=4),
            kind="personal",
            starts_on=starts_on,
            ends_on=starts_on + timedelta(days=length - 1),
            reason="家中老人住院需陪护",
            destination="青川市",
        )
        leave, _ = leaves.create(cadre, body)
        approve = leave_schemas.DecisionIn(decision="approve", comment="同意")
        for login in offices:
            officer = self.county.officers[login]
            if officer.role != "township_officer" or officer.area_code == posting.township_code:
                decisions.decide(self._call(officer, at + timedelta(hours=2)), leave.id, approve)

    def _declare(self, number: int, state: str, place: str, since: datetime, back: datetime | None) -> None:
        posting = self.county.postings[number]
        body = board_schemas.WhereaboutsIn.model_validate(
            {
                "id": UUID(int=self.lot.getrandbits(128), version=4),
                "state": state,
                "destination": place,
                "since": since,
                "expected_back_at": back,
            }
        )
        whereabouts.declare(self._call(self.county.accounts[posting.id], since), body)

    def _outage(self, day: date, at: datetime) -> None:
        self.session.add(
            Outage(
                county_code=COUNTY,
                area_code="990101003000",
                area_prefix="990101003",
                first_day=day,
                last_day=day,
                declared_last_day=day,
                reason="大雪致供电、通信中断",
                declared_by=self.county.officers["county"].id,
                declared_at=at,
            )
        )
        self.session.flush()

    # ------------------------------------------------------------------ today

    def _this_morning(self) -> None:
        early = self.now - timedelta(hours=2)
        if business_day(early) != self.today:
            early = self.now
        for number in range(0, 40, 3):
            self._declare(number, "in_village", "在村", early, None)
        self._declare(27, "training", "县委党校", early, self.now + timedelta(days=1))
        submissions = [
            self._check_in_now(posting, early)
            for number, posting in enumerate(self.county.postings)
            if number % 4 and number not in ABSENCES
        ]
        record_check_ins(self.session, submissions, self.now)
        self._leave(9, self.today + timedelta(days=1), 9, early, ())

    def _check_in_now(self, posting: Posting, at: datetime) -> Submission:
        made = self._check_in(posting, self.today, astray=False)
        position = made.body.position.model_copy(update={"fixed_at": at}) if made.body.position else None
        return Submission(made.account_id, made.body.model_copy(update={"captured_at": at, "position": position}))

    def _call(self, account: Account, at: datetime) -> Call:
        return Call(self.session, viewer_of(account), at)

    def _officer_of(self, posting: Posting) -> Account:
        return next(o for o in self.county.officers.values() if o.area_code == posting.township_code)
