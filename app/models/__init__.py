"""Tables and constraints only; importing this package registers all of them."""

from app.models.account import Account, LoginFailure, RefreshToken, SigningKey
from app.models.area import Area, Fence
from app.models.day import AbsenceCounter, CountyMonth, CountyRollup, DayEntry, DayHead, DayRevision, TeamRollup
from app.models.evidence import CheckIn, Correction, DeviceUse, Registration, StrayCheckIn
from app.models.leave import Leave, LeaveAttachment, LeaveStep
from app.models.operation import (
    AuditEvent,
    CalendarYear,
    Feedback,
    Filing,
    LocalProvision,
    Outage,
    OutboxMessage,
    RosterVersion,
    WebhookDelivery,
    WebhookEndpoint,
)
from app.models.recall import RecallFlag, RecallFlagEvent
from app.models.roster import Cadre, DispatchUnit, Posting, Vacancy
from app.models.whereabouts import BoardReport, Whereabouts

__all__ = [
    "AbsenceCounter",
    "Account",
    "Area",
    "AuditEvent",
    "BoardReport",
    "Cadre",
    "CalendarYear",
    "CheckIn",
    "Correction",
    "CountyMonth",
    "CountyRollup",
    "DayEntry",
    "DayHead",
    "DayRevision",
    "DeviceUse",
    "DispatchUnit",
    "Feedback",
    "Fence",
    "Filing",
    "Leave",
    "LeaveAttachment",
    "LeaveStep",
    "LocalProvision",
    "LoginFailure",
    "Outage",
    "OutboxMessage",
    "Posting",
    "RecallFlag",
    "RecallFlagEvent",
    "RefreshToken",
    "Registration",
    "RosterVersion",
    "SigningKey",
    "StrayCheckIn",
    "TeamRollup",
    "Vacancy",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Whereabouts",
]
