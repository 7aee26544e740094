"""Engine, metadata and session.

SQLite gets one writing connection (its lock would serialise writers anyway, and versions before 3.51.3 can
corrupt a WAL that several connections write and checkpoint) and a pool of read-only ones; PostgreSQL gets one
pool, and optionally a hot standby for the heavy reads; while the standby can't be reached, the primary stands in.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    QueuePool,
    TypeDecorator,
    Uuid,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import SchemaItem

from app.settings import Settings
from app.waiting_line import WaitingLine

log = structlog.get_logger()

APPLICATION = "zaigang"
"""How PostgreSQL names this program's connections (`application_name`)."""
LANE = f"{APPLICATION} lane"
"""And those of the fast lanes, which are only used while somebody is served."""

STANDBY_FALLBACKS = Counter(
    "zaigang_standby_fallbacks_total", "Reports read from the primary because the standby could not be reached"
)
STANDBY_RETRY_SECONDS = 15
"""How long the primary stands in before the standby is tried again: a host that is down may take its time to say so."""
LONGEST_WAIT_SECONDS = 30
"""For a connection."""
PAGES_TO_CHECKPOINT = 32_000
"""After how many pages SQLite carries its log into the file (128 MB): 32 times its default, because a morning's
check-ins touch the same pages again and again, and each is carried over once. Of two hundred who check in at the
busiest moment one meets it.
"""
KIB_TO_WRITE_WITH = 6_000
"""Of pages, kept by SQLite's writing connection: three times its default, so that the index pages on which a morning's
check-ins begin are not read again and again.
"""

LOST_AFTER = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
"""How soon a connection to PostgreSQL counts as lost whose other end vanished without a word, as a machine does that
loses power: within 25 seconds, where the system would wait for a quarter of an hour or two hours (libpq's names). What
DATABASE_URL says about them comes first.
"""

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """An aware datetime; stored in UTC, read back in UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its offset")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def only_on(dialect: str) -> dict[str, Any]:
    """The `info` of an index that only one of the databases has."""
    return {"only_on": dialect}


def is_on(dialect: str, item: SchemaItem) -> bool:
    return bool(item.info.get("only_on", dialect) == dialect)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Instant(),
        UUID: Uuid(),
        dict[str, Any]: Json,
        list[Any]: Json,
        list[str]: Json,
    }


class Database:
    """The engines of one process and the sessions on them."""

    def __init__(self, settings: Settings) -> None:
        self.is_sqlite = settings.is_sqlite
        self.line = WaitingLine(LONGEST_WAIT_SECONDS)
        """For the one writing connection of an embedded database."""
        if self.is_sqlite:
            self.writer = _sqlite_engine(settings.database_url, pool_size=1, read_only=False)
            self.reader = _sqlite_engine(settings.database_url, pool_size=8, read_only=True)
            self.standby = self.reader
        else:
            self.writer = self.reader = _postgresql_engine(settings.database_url, settings.database_pool_size)
            self.standby = self.writer
            if settings.database_read_url:
                self.standby = _postgresql_engine(settings.database_read_url, settings.database_pool_size)
        self._snapshots = _snapshots(self.reader)
        self._standby_snapshots = _snapshots(self.standby) if self.has_standby else self._snapshots
        self._standby_rests_until = 0.0
        """On the monotonic clock."""

    @property
    def has_standby(self) -> bool:
        return self.standby is not self.reader

    def engines(self) -> Sequence[Engine]:
        return tuple({id(e): e for e in (self.writer, self.reader, self.standby)}.values())

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction that may write: committed at the end, rolled back on any exception."""
        turn = self.line.turn() if self.is_sqlite else nullcontext()
        with turn, Session(self.writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One transaction that only reads, consistent on SQLite and statement by statement on PostgreSQL."""
        with Session(self.reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """One transaction that cannot write, and sees one instant from beginning to end on every database."""
        with Session(self._snapshots, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def reporting(self) -> Iterator[Session]:
        """One transaction that sees one state of the database throughout and can't write, from the standby where one
        is configured and can be reached.
        """
        with Session(self._standby_snapshots, expire_on_commit=False) as session:
            if self._reaches_standby(session):
                yield session
                return
        STANDBY_FALLBACKS.inc()
        with Session(self._snapshots, expire_on_commit=False) as session:
            yield session

    def _reaches_standby(self, session: Session) -> bool:
        """Whether the session has its connection, where that one is not the primary's anyway."""
        if not self.has_standby:
            return True
        if time.monotonic() < self._standby_rests_until:
            return False
        try:
            session.connection()
        except OperationalError as error:
            self._standby_rests_until = time.monotonic() + STANDBY_RETRY_SECONDS
            log.warning("standby_unavailable", error=str(error.orig)[:300])
            return False
        return True

    def connect(self) -> DBAPIConnection:
        """A connection beside the pool's: nobody has to give one back first, nor is one tried that may be long dead."""
        positional, named = self.writer.dialect.create_connect_args(self.writer.url)
        return self.writer.dialect.connect(*positional, **named)

    def dispose(self) -> None:
        for engine in self.engines():
            engine.dispose()


def plan_by_keys(session: Session) -> None:
    """For the rest of the transaction have PostgreSQL plan without a look at values. Of days that its statistics don't
    know yet it would take every table to be empty, and walk through a county's or a country's check-ins of them.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")


def _snapshots(engine: Engine) -> Engine:
    """On PostgreSQL the same pool with read-only transactions over one snapshot; SQLite's readers are that already."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _postgresql_engine(url: str, pool_size: int) -> Engine:
    parsed = make_url(url)
    if parsed.drivername == "postgres":  # as several hosting services spell it
        parsed = parsed.set(drivername="postgresql")
    return create_engine(
        parsed.set(query={**LOST_AFTER, **parsed.query, "application_name": APPLICATION}),
        pool_size=pool_size,
        max_overflow=0,  # whatever is opened stays: on a new connection every statement is planned anew
        pool_pre_ping=True,
        hide_parameters=True,  # messages end up in logs
    )


def _sqlite_engine(url: str, *, pool_size: int, read_only: bool) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=LONGEST_WAIT_SECONDS,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": 15},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        # The driver must not decide when a transaction begins: `begin` below does.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA mmap_size = 0")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
            cursor.execute("PRAGMA wal_autocheckpoint = 0")
        else:
            cursor.execute(f"PRAGMA wal_autocheckpoint = {PAGES_TO_CHECKPOINT}")
            cursor.execute(f"PRAGMA cache_size = -{KIB_TO_WRITE_WITH}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine
