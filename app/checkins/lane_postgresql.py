"""The fast lane's connection on PostgreSQL, a module of its own because it brings the driver."""

import select
from collections.abc import Callable, Collection, Sequence
from datetime import date
from functools import partial
from typing import Any, cast

import orjson
import psycopg
from psycopg import pq
from psycopg.errors import error_from_result

from app.attendance.law import month_of
from app.checkins import lane_sql
from app.checkins.ids import days_of_all
from app.checkins.lane_store import Group, Meanwhile, Row, Versions, group_of, nothing
from app.database import LANE, Database
from app.policy.risks import RECENT

LOCK_TIMEOUT_MS = 5_000
"""How long a group waits for an officer's work on the same day."""
STATEMENT_TIMEOUT_MS = 15_000
SILENCE_MS = STATEMENT_TIMEOUT_MS + 3_000
"""How long the database may say nothing. Were it there, it would have told by then that the statement's time is up; a
machine that vanishes, or a way to it, tells nothing.
"""

_SETTINGS = f"""\
SET application_name = '{LANE}'; SET lock_timeout = {LOCK_TIMEOUT_MS}; SET statement_timeout = {STATEMENT_TIMEOUT_MS};
SET plan_cache_mode = force_generic_plan; SET jit = off;
SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off
""".encode()


class Prepared:
    """A connection of its own, outside the pool, opened when it is first needed and again when it was lost."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: psycopg.Connection[Any] | None = None
        self._prepared: set[str] = set()

    def _connect(self) -> pq.abc.PGconn:
        if self._connection is None or self._connection.closed:
            connection = cast("psycopg.Connection[Any]", self._database.connect())
            self._exchange(connection.pgconn, partial(connection.pgconn.send_query, _SETTINGS))
            self._prepared.clear()
            self._connection = connection
        return self._connection.pgconn

    def run(self, statement: str, *values: bytes, meanwhile: Meanwhile = nothing) -> pq.abc.PGresult:
        """Its result; one round trip, in which other threads run, and `meanwhile` in this one."""
        connection = self._connect()
        name = str(hash(statement)).encode()
        if statement not in self._prepared:
            self._exchange(connection, partial(connection.send_prepare, name, statement.encode()))
            self._prepared.add(statement)
        return self._exchange(connection, partial(connection.send_query_prepared, name, values), meanwhile)

    def say(self, command: str) -> None:
        """Without values, and without a result that matters."""
        connection = self._connect()
        self._exchange(connection, partial(connection.send_query, command.encode()))

    def _exchange(
        self, connection: pq.abc.PGconn, send: Callable[[], None], meanwhile: Meanwhile = nothing
    ) -> pq.abc.PGresult:
        try:
            send()
            meanwhile()
            results = _results(connection)
        finally:
            lost = connection.status == pq.ConnStatus.BAD
            if lost:
                self.close()
        if lost or not results:
            raise psycopg.OperationalError("the connection was lost")
        for result in results:
            if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
                raise error_from_result(result)
        return results[0]

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is open."""
        connection = self._connection
        return connection is None or connection.info.transaction_status == pq.TransactionStatus.IDLE

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _results(connection: pq.abc.PGconn) -> list[pq.abc.PGresult]:
    """All that comes of a statement, its commit included. Waiting, the thread lets the others run."""
    results: list[pq.abc.PGresult] = []
    readable = select.poll()
    readable.register(connection.socket, select.POLLIN)
    while True:
        while connection.is_busy():
            if not readable.poll(SILENCE_MS):
                connection.finish()
                raise psycopg.OperationalError("the database does not answer")
            connection.consume_input()
        result = connection.get_result()
        if result is None:
            return results
        results.append(result)


class PostgresqlStore(Prepared):
    def load(self, sent: Sequence[Row], day: date, held: Collection[str] = (), meanwhile: Meanwhile = nothing) -> Group:
        if held:
            self.say("BEGIN")
            counties = "{" + ",".join(sorted(held)) + "}"
            self.run(lane_sql.HOLD_POSTGRESQL, counties.encode(), day.isoformat().encode())
        ids_from, ids_to = days_of_all(one["id"] for one in sent)
        result = self.run(
            lane_sql.LOAD_POSTGRESQL,
            orjson.dumps(sent),
            day.isoformat().encode(),
            (day - RECENT).isoformat().encode(),
            month_of(day).encode(),
            ids_from.isoformat().encode(),
            ids_to.isoformat().encode(),
            meanwhile=meanwhile,
        )
        law, found = cast("bytes", result.get_value(0, 0)), cast("bytes", result.get_value(0, 1))
        return group_of(law.decode(), found)

    def write(
        self, rows: Sequence[Row], day: date, versions: Versions, meanwhile: Meanwhile = nothing
    ) -> Collection[str]:
        if not rows:
            meanwhile()
            return ()
        result = self.run(
            lane_sql.WRITE_POSTGRESQL,
            orjson.dumps(versions),
            day.isoformat().encode(),
            orjson.dumps(rows),
            meanwhile=meanwhile,
        )
        moved = {cast("bytes", result.get_value(n, 0)).decode() for n in range(result.ntuples)}
        if not self.is_idle:
            self.say("COMMIT")
        return moved

    def rollback(self) -> None:
        if self.is_idle:
            return
        try:
            self.say("ROLLBACK")
        except psycopg.Error:
            self.close()
