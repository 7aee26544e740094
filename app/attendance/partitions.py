"""Monthly partitions of the large tables on PostgreSQL; on SQLite there is nothing to do.

A default partition takes any day that has no partition of its own, so that no row is ever refused; months are made
ahead, and rows that went to the default meanwhile are moved when their month is made. A month that is long over can be
detached: its rows are then in tables of their own, to be dumped and dropped or attached again, and in no answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

PARTITIONED = ("check_ins", "day_entries", "day_revisions")
MONTHS_AHEAD = 2

_MAKING = 0x7A61_6967_616E_6731
"""The key of the advisory lock under which months are made."""

_ATTACHED = """
    SELECT parent.relname::text, child.relname::text
    FROM pg_inherits
    JOIN pg_class parent ON parent.oid = inhparent
    JOIN pg_class child ON child.oid = inhrelid
    WHERE parent.relname = ANY(:tables) AND child.relname ~ '_[0-9]{4}_[0-9]{2}$'
"""


@dataclass(frozen=True, slots=True)
class Partition:
    table: str
    name: str
    month: date
    """Its first day."""


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
    if not _missing(session, wanted):
        return []
    # Somebody else may be making them at this moment.
    session.execute(select(func.pg_advisory_xact_lock(_MAKING)))
    made = []
    for table, name, month in _missing(session, wanted):
        _make(session, table, name, month)
        made.append(name)
    return made


def _missing(session: Session, months: Iterable[date]) -> list[tuple[str, str, date]]:
    there = set(session.scalars(text("SELECT relname::text FROM pg_class WHERE relkind = 'r'")))
    names = [(table, f"{table}_{month:%Y_%m}", month) for month in sorted(months) for table in PARTITIONED]
    return [(table, name, month) for table, name, month in names if name not in there]


def list_partitions(session: Session) -> list[Partition]:
    """The months that are attached, oldest first."""
    if session.get_bind().dialect.name != "postgresql":
        return []
    found = []
    for table, name in session.execute(text(_ATTACHED), {"tables": list(PARTITIONED)}):
        year, month = name.removeprefix(f"{table}_").split("_")
        found.append(Partition(table, name, date(int(year), int(month), 1)))
    return sorted(found, key=lambda partition: (partition.month, partition.table))


def detach_partitions(session: Session, before: date) -> list[str]:
    """Detach every month that is over before `before` (the first day of a month, exclusive); returns the tables that
    hold their rows from now on. Nothing is deleted.
    """
    old = [partition for partition in list_partitions(session) if partition.month < before]
    for partition in old:
        session.execute(text(f"ALTER TABLE {partition.table} DETACH PARTITION {partition.name}"))
    return [partition.name for partition in old]


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
    if table == "check_ins":
        # What a check-in is compared with is read from the index alone, once a vacuum has seen the rows' pages.
        session.execute(text(f"ALTER TABLE {name} SET (autovacuum_vacuum_insert_scale_factor = 0.01)"))


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
