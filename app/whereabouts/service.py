"""Declarations: stored as sent, placed on the posting's timeline, and the days judged again that this changes."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, select

from app.access.call import Call
from app.access.own import body_hash, id_reused, own_posting, take_turn
from app.attendance.law import load_provisions
from app.attendance.posted import place_of
from app.attendance.rejudge import rejudge
from app.clock import business_day
from app.errors import Unprocessable
from app.models import Posting, Whereabouts
from app.policy.presence import is_clock_ahead
from app.policy.provisions import Provisions
from app.policy.whereabouts import Days, first_day, hull, last_day, order_of
from app.whereabouts.schemas import WhereaboutsIn


def declare(call: Call, body: WhereaboutsIn) -> tuple[Whereabouts, bool]:
    """The stored declaration, and whether it is new. One in the past takes its place in the past: the board goes on
    showing the newest `since`.
    """
    take_turn(call.session, call.viewer)
    digest = body_hash(call.viewer, body)
    stored = call.session.get(Whereabouts, body.id)
    if stored is not None:
        if stored.body_hash != digest:
            raise id_reused()
        return stored, False
    posting = own_posting(call.session, call.viewer, business_day(body.since))
    provisions = load_provisions(call.session)
    _refuse_wrong_clock(call, body, provisions, posting)
    declaration = _declaration(call, posting, body, digest, provisions)
    changed = _place(call, declaration)
    touched = hull(changed, call.today)
    if touched is not None:
        rejudge(call.session, [posting], *touched, now=call.now, by=call.viewer.account_id, cause="whereabouts")
    return declaration, True


def _refuse_wrong_clock(call: Call, body: WhereaboutsIn, provisions: Provisions, posting: Posting) -> None:
    """A declaration is made when it begins, so one that begins later than now shows a clock that runs ahead."""
    minutes = float(provisions.value("presence.clock_skew_minutes", call.today, posting.village_code))
    if is_clock_ahead(body.since, call.now, timedelta(minutes=minutes)):
        raise Unprocessable.field(
            "/since",
            "since_in_future",
            "开始时间晚于当前时间，请检查手机时钟；今后的安排请在动身时填报",
            "lies in the future: check the phone's clock, and declare a plan when it begins",
        )


def _declaration(call: Call, posting: Posting, body: WhereaboutsIn, digest: str, provisions: Provisions) -> Whereabouts:
    late_upload_days = int(provisions.value("presence.late_upload_days", call.today, posting.village_code))
    return Whereabouts(
        **body.model_dump(),
        **place_of(posting),
        received_at=call.now,
        first_day=first_day(body.since, call.now, late_upload_days),
        last_day=last_day(body.since, body.expected_back_at, None),
        body_hash=digest,
    )


def _place(call: Call, declaration: Whereabouts) -> list[Days]:
    """Add the declaration to its timeline and cut what it cuts; returns the days that now read differently."""
    neighbours = _neighbours(call, declaration)
    call.session.add(declaration)
    line = sorted([*neighbours, declaration], key=lambda row: order_of(row.since, row.received_at, row.id))
    changed: list[Days] = []
    for position, row in enumerate(line[:-1]):
        before = row.last_day
        row.last_day = last_day(row.since, row.expected_back_at, line[position + 1].since)
        if row is not declaration and row.last_day != before:
            changed.append(_lost(row, before))
    call.session.flush()
    return [*changed, Days(declaration.first_day, declaration.last_day)]


def _lost(row: Whereabouts, before: date | None) -> Days:
    """The days that a declaration no longer speaks for."""
    after = row.last_day
    return Days(row.first_day if after is None else max(row.first_day, after + timedelta(days=1)), before)


def _neighbours(call: Call, declaration: Whereabouts) -> Sequence[Whereabouts]:
    """The declaration before, those at the same instant, and the one after: no other one's end can move."""

    def beside(condition: ColumnElement[bool]) -> Select[Whereabouts]:
        return select(Whereabouts).where(Whereabouts.posting_id == declaration.posting_id, condition)

    since, received_at, key = Whereabouts.since, Whereabouts.received_at, Whereabouts.id
    earlier = beside(since < declaration.since).order_by(since.desc(), received_at.desc(), key.desc()).limit(1)
    same = beside(since == declaration.since)
    later = beside(since > declaration.since).order_by(since, received_at, key).limit(1)
    return [row for query in (earlier, same, later) for row in call.session.scalars(query)]


def history(posting: Posting) -> Select[Whereabouts]:
    """The declarations of a posting that the caller has found in its scope."""
    return select(Whereabouts).where(Whereabouts.posting_id == posting.id)
