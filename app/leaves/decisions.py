"""How a request turns: an office's decision, a withdrawal, a return. Each turn holds the request's row."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.access.call import Call
from app.access.scope import find
from app.access.viewer import Role, Viewer
from app.attendance.outbox import emit
from app.clock import SHANGHAI
from app.errors import Conflict, Forbidden, Unprocessable
from app.leaves.days import judge_days
from app.leaves.offices import is_own, speaks_for
from app.leaves.schemas import DecisionIn
from app.models import Account, Leave, LeaveStep
from app.policy.leave import Span, StepState, days_covered, decide_steps

_STATE_ZH = {
    "pending": "尚待批准",
    "approved": "已获批准",
    "rejected": "未获批准",
    "withdrawn": "已经撤回",
    "ended": "已经销假",
}


def decide(call: Call, leave_id: UUID, body: DecisionIn) -> Leave:
    """Decide the step of the viewer's own office."""
    leave = _take(call, leave_id)
    step = _own_step(call.viewer, leave)
    _refuse_second_decision(call.session, step)
    if leave.state != "pending":
        raise _wrong_state(leave, "不能再作决定", "it waits for no decision")
    step.state = "approved" if body.decision == "approve" else "rejected"
    step.decided_by, step.decided_at, step.comment = call.viewer.account_id, call.now, body.comment
    leave.state = decide_steps([StepState(step.state) for step in leave.steps]).value
    if leave.state == "rejected":
        leave.covered_until = _day_before(leave.starts_on)
    if leave.state != "pending":
        judge_days(call, leave, cause="leave")
        _announce(call, leave)
    _record(call, leave, f"leave.{body.decision}", comment=body.comment)
    return leave


def withdraw(call: Call, leave_id: UUID) -> Leave:
    """Take back a request that is pending, or approved and not begun."""
    leave = _take(call, leave_id)
    granted = leave.state == "approved"
    if granted and leave.starts_on <= call.today:
        raise _wrong_state(leave, "假期已开始，请办理销假", "it has begun; report your return instead")
    if not granted and leave.state != "pending":
        raise _wrong_state(leave, "不能撤回", "it can't be withdrawn")
    leave.state = "withdrawn"
    leave.covered_until = _day_before(leave.starts_on)
    judge_days(call, leave, cause="leave")
    if granted:
        _announce(call, leave)
    return leave


def end_by_return(call: Call, leave_id: UUID, returned_on: date) -> Leave:
    """End an approved leave; from the day of the return on, days are judged like any other."""
    leave = _take(call, leave_id)
    if leave.state != "approved":
        raise _wrong_state(leave, "不能销假", "only an approved leave is ended by a return")
    _check_return(call, leave, returned_on)
    leave.state = "ended"
    leave.returned_on = returned_on
    leave.covered_until = days_covered(Span(leave.starts_on, leave.ends_on), returned_on).last
    judge_days(call, leave, cause="return")
    _announce(call, leave)
    if call.viewer.role is not Role.CADRE:
        _record(call, leave, "leave.return", returned_on=returned_on)
    return leave


def _take(call: Call, leave_id: UUID) -> Leave:
    """The request, held until the commit, with its steps as they are once it is held."""
    leave = find(call.session, call.viewer, Leave, leave_id, lock=True)
    call.session.refresh(leave, ["steps"])
    return leave


def _own_step(viewer: Viewer, leave: Leave) -> LeaveStep:
    if is_own(viewer, leave):
        raise Forbidden("own_leave", "不能审批本人的请假。", "Nobody decides on their own leave.")
    for step in leave.steps:
        if speaks_for(viewer, leave, step.office):
            return step
    raise Forbidden(
        "not_your_step", "这条请假不由您所在的单位审批。", "Your office has no step on the route of this request."
    )


def _refuse_second_decision(session: Session, step: LeaveStep) -> None:
    if step.decided_by is None or step.decided_at is None:
        return
    officer = session.get_one(Account, step.decided_by).name
    at = f"{step.decided_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    raise Conflict(
        "already_decided",
        f"{officer} 已于 {at} 作出决定，请刷新查看。",
        f"{officer} decided this step at {at}; reload to see it.",
    )


def _wrong_state(leave: Leave, zh: str, en: str) -> Conflict:
    return Conflict("wrong_state", f"该请假{_STATE_ZH[leave.state]}，{zh}。", f"The request is {leave.state}; {en}.")


def _check_return(call: Call, leave: Leave, returned_on: date) -> None:
    if returned_on > call.today:
        raise Unprocessable.field(
            "/returned_on", "in_future", "返岗日期不能晚于今天", "a return is reported on its day at the earliest"
        )
    if returned_on < leave.starts_on:
        raise Unprocessable.field(
            "/returned_on", "before_leave", "返岗日期不能早于假期开始", "the leave had not begun by then"
        )
    if returned_on > leave.ends_on + timedelta(days=1):
        raise Unprocessable.field(
            "/returned_on",
            "after_leave",
            "返岗日期最晚为假期结束的次日；假期已自行结束，此后各日按到岗登记认定",
            "at the latest the day after the leave's end: it ended by itself, and later days are judged by their own"
            " evidence",
        )


def _announce(call: Call, leave: Leave) -> None:
    payload = {
        "leave_id": str(leave.id),
        "posting_id": str(leave.posting_id),
        "village_code": leave.village_code,
        "state": leave.state,
        "starts_on": leave.starts_on.isoformat(),
        "ends_on": leave.ends_on.isoformat(),
        "covered_until": leave.covered_until.isoformat() if leave.covered_until >= leave.starts_on else None,
    }
    emit(call.session, "leave.decided", county_code=leave.county_code, payload=payload, at=call.now)


def _record(call: Call, leave: Leave, action: str, **details: object) -> None:
    call.audit(
        chain=leave.county_code,
        action=action,
        target=str(leave.id),
        state=leave.state,
        **details,
    )


def _day_before(day: date) -> date:
    """Where `covered_until` points when no day is covered."""
    return day - timedelta(days=1)
