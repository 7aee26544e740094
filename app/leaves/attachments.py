"""Papers with a request, such as a hospital note."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.access.call import Call
from app.access.scope import find, visible
from app.access.viewer import Role, Viewer
from app.errors import Conflict, NotFound, Problem
from app.ids import new_id
from app.leaves import storage
from app.leaves.content import display_name, media_type_of
from app.leaves.offices import on_route
from app.models import Leave, LeaveAttachment

log = structlog.get_logger()

MAX_ATTACHMENTS = 10
"""A request's papers; bounds what one account can put on the disk."""

_OPEN_STATES = frozenset({"pending", "approved", "ended"})


class AttachmentDamaged(Problem):
    status = 410
    title_zh, title_en = "附件已损坏", "The attachment is damaged"

    def __init__(self) -> None:
        super().__init__(
            "attachment_damaged",
            "附件文件缺失或已损坏，请联系管理员从备份恢复。",
            "The file is missing or damaged; the administrator can restore it from a backup.",
        )


def attach(
    call: Call, leave_id: UUID, filename: str | None, content: bytes, storage_dir: Path
) -> tuple[LeaveAttachment, bool]:
    """The stored attachment, and whether it is new: the same bytes sent again are not stored twice."""
    media_type = media_type_of(content)
    leave = find(call.session, call.viewer, Leave, leave_id, lock=True)
    if leave.state not in _OPEN_STATES:
        raise Conflict("wrong_state", "该请假已退回或撤回，不能再添加附件。", "The request was rejected or withdrawn.")
    digest = hashlib.sha256(content).hexdigest()
    known = call.session.scalar(
        select(LeaveAttachment).where(LeaveAttachment.leave_id == leave.id, LeaveAttachment.sha256 == digest)
    )
    if known is not None:
        return known, False
    _check_room(call.session, leave)
    attachment = LeaveAttachment(
        id=new_id(),
        leave_id=leave.id,
        filename=display_name(filename),
        media_type=media_type,
        size_bytes=len(content),
        sha256=digest,
        uploaded_by=call.viewer.account_id,
        uploaded_at=call.now,
    )
    storage.store(call.session, storage_dir, attachment.id, content)
    call.session.add(attachment)
    call.session.flush()
    call.audit(
        chain=leave.county_code,
        action="leave.attachment_added",
        target=str(leave.id),
        attachment_id=attachment.id,
        sha256=digest,
    )
    return attachment, True


def _check_room(session: Session, leave: Leave) -> None:
    count = session.scalar(select(func.count()).where(LeaveAttachment.leave_id == leave.id))
    if (count or 0) >= MAX_ATTACHMENTS:
        raise Conflict(
            "too_many_attachments",
            f"一次请假最多 {MAX_ATTACHMENTS} 个附件。",
            f"A request has at most {MAX_ATTACHMENTS} attachments.",
        )


def attachments_of(session: Session, viewer: Viewer, leave_id: UUID) -> Sequence[LeaveAttachment]:
    _find_with_papers(session, viewer, leave_id)
    return session.scalars(
        select(LeaveAttachment).where(LeaveAttachment.leave_id == leave_id).order_by(LeaveAttachment.id)
    ).all()


def open_attachment(
    session: Session, viewer: Viewer, leave_id: UUID, attachment_id: UUID, storage_dir: Path
) -> tuple[LeaveAttachment, bytes]:
    """An attachment and its bytes, which are still those that were uploaded."""
    _find_with_papers(session, viewer, leave_id)
    attachment = session.get(LeaveAttachment, attachment_id)
    if attachment is None or attachment.leave_id != leave_id:
        raise NotFound
    try:
        content = storage.path_of(storage_dir, attachment.id).read_bytes()
    except OSError as error:
        log.error("attachment_unreadable", attachment=str(attachment.id))  # noqa: TRY400 - the path is no secret to keep, the trace no help
        raise AttachmentDamaged from error
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        log.error("attachment_altered", attachment=str(attachment.id))
        raise AttachmentDamaged
    return attachment, content


def _find_with_papers(session: Session, viewer: Viewer, leave_id: UUID) -> Leave:
    """A request whose papers the viewer may read: its own, those in its area, and for a dispatch unit those that it
    decides on. A hospital note is nobody else's business.
    """
    leave = session.scalar(
        select(Leave).where(Leave.id == leave_id, visible(viewer, Leave)).options(selectinload(Leave.steps))
    )
    if leave is None or (viewer.role is Role.UNIT and not on_route(viewer, leave)):
        raise NotFound
    return leave
