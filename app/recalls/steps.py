"""The turns of a flag that people bring about: statement, opinion, notice, recall or reassignment, dismissal.

Each takes the flag's row for writing, asks the law whether the turn is open, and records it on the flag and in the
audit trail, in one transaction.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.call import Call
from app.access.scope import find
from app.access.versions import bump_roster
from app.attendance.absences import refresh_absences
from app.attendance.counters import take_counters
from app.attendance.flags import move, statement_due_on
from app.attendance.law import load_calendar, load_provisions
from app.attendance.posted import place_of
from app.attendance.posting_dates import judge_moved_end
from app.errors import Conflict, Unprocessable
from app.models import Posting, RecallFlag, Vacancy
from app.policy.recall import ABSENCE_GROUNDS, GROUNDS, STATE_LABELS_ZH, FlagState
from app.policy.recall_procedure import WrongTurn, consequences, turn


def wrong_state(flag: RecallFlag) -> Conflict:
    label = STATE_LABELS_ZH[FlagState(flag.state)]
    return Conflict(
        "wrong_state",
        f"该记录当前为“{label}”，不能进行此操作。",
        f"The flag is in state `{flag.state}`; this step is not open.",
    )


def make_statement(call: Call, flag_id: UUID, text: str) -> RecallFlag:
    """The cadre's own account; it may be amended until the notice."""
    flag = _taken(call, flag_id)
    state = _next(flag, "statement")
    flag.statement, flag.statement_at = text, call.now
    return _turn(call, flag, state, "statement")


def write_opinion(call: Call, flag_id: UUID, *, document: str, reason: str | None) -> RecallFlag:
    flag = _taken(call, flag_id)
    state = _next(flag, "opinion")
    due = flag.statement_due_on
    if flag.statement is None and due is not None and call.today <= due:
        raise Conflict(
            "statement_period_open",
            f"本人陈述期限至{due.isoformat()}，期满或收到陈述后方可提出意见。",
            f"The cadre may make a statement until {due.isoformat()}; write the opinion after it.",
        )
    return _turn(call, flag, state, "opinion", document=document, reason=reason)


def send_notice(call: Call, flag_id: UUID, *, document: str) -> RecallFlag:
    flag = _taken(call, flag_id)
    state = _next(flag, "notice")
    _refuse_changed_facts(flag)
    return _turn(call, flag, state, "notice", document=document)


def dismiss(call: Call, flag_id: UUID, *, reason: str) -> RecallFlag:
    """Days that the flag does not list are not decided on: where they carry another one, it is raised at once."""
    flag = _taken_with_counters(call, flag_id)
    state = _next(flag, "dismiss")
    flag.facts_changed = None
    _turn(call, flag, state, "dismissed", reason=reason)
    _judge_again(call, flag, by=None)
    return flag


def review(call: Call, flag_id: UUID, *, reason: str) -> RecallFlag:
    """The county takes an opinion or notice back because its facts changed; the flag is then where the facts put it."""
    flag = _taken_with_counters(call, flag_id)
    state = _next(flag, "review")
    if flag.facts_changed is None:
        raise wrong_state(flag)
    flag.facts_changed = None
    flag.statement_due_on = statement_due_on(load_provisions(call.session), call.today, flag.village_code)
    _turn(call, flag, state, "reviewed", reason=reason)
    _judge_again(call, flag, by=call.viewer.account_id)
    return flag


def recall(call: Call, flag_id: UUID, *, recalled_on: date, document: str) -> RecallFlag:
    """The unit has called the cadre back: the posting ends that day, the vacancy opens, the consequences are dated."""
    flag, state = _ending(call, flag_id, "recall", recalled_on, "/recalled_on")
    _refuse_changed_facts(flag)
    law = load_provisions(call.session)
    flag.consequences = consequences(recalled_on, law, flag.village_code).as_json()
    return _turn(call, flag, state, "recalled", document=document)


def reassign(call: Call, flag_id: UUID, *, reassigned_on: date, document: str) -> RecallFlag:
    """As `recall`, for grounds 1 and 2: approved by the unit and the office, without consequences for the cadre."""
    flag, state = _ending(call, flag_id, "reassign", reassigned_on, "/reassigned_on")
    return _turn(call, flag, state, "reassigned", document=document)


def _taken(call: Call, flag_id: UUID) -> RecallFlag:
    return find(call.session, call.viewer, RecallFlag, flag_id, lock=True)


