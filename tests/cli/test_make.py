"""make, where something is in the way: one sentence that says what, and what to do."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")


@pytest.fixture
def make(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").write_text("")

    def call(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["make", "--no-print-directory", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return call


def python_that(tmp_path: Path, script: str) -> str:
    python = tmp_path / "some-python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return f"PYTHON={python}"


@pytest.mark.parametrize("script", ["exit 1", "echo 'no such python' >&2; exit 127"])
def test_a_python_that_is_too_old_or_missing_is_said(make, tmp_path, script):
    outcome = make("run", python_that(tmp_path, script))
    assert outcome.returncode != 0
    assert "需要 Python 3.11 或更高版本" in outcome.stderr
    assert "PYTHON=" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_folder_that_can_not_be_written_to_is_said(make, tmp_path):
    outcome = make("run", python_that(tmp_path, 'case "$1" in -c) exit 0;; *) exit 1;; esac'))
    assert outcome.returncode != 0
    assert "无法在此目录创建 .venv" in outcome.stderr
    assert "python3-venv" in outcome.stderr


def test_help_lists_every_target_that_one_types(make):
    listed = make("help").stdout
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    assert [target for target in phony.split()[1:] if f"make {target} " not in listed] == []
