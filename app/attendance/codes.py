"""What the codes in answers about days say. The API reference lists them, for whoever writes an app."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import WithJsonSchema

Cause = Literal[
    "check_in",
    "registration",
    "acceptance",
    "close",
    "confirmation",
    "correction",
    "leave",
    "return",
    "whereabouts",
    "outage",
    "calendar",
    "posting",
]
"""What had a day judged."""

Words = Mapping[str, tuple[str, str]]
"""By code, in Chinese and in English."""

EXCEPTIONS: Words = {
    "present_on_leave": ("请假期间有到岗登记", "Presence on a day of approved leave"),
    "official_unverified": ("申报的公出尚待乡镇核实", "A declared trip that the township has not confirmed"),
    "late_upload": ("关账后才收到的到岗登记", "Presence received after the day had closed"),
    "present_since_correction": (
        "更正之后又有到岗登记；状态仍按更正",
        "Presence that the correction could not know of; the correction stands",
    ),
    "evidence_waiting": ("有登记待乡镇认可", "A check-in that waits for the township"),
    "board_says_in_village_checked_in_elsewhere": (
        "去向牌为在村，登记在围栏外",
        "The board said in the village, the check-in came from outside",
    ),
    "leave_not_approved": ("去向牌为请假，假未批准", "The board said on leave, none is approved"),
    "outage": ("停电断网期间，待乡镇确认", "In a declared outage, for the township to confirm"),
    "calendar_assumed": ("当年放假安排未导入，按周末推定", "Judged by weekday: the year's calendar is not loaded"),
}
OUT_OF_POSTING: Words = {"outside_posting": ("该日已不在派驻期内", "The day is no longer in the posting")}
"""What only revisions say."""

RISK_FLAGS: Words = {
    "mock_location": ("手机报告为模拟定位，外接定位设备也会如此", "Reported as mocked; external receivers are, too"),
    "impossible_speed": ("与上一次定位相距过远", "Too far from the last fix"),
    "repeated_coordinates": ("多日坐标完全相同", "The same coordinates on several days"),
    "shared_device": ("同一部手机登记过两人", "One phone, two cadres"),
    "clock_skew": ("手机时钟超前，按收到时间计", "The phone's clock is ahead; the day is that of its arrival"),
    "stale_fix": ("定位早于登记过久", "The fix is much older than the check-in"),
    "late_upload": ("关账后才收到", "Received after the day had closed"),
    "datum_suspect": ("换一种坐标系则在围栏内", "Inside, were the datum another"),
}

REASONS: Words = {
    "inside": ("在围栏内", "Inside the fence"),
    "outside": ("在围栏外", "Outside the fence"),
    "near_edge": ("离边界太近，定位精度不足以判断", "Too near the edge for the accuracy"),
    "no_position": ("没有位置", "No position"),
    "no_fence": ("该村没有围栏", "The village has no fence"),
    "no_accuracy": ("没有定位精度", "No accuracy"),
    "accuracy_out_of_range": ("定位精度为 0 或超过限值", "An accuracy of 0, or beyond the limit"),
}

CAUSES: Words = {
    "check_in": ("手机登记", "A check-in"),
    "registration": ("补录登记", "A registration by the township"),
    "acceptance": ("认可或不认可登记", "A check-in accepted or not"),
    "close": ("关账", "The close"),
    "confirmation": ("乡镇确认", "The township's confirmation"),
    "correction": ("更正", "A correction"),
    "leave": ("请假、审批、撤回", "Leave, its decision or withdrawal"),
    "return": ("销假", "The return from leave"),
    "whereabouts": ("去向申报", "Whereabouts"),
    "outage": ("停电断网申报", "An outage, declared or taken back"),
    "calendar": ("导入放假安排", "A calendar that was loaded"),
    "posting": ("派驻日期变动", "The posting's dates"),
}


def _told(words: Words) -> str:
    listed = "\n".join(f"- `{code}` {zh}。{en}." for code, (zh, en) in words.items())
    return f"代码 Codes:\n\n{listed}"


def _one_of(words: Words) -> dict[str, Any]:
    return {"type": "string", "enum": list(words), "description": _told(words)}


def _some_of(words: Words) -> WithJsonSchema:
    items = {"type": "string", "enum": list(words)}
    return WithJsonSchema({"type": "array", "items": items, "description": _told(words)})


DayExceptions = Annotated[list[str], _some_of(EXCEPTIONS)]
"""What somebody has to look at; empty on an ordinary day."""
RevisedExceptions = Annotated[list[str], _some_of({**EXCEPTIONS, **OUT_OF_POSTING})]
RiskFlags = Annotated[list[str], _some_of(RISK_FLAGS)]
"""Hints for people, never a verdict."""
VerdictReason = Annotated[str, WithJsonSchema(_one_of(REASONS))]
CauseOut = Annotated[str, WithJsonSchema(_one_of(CAUSES))]
