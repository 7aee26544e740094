"""The command line, called as it is typed."""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from app.cli.main import run

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "river-stone-lantern"


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**configured)


@pytest.fixture
def empty_database_url(databases) -> Iterator[str]:
    url = databases.empty()
    yield url
    databases.drop(url)


@pytest.fixture
def environment(empty_database_url, tmp_path, monkeypatch) -> dict[str, str]:
    """A new installation's environment: an empty database (on SQLite: none yet)."""
    given = {"DATABASE_URL": empty_database_url, "STORAGE_DIR": str(tmp_path / "files")}
    for name in ("HOST", "PORT", "ADMIN_LOGIN", "ADMIN_NAME", "ADMIN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


@pytest.fixture
def cli(environment, capsys):
    def call(*arguments: str) -> Outcome:
        code = run(arguments)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def init(cli):
    return lambda: cli("init", "--login", "admin", "--name", "管理员", "--password", PASSWORD)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def serve(environment, free_port):
    """Starts the server as a process of its own; it listens from its first line of output on."""
    running = []

    def start(*arguments: str) -> tuple[subprocess.Popen, str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", str(free_port), *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert "http://127.0.0.1" in process.stdout.readline(), process.communicate()[1]
        return process, f"http://127.0.0.1:{free_port}"

    yield start
    for process in running:
        process.kill()
        process.communicate()
