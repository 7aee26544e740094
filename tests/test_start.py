"""What a server holds from its start: nothing that most of its days it does not use."""

import gc
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli.collector import collector_paused
from app.cli.root import COMMANDS, app, load

ROOT = Path(__file__).resolve().parents[1]
LATE = {
    "alembic": "migrating",
    "docx": "drafting papers",
    "geopy": "positions near a fence's edge",
    "jinja2": "the public board's page",
    "lxml": "drafting papers",
    "numpy": "drawing fences",
    "PIL": "attachments",
    "psycopg": "PostgreSQL",
    "python_calamine": "importing workbooks",
    "rich": "the help of the command line",
    "segno": "QR codes",
    "shapely": "drawing fences",
    "xlsxwriter": "writing workbooks",
}


def modules_after(statement: str) -> set[str]:
    script = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


def test_a_server_starts_without_the_libraries_of_its_rare_work():
    loaded = modules_after(
        "from app.cli.root import load; load('serve'); from app.main import create_app; create_app()"
    )
    assert {"app.main", "app.cli.serve", "fastapi"} <= loaded
    assert {f"{name}: for {what}" for name, what in LATE.items() if name in loaded} == set()


def test_a_command_loads_no_other_command():
    loaded = modules_after("from app.cli.root import load; load('serve')")
    commands = {name for name in loaded if name.removeprefix("app.cli.") in COMMANDS.values()}
    assert commands == {"app.cli.serve"}


def test_every_command_is_in_the_module_that_its_name_leads_to():
    load(None)
    commands = get_command(app).commands
    assert {name: home_of(command) for name, command in commands.items()} == COMMANDS


def home_of(command) -> str:
    leaf = next(iter(command.commands.values())) if hasattr(command, "commands") else command
    return leaf.callback.__module__.removeprefix("app.cli.")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries give large blocks back anyway")
def test_the_memory_of_a_password_hash_goes_back():
    script = """
from pathlib import Path
from app.access.passwords import Passwords
from app.cli.memory import spare_memory

def held_mb():
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024

spare_memory()
passwords = Passwords(1)
before = held_mb()
for _ in range(3):
    passwords.hash("river-stone-lantern")
print(held_mb() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    assert float(done.stdout) < 10


@pytest.mark.parametrize("running", [True, False])
def test_the_collector_goes_on_as_before_once_it_was_paused(running):
    was_running = gc.isenabled()
    (gc.enable if running else gc.disable)()
    try:
        with collector_paused():
            assert not gc.isenabled()
        assert gc.isenabled() is running
    finally:
        (gc.enable if was_running else gc.disable)()
