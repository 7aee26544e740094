"""Residents' reports: "shown in the village, not there". Each opens an item for the township and is never a verdict."""

import hashlib
import hmac
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access import tokens
from app.access.call import Call, PublicCall
from app.access.scope import find, visible_in
from app.attendance.posted import place_of
from app.errors import Conflict
from app.models import BoardReport, Cadre, Posting
from app.whereabouts.board import read_board
from app.whereabouts.schemas import BoardReportIn


def report(call: PublicCall, village_code: str, body: BoardReportIn, user_agent: str) -> tuple[BoardReport, bool]:
    """The stored report, and whether it is new. One device reports one member once a day: the same words again are
    answered with the stored report, other words with Conflict `already_reported`.
    """
    member = read_board(call, village_code).member(body.posting_id)
    device = _device_hash(call, body, user_agent)
    stored = call.session.scalars(
        select(BoardReport).where(
            BoardReport.posting_id == body.posting_id, BoardReport.date == call.today, BoardReport.device_hash == device
        )
    ).first()
    if stored is not None:
        if stored.note != body.note:
            raise Conflict(
                "already_reported",
                "您今天已经反映过这名队员，乡镇会核实。",
                "You have reported this member today; the township will look into it.",
            )
        return stored, False
    if not member.shown_in_village:
        raise Conflict(
            "not_shown_in_village",
            "去向牌上这名队员现在并未显示在村，无需反映。",
            "The board does not show this member in the village now.",
        )
    posting = call.session.get_one(Posting, body.posting_id)
    row = BoardReport(
        **place_of(posting),
        date=call.today,
        device_hash=device,
        note=body.note,
        reported_at=call.now,
    )
    call.session.add(row)
    call.session.flush()
    return row, True


def _device_hash(call: PublicCall, body: BoardReportIn, user_agent: str) -> str:
    """A keyed digest that tells devices apart for one member and one day, and links nothing beyond them."""
    device = body.device_id or f"{call.address}\n{user_agent}"
    message = f"{call.today}\n{body.posting_id}\n{device}".encode()
    return hmac.new(_salt(call.session), message, hashlib.sha256).hexdigest()


def _salt(session: Session) -> bytes:
    """The oldest signing key, bent to this use: without a secret all addresses could be tried out. On the day on which
    a rotation removes that key a device may report once more.
    """
    oldest = tokens.load_signing_keys(session)[:1]
    secret = oldest[0].private_pem if oldest else ""
    return hashlib.sha256(b"board-report\n" + secret.encode("ascii")).digest()


def reports_query(call: Call, area: str | None, *, open_only: bool | None) -> Select[BoardReport, str]:
    """Reports in scope with the cadre's name; `open_only` false asks for the handled ones, null for both."""
    query = (
        select(BoardReport, Cadre.name)
        .join(Posting, Posting.id == BoardReport.posting_id)
        .join(Cadre, Cadre.id == Posting.cadre_id)
        .where(visible_in(call.session, call.viewer, BoardReport, area))
    )
    if open_only is None:
        return query
    unhandled = BoardReport.handled_at.is_(None)
    return query.where(unhandled if open_only else ~unhandled)


def handle(call: Call, report_id: UUID, remark: str) -> tuple[BoardReport, str]:
    """Close a report with what the township found; also returns the cadre's name."""
    row = find(call.session, call.viewer, BoardReport, report_id, lock=True)
    if row.handled_at is not None:
        raise Conflict("already_handled", "该反映已经办结。", "This report has been handled already.")
    row.handled_by, row.handled_at, row.remark = call.viewer.account_id, call.now, remark
    call.audit(
        chain=row.county_code,
        action="board_report.handle",
        target=str(row.id),
        remark=remark,
    )
    return row, _cadre_name(call.session, row)


def _cadre_name(session: Session, row: BoardReport) -> str:
    query = select(Cadre.name).join(Posting, Posting.cadre_id == Cadre.id).where(Posting.id == row.posting_id)
    return session.scalars(query).one()
