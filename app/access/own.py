"""What a cadre's phone writes: its own posting, and ids that the phone made, so that sending twice is safe."""

import hashlib
import json
from datetime import UTC, date, datetime

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.scope import visible
from app.access.viewer import Viewer
from app.errors import Conflict
from app.models import Cadre, Posting


def take_turn(session: Session, viewer: Viewer) -> None:
    """Make one cadre's writes wait for each other until the commit; rows that refer to the cadre don't wait."""
    session.execute(select(Cadre.id).where(Cadre.id == viewer.cadre_id).with_for_update(key_share=True))


def own_posting(session: Session, viewer: Viewer, day: date) -> Posting:
    """The viewer's posting on a business day; Conflict `no_posting` where there is none."""
    posting = session.scalars(
        select(Posting)
        .where(visible(viewer, Posting), Posting.held_on(day))
        .order_by(Posting.starts_on.desc(), Posting.id.desc())
        .limit(1)
    ).first()
    if posting is None:
        raise no_posting()
    return posting


def body_hash(viewer: Viewer, body: BaseModel) -> str:
    """A digest of who sent what: equal for the same body in another notation (order of keys, offset of an instant)."""
    content = json.dumps(body.model_dump(), ensure_ascii=False, sort_keys=True, default=_plain)
    return hashlib.sha256(f"{viewer.account_id}\n{content}".encode()).hexdigest()


def _plain(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def no_posting() -> Conflict:
    return Conflict("no_posting", "这一天您没有派驻任务。", "You have no posting on that date.")


def id_reused() -> Conflict:
    return Conflict(
        "id_reused",
        "此 id 已用于另一条内容不同的记录，请换用新的 id。",
        "This id belongs to a record with other content; use a new id.",
    )
