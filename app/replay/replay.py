"""A proposal replayed over an area's past. It only reads, a few postings at a time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, load_only

from app.access.areas import in_area
from app.attendance.law import load_calendar
from app.models import Area, Cadre, Posting
from app.policy.calendar import Calendar
from app.policy.provisions import Provision, Provisions, UnknownProvision
from app.replay import flags, leaves, presence
from app.replay.report import DayChange, FlagChange, Person, Proposed, Report

POSTINGS_AT_ONCE = 50
"""Bounds the memory: their check-ins and absences of the whole time replayed are held at once."""


def replay(
    session: Session, area: Area, first: date, last: date, law: Provisions, proposed: Sequence[Provision]
) -> Report:
    """Whose status, flag or route of leave would be another one, had the proposal been in force. `session` is best one
    that sees a single instant.
    """
    report = Report(area.code, area.name, first, last, tuple(_described(item, last, law) for item in proposed))
    replaying = _Replaying(session, first, last, law, proposed, law.adding(proposed), load_calendar(session))
    villages = _village_names(session, area.code)
    for postings in _groups(session, area.code, first, last):
        people = {p.id: Person(str(p.id), p.cadre.name, p.village_code, villages[p.village_code]) for p in postings}
        report.people += len(people)
        days, turned = replaying.group(postings, people)
        report.days += days
        report.flags += turned
    if replaying.bears(leaves.PREFIX):
        report.routes += leaves.changed_routes(
            session, area.code, first, last, law, replaying.proposal, replaying.calendar
        )
    return report


def _described(item: Provision, last: date, law: Provisions) -> Proposed:
    replayed = item.key in presence.KEYS or item.key.startswith((flags.PREFIX, leaves.PREFIX))
    try:
        return Proposed(item, law.value(item.key, max(last, item.in_force_from), item.area_code), replayed)
    except UnknownProvision:
        return Proposed(item, None, replayed)


def _village_names(session: Session, area: str) -> Mapping[str, str]:
    named = select(Area.code, Area.name).join(Posting, Posting.village_code == Area.code).where(in_area(Posting, area))
    return {code: name for code, name in session.execute(named.distinct())}  # noqa: C416 - typed rows, not a dict of rows


def _groups(session: Session, area: str, first: date, last: date) -> Iterator[Sequence[Posting]]:
    ids = session.scalars(
        select(Posting.id)
        .where(in_area(Posting, area), Posting.held_between(first, last))
        .order_by(Posting.village_code, Posting.id)
    ).all()
    for start in range(0, len(ids), POSTINGS_AT_ONCE):
        yield session.scalars(
            select(Posting)
            .where(Posting.id.in_(ids[start : start + POSTINGS_AT_ONCE]))
            .options(joinedload(Posting.cadre).load_only(Cadre.name))
            .options(load_only(Posting.county_code, Posting.village_code))
            .order_by(Posting.village_code, Posting.id)
        ).all()
        session.expunge_all()


@dataclass(slots=True)
class _Replaying:
    session: Session
    first: date
    last: date
    law: Provisions
    proposed: Sequence[Provision]
    proposal: Provisions
    calendar: Calendar

    def bears(self, prefix: str) -> bool:
        return any(item.key.startswith(prefix) for item in self.proposed)

    def group(
        self, postings: Sequence[Posting], people: Mapping[UUID, Person]
    ) -> tuple[list[DayChange], list[FlagChange]]:
        changes: list[presence.StatusChange] = []
        if any(item.key in presence.KEYS for item in self.proposed):
            changes = presence.changed_days(
                self.session, postings, self.first, self.last, self.law, self.proposal, self.calendar
            )
        days = [DayChange(people[c.posting_id], c.date, c.before, c.after) for c in changes]
        days.sort(key=lambda item: (item.person.village_code, item.person.posting_id, item.date))
        if not changes and not self.bears(flags.PREFIX):
            return days, []
        return days, list(self._flags(postings, people, changes))

    def _flags(
        self,
        postings: Sequence[Posting],
        people: Mapping[UUID, Person],
        changes: Sequence[presence.StatusChange],
    ) -> Iterator[FlagChange]:
        histories = flags.load_histories(self.session, postings, self.first, self.last, self.calendar)
        standing = flags.standing_flags(self.session, postings)
        changed: dict[UUID, list[presence.StatusChange]] = defaultdict(list)
        for change in changes:
            changed[change.posting_id].append(change)
        law_days = self.proposal.beginnings(flags.PREFIX)
        for posting in postings:
            before = histories[posting.id]
            after = flags.with_changes(before, changed[posting.id], self.calendar)
            days = flags.telling_days([before, after], self.first, self.last, law_days)
            now = flags.peaks(before, days, self.law, posting.village_code)
            then = flags.peaks(after, days, self.proposal, posting.village_code)
            for ground, peak in now.items():
                if peak != then[ground]:
                    state = standing.get((posting.id, ground))
                    yield FlagChange(people[posting.id], ground, peak, then[ground], state)
