"""How fast a close goes on: at full speed while nobody is there, and giving way to whoever checks in meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database import APPLICATION, LANE, Database

POSTINGS_A_TRANSACTION = 30_000
"""Counties are closed together up to so many postings. Fewer take longer for all, and with that disturb others for
longer; more make whoever uploads late wait longer for the end of the transaction.
"""
POSTINGS_WHERE_ALL_WAIT = 3_000
"""On SQLite every writer waits for the end of the transaction."""

REST = 10
"""Times the transaction before: so few of those who are served during a close meet it at work that it doesn't show in
their p99. At five times it does, on two cores.
"""
LONGEST_REST_SECONDS = 10.0
"""A transaction that had to wait for somebody took long without being in anybody's way."""
LONGEST_SLEEP_SECONDS = 0.5
"""Whoever wants to stop the close waits no longer."""

_NAMED = f"SET LOCAL application_name = '{APPLICATION} close'"
"""Two closes at once don't give way to each other."""
_ON_ONE_CORE = "SET LOCAL max_parallel_workers_per_gather = 0"
"""What a close counts beforehand is not worth every core."""

_SOMEBODY = text(
    f"""
    SELECT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND (
                (application_name IN ('{APPLICATION}', '{LANE}') AND state IS DISTINCT FROM 'idle')
                OR (application_name = '{LANE}' AND state_change >= transaction_timestamp())
            )
    )
    """  # noqa: S608 - names of this program
)
"""A server that is at work at this moment, or whose fast lane was at any since the transaction began: what else
servers do, they do all night (they look for events to deliver). A state that this role may not see counts as work.
"""


def meets_somebody(session: Session) -> bool:
    """Whether somebody else has been served during this transaction. SQLite doesn't tell: whoever waits there waits for
    the one connection that may write, so there is always somebody.
    """
    return session.get_bind().dialect.name != "postgresql" or bool(session.scalar(_SOMEBODY))


def meets_nobody(_session: Session) -> bool:
    return False


class Pace:
    """Of one run, which goes from transaction to transaction."""

    def __init__(
        self,
        somebody: Callable[[Session], bool] = meets_somebody,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._somebody = somebody
        self._clock = clock
        self._sleep = sleep
        self._rest_seconds = 0.0

    @contextmanager
    def transaction(self, database: Database) -> Iterator[Session]:
        """One transaction that earns a rest if somebody was served meanwhile."""
        began = self._clock()
        with database.writing() as session:
            if not database.is_sqlite:
                session.execute(text(_NAMED))
                session.execute(text(_ON_ONE_CORE))
            yield session
            busy = self._somebody(session)
        taken = self._clock() - began
        self._rest_seconds = min(taken * REST, LONGEST_REST_SECONDS) if busy else 0.0

    def rest(self, stop: Callable[[], bool]) -> None:
        """As long as the last transaction has earned, or until `stop`."""
        while self._rest_seconds > 0 and not stop():
            seconds = min(self._rest_seconds, LONGEST_SLEEP_SECONDS)
            self._sleep(seconds)
            self._rest_seconds -= seconds


def postings_a_transaction(database: Database) -> int:
    return POSTINGS_WHERE_ALL_WAIT if database.is_sqlite else POSTINGS_A_TRANSACTION
