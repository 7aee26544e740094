"""The READMEs hold what they say: the walkthrough is played against a server, and every name in them exists."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from app.clock import now
from app.database import Database
from app.demo.seed import seed
from app.schema import upgrade
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.zh-CN.md")
SERVED = "http://127.0.0.1:8000"
ANYTHING = "…"
_CUT = "-----8<-----"
_STEP = re.compile(r"```sh\n(?P<commands>.*?)```(?:\n```(?P<kind>json|text)\n(?P<answer>.*?)```)?", re.DOTALL)


def text_of(readme: str) -> str:
    return (ROOT / readme).read_text()


@pytest.fixture(scope="module")
def seeded(tmp_path_factory) -> Path:
    """The demo as `make run` makes it, once: each README gets a copy."""
    path = tmp_path_factory.mktemp("demo") / "seeded.db"
    url = f"sqlite:///{path}"
    upgrade(url)
    database = Database(Settings(database_url=url))
    seed(database, now())
    database.dispose()
    return path


@dataclass(frozen=True)
class Served:
    readme: str
    address: str
    introduction: str
    """What `make run` prints before it serves."""


@pytest.fixture(scope="module", params=READMES)
def served(request, seeded, tmp_path_factory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    shutil.copyfile(seeded, folder / "zaigang.db")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / 'zaigang.db'}",
        "STORAGE_DIR": str(folder / "files"),
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo", "--serve"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        # The introduction names the address too, but only the line with "API:" says that it is served.
        introduction = "".join(takewhile(lambda line: "API:" not in line, server.stdout))
        assert server.poll() is None
        yield Served(request.param, f"http://127.0.0.1:{port}", introduction)
    finally:
        server.terminate()
        server.communicate(timeout=30)


def play(steps: list[re.Match[str]], address: str, folder: Path) -> list[str]:
    """Each step's output; all in one shell, as somebody pastes them."""
    script = "".join(f"{step['commands']}\nprintf '%s' '{_CUT}'\n" for step in steps)
    done = subprocess.run(
        ["bash", "-c", script.replace(SERVED, address)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split(_CUT)[:-1]


def values_in(text: str) -> list[Any]:
    """JSON values that follow one another."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text.rstrip()):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


def differences(documented: Any, answered: Any, where: str = "") -> Iterator[str]:
    """Where the answer is not as documented: objects may hold more, lists that end in … as well."""
    if documented == ANYTHING:
        return
    if isinstance(documented, dict) and isinstance(answered, dict):
        for key, value in documented.items():
            if key in answered:
                yield from differences(value, answered[key], f"{where}.{key}")
            else:
                yield f"{where}.{key} is missing"
    elif isinstance(documented, list) and isinstance(answered, list):
        more = documented[-1:] == [ANYTHING]
        expected = documented[:-1] if more else documented
        if len(answered) < len(expected) or (len(answered) > len(expected) and not more):
            yield f"{where} has {len(answered)} items"
        for number, (one, other) in enumerate(zip(expected, answered, strict=False)):
            yield from differences(one, other, f"{where}[{number}]")
    elif documented != answered:
        yield f"{where} is {answered!r}, not {documented!r}"


def faults(step: re.Match[str], output: str) -> list[str]:
    if step["kind"] == "json":
        return list(differences(values_in(step["answer"]), values_in(output)))
    if step["kind"] == "text":
        lines = output.lstrip("\ufeff").splitlines()
        begun = [line.removesuffix(ANYTHING) for line in step["answer"].splitlines()]
        return [f"{line!r} is not there" for line, said in zip(begun, lines, strict=False) if not said.startswith(line)]
    return [output] if output.strip() else []


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl, which is not here, is what one types")


@needs_curl
def test_the_walkthrough_answers_as_the_readme_says(served, tmp_path):
    steps = list(_STEP.finditer(text_of(served.readme)))
    assert len(steps) > 12
    outputs = play(steps, served.address, tmp_path)
    found = {
        step["commands"]: told for step, output in zip(steps, outputs, strict=True) if (told := faults(step, output))
    }
    assert found == {}


@needs_curl
def test_the_line_that_make_run_prints_checks_a_cadre_in(served, tmp_path):
    (line,) = [line for line in served.introduction.splitlines() if line.startswith("curl ")]
    assert served.address in line
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    answer = json.loads(done.stdout)
    assert (answer["verdict"], answer["counts"], answer["day_status"]) == ("inside", True, "on_post")


def test_a_walkthrough_that_promises_too_much_is_noticed():
    (step,) = _STEP.finditer('```sh\ntrue\n```\n```json\n{"a": [1, "…"], "b": {"c": "…"}}\n{"d": 1}\n```')
    assert faults(step, '{"a": [1, 2], "b": {"c": 3}, "e": 5}\n{"d": 1}') == []
    for wrong in (
        '{"a": [2], "b": {"c": 3}}{"d": 1}',
        '{"a": [1], "b": {}}{"d": 1}',
        '{"a": [], "b": {"c": 3}}{"d": 1}',
    ):
        assert faults(step, wrong) != []
    assert faults(step, '{"a": [1], "b": {"c": 3}}') != []
    assert faults(step, '{"a": [1], "b": {"c": 3}}{"d": 2}') != []


def test_both_languages_walk_the_same_way():
    english, chinese = ([step[0] for step in _STEP.finditer(text_of(readme))] for readme in READMES)
    assert english == chinese


def default_of(name: str) -> str:
    value = Settings.model_fields[name].default
    if value in {None, ()}:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("readme", READMES)
def test_the_configuration_table_has_every_setting_and_its_default(readme):
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`(.*?)`)? ?\| .+ \|$", text_of(readme), re.MULTILINE)
    assert dict(rows) == {name.upper(): default_of(name) for name in Settings.model_fields}


@pytest.mark.parametrize("readme", READMES)
def test_every_make_target_in_the_readme_exists(readme):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", re.sub(r"```json.*?```", "", text_of(readme), flags=re.DOTALL)))
    assert {"run", "test", "check"} <= named
    assert named - {"and"} <= targets


@pytest.mark.parametrize("readme", READMES)
def test_every_variable_in_the_readme_is_read_somewhere(readme):
    read = {name.upper() for name in Settings.model_fields} | {"PIP_NO_INDEX", "PIP_FIND_LINKS"}
    read |= {"ADMIN_LOGIN", "ADMIN_NAME", "ADMIN_PASSWORD"}  # tests/test_documents.py asks the command line for them
    read |= set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))
    read |= set(re.findall(r"^(?:export )?([A-Z]+) (?:\?|:)?=", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`|\b([A-Z]+(?:_[A-Z]+)*)=", without_walkthrough(text_of(readme))))
    assert {one or other for one, other in named} <= read


def without_walkthrough(text: str) -> str:
    return _STEP.sub("", text)


def test_a_reader_is_told_the_commands_that_one_begins_with():
    for readme in READMES:
        named = set(re.findall(r"python -m app\.cli ([a-z-]+)", text_of(readme)))
        assert {"init", "serve", "doctor", "backup"} <= named


def test_the_image_installs_with_the_line_that_make_uses():
    pip = re.search(r"^INSTALL := \$\(BIN\)/(pip .+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert f".venv/bin/{pip[1]} requirements.txt" in (ROOT / "Dockerfile").read_text()
