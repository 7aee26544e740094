"""Waiting for what other threads do, as long as it takes and no longer."""

import threading

from sqlalchemy import text

from app.database import Database

_BLOCKED = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def wait_until_blocked(database: Database, count: int) -> None:
    """Until so many sessions of this database (on PostgreSQL) wait for a lock."""
    pause = threading.Event()
    for _ in range(1000):
        with database.reading() as session:
            if session.scalar(_BLOCKED) >= count:
                return
        pause.wait(0.01)
    raise AssertionError(f"not {count} of them waited")
