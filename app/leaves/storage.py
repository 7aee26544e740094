"""Attachment bytes on disk: named by the attachment's id alone, whole or not there at all."""

import os
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.errors import Unavailable

log = structlog.get_logger()

FOLDER = "leaves"


def path_of(storage_dir: Path, attachment_id: UUID) -> Path:
    return storage_dir / FOLDER / attachment_id.hex


def store(session: Session, storage_dir: Path, attachment_id: UUID, content: bytes) -> None:
    """Put the bytes on the disk, durably, before the row that names them is committed; taken away again when the
    transaction is rolled back. Unavailable where the disk refuses.
    """
    path = path_of(storage_dir, attachment_id)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, content)
    except OSError as error:
        log.exception("attachment_not_stored")
        raise Unavailable("storage_unavailable") from error

    @event.listens_for(session, "after_rollback", once=True)
    def remove(_session: Session) -> None:
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Appear under the final name only when complete and synced."""
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
