"""Monthly partitions of the large tables on PostgreSQL; on SQLite there is nothing to do.

A default partition takes any day that has no partition of its own, so that no row is ever refused; months are made
ahead, and rows that went to the default meanwhile are moved when their month is made.
"""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

PARTITIONED = ("check_ins", "day_entries", "day_revisions")
MONTHS_AHEAD = 2


def ensure_partitions(session: Session, days: Iterable[date]) -> list[str]:
    """Make the partitions for the months of these days and for two months after the last; returns those made."""
    if session.get_bind().dialect.name != "postgresql":
        return []
    wanted = {day.replace(day=1) for day in days}
    if wanted:
        month = max(wanted)
        for _ in range(MONTHS_AHEAD):
            month = _next_month(month)
            wanted.add(month)
    there = set(session.scalars(text("SELECT relname::text FROM pg_class WHERE relkind = 'r'")))
    made = []
    for month in sorted(wanted):
        for table in PARTITIONED:
            name = f"{table}_{month:%Y_%m}"
            if name not in there:
                _make(session, table, name, month)
                made.append(name)
    return made


def _make(session: Session, table: str, name: str, month: date) -> None:
    # All names are ours and the bounds are dates, so nothing here comes from outside.
    after = _next_month(month)
    moved = f"DELETE FROM {table}_default WHERE date >= '{month}' AND date < '{after}' RETURNING *"  # noqa: S608
    statements = (
        f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE",
        f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)",
        f"WITH moved AS ({moved}) INSERT INTO {name} SELECT * FROM moved",  # noqa: S608
        f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{month}') TO ('{after}')",
    )
    for statement in statements:
        session.execute(text(statement))


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
