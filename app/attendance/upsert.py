"""INSERT … ON CONFLICT for both databases; SQLAlchemy spells it once per dialect."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_into(session: Session, model: Any) -> Any:
    """The dialect's own insert, with `.on_conflict_do_update` and `.excluded`."""
    return insert_of(session.get_bind().dialect.name, model)


def insert_of(dialect: str, model: Any) -> Any:
    """As above, for a statement that is built once."""
    return postgresql.insert(model) if dialect == "postgresql" else sqlite.insert(model)