def _taken_with_counters(call: Call, flag_id: UUID) -> RecallFlag:
    """For a turn after which the absences are judged again: the posting's counters are taken before the flag, as the
    close of a day takes them.
    """
    flag = find(call.session, call.viewer, RecallFlag, flag_id)
    if flag.ground not in ABSENCE_GROUNDS:
        return _taken(call, flag_id)
    take_counters(call.session, flag.county_code, [flag.posting_id])
    call.session.refresh(flag, with_for_update=True)
    return flag


def _judge_again(call: Call, flag: RecallFlag, *, by: UUID | None) -> None:
    """`by` is null where the facts are as they were and only a flag is out of their way."""
    if flag.ground not in ABSENCE_GROUNDS:
        return
    call.session.flush()
    posting, calendar = call.session.get_one(Posting, flag.posting_id), load_calendar(call.session)
    refresh_absences(call.session, [posting], now=call.now, by=by, calendar=calendar)


def _next(flag: RecallFlag, action: str) -> FlagState:
    try:
        return turn(FlagState(flag.state), action, flag.ground)
    except WrongTurn as error:
        raise wrong_state(flag) from error


def _turn(
    call: Call,
    flag: RecallFlag,
    state: FlagState,
    action: str,
    *,
    document: str | None = None,
    reason: str | None = None,
) -> RecallFlag:
    event = move(flag, state, action=action, now=call.now, by=call.viewer.account_id, reason=reason, document=document)
    call.session.add(event)
    call.audit(
        chain=flag.county_code,
        action=f"recall_flag.{action}",
        target=str(flag.id),
        posting_id=flag.posting_id,
        ground=flag.ground,
        document=document,
        reason=reason,
    )
    return flag


def _refuse_changed_facts(flag: RecallFlag) -> None:
    if flag.facts_changed is not None:
        raise Conflict(
            "facts_changed",
            "意见所依据的离岗日期有的已不再计入，请先复核或撤销。",
            "Days on which the opinion rests no longer count; review or dismiss the flag first.",
        )


def _ending(call: Call, flag_id: UUID, action: str, last_day: date, pointer: str) -> tuple[RecallFlag, FlagState]:
    """End the posting of a flag whose turn it is. Days are taken before the flag, in the order in which the close of
    a day takes them, so the flag is looked at twice: before, and once it is locked.
    """
    flag = find(call.session, call.viewer, RecallFlag, flag_id)
    _next(flag, action)
    posting = call.session.get_one(Posting, flag.posting_id)
    _check_last_day(call, flag, posting, last_day, pointer)
    _end_posting(call, posting, last_day, reason=GROUNDS[flag.ground].label_zh(flag.threshold))
    call.session.refresh(flag, with_for_update=True)
    return flag, _next(flag, action)


def _check_last_day(call: Call, flag: RecallFlag, posting: Posting, last_day: date, pointer: str) -> None:
    if last_day < posting.starts_on:
        raise Unprocessable.field(pointer, "before_posting", "不能早于派驻起始日期", "before the posting begins")
    if last_day > call.today:
        raise Unprocessable.field(pointer, "in_future", "不能晚于今天", "must not be in the future")
    if flag.days and last_day.isoformat() < max(flag.days):
        # The days after the posting's end are no absences: the recall would take away its own ground.
        raise Unprocessable.field(
            pointer, "before_counted_days", "不能早于所计离岗日期的最后一天", "before the last of the counted days"
        )


def _end_posting(call: Call, posting: Posting, last_day: date, *, reason: str) -> None:
    """A posting that had ended earlier stays as it is; either way its place is vacant."""
    session, ended_before = call.session, posting.ends_on
    if ended_before is None or last_day < ended_before:
        posting.ends_on, posting.end_reason = last_day, reason
        session.flush()
        judge_moved_end(call, posting, ended_before, reason)
        bump_roster(session, posting.county_code)
    _open_vacancy(session, posting)


def _open_vacancy(session: Session, posting: Posting) -> None:
    """Once a posting, whichever of its flags ended it."""
    if posting.ends_on is None or session.scalar(select(Vacancy.id).where(Vacancy.posting_id == posting.id)):
        return
    session.add(
        Vacancy(
            **place_of(posting),
            opened_on=date.fromordinal(posting.ends_on.toordinal() + 1),
            filled_by=None,
            filled_on=None,
        )
    )
    session.flush()
