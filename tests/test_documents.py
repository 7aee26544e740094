"""What the documents name exists: files, commands with their options, addresses, and what a container is given."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer
import yaml

from app.cli import root
from app.recalls.papers import MEASURES
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.zh-CN.md")
DOCUMENTS = sorted(str(page.relative_to(ROOT)) for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
METHODS = "GET|POST|PUT|PATCH|DELETE"


def text_of(document: str) -> str:
    return (ROOT / document).read_text()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file(document):
    links = re.findall(r"\]\((?!https?:|#)([^)]+)\)", text_of(document))
    folder = (ROOT / document).parent
    assert [link for link in links if not (folder / unquote(link.partition("#")[0])).exists()] == []


def test_every_path_that_a_decision_names_exists():
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    named = {path for page in decisions for path in re.findall(r"`((?:app|migrations)/[\w./]*)`", page.read_text())}
    assert len(named) > 20
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
    assert {page.name for page in decisions} == {
        "README.md",
        *re.findall(r"\]\((\d\d-.+?)\)", decisions[-1].read_text()),
    }


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_measures_have_one_title(document):
    assert set(re.findall(r"《[^《》]*》（厅字〔2018〕34号）", text_of(document))) <= {MEASURES}


@pytest.mark.parametrize("readme", READMES)
def test_a_reader_is_told_whose_measures_they_are(readme):
    assert MEASURES in text_of(readme)


# ---------------------------------------------------------------- commands


@pytest.fixture(scope="module")
def commands():
    root.load(None)
    return typer.main.get_command(root.app)


def lines_of(text: str) -> Iterator[list[str]]:
    """The words of every command: behind `app.cli`, and in code that begins with the name of one."""
    for line in re.findall(r"app\.cli ([a-z][^`\n#&]*)", text):
        yield shlex.split(line)
    for code in re.findall(r"`([a-z]+(?:-[a-z]+)*(?: [^`\n]*)?)`", text):
        if code.partition(" ")[0] in root.COMMANDS:
            yield shlex.split(code)


def unknown(command, words: list[str]) -> list[str]:
    """Those words that name no command and no option."""
    for place, word in enumerate(words):
        if not hasattr(command, "commands"):
            known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
            return [given for given in words[place:] if given.startswith("-") and given not in known]
        if word.startswith("-") or word not in command.commands:
            return [word]
        command = command.commands[word]
    return []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_and_option_exists(document, commands):
    assert {
        " ".join(words): missing for words in lines_of(text_of(document)) if (missing := unknown(commands, words))
    } == {}


def test_a_command_that_does_not_exist_is_noticed(commands):
    named = list(
        lines_of("`python -m app.cli serve --workers 4`, `partitions list`, `.venv/bin/python -m app.cli init`\n")
    )
    assert named == [["serve", "--workers", "4"], ["init"], ["partitions", "list"]]
    assert [unknown(commands, words) for words in named] == [[], [], []]
    for wrong in ("served", "serve --worker 4", "partitions lists", "rotate-keys --help --withdrawn"):
        assert unknown(commands, wrong.split()) != []


def options_from_the_environment(command) -> Iterator[str]:
    for inner in getattr(command, "commands", {}).values():
        yield from options_from_the_environment(inner)
    yield from (parameter.envvar for parameter in command.params if parameter.envvar)


@pytest.mark.parametrize("readme", READMES)
def test_what_a_command_reads_from_the_environment_is_told(readme, commands):
    read = set(options_from_the_environment(commands))
    assert "ADMIN_LOGIN" in read
    assert {name for name in read if f"`{name}`" not in text_of(readme)} == set()


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_address_in_the_documents_is_served(document, built_app):
    served = [
        (method.upper(), re.sub(r"\{\w+\}", "[^/]+", path.removeprefix("/api/v1")))
        for path, methods in built_app.openapi()["paths"].items()
        for method in methods
    ]
    named = re.findall(rf"\b({METHODS}) (?:/api/v1)?(/[\w/{{}}.-]*)", text_of(document))
    assert [
        (method, path)
        for method, path in named
        if not any(method == one and re.fullmatch(pattern, path) for one, pattern in served)
    ] == []


# ---------------------------------------------------------------- containers


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load(text_of("compose.yaml"))


def test_the_container_is_given_nothing_that_nobody_reads(compose):
    given = set(compose["services"]["zaigang"]["environment"])
    assert {"DATABASE_URL", "TRUSTED_PROXIES"} <= given
    assert given <= {name.upper() for name in Settings.model_fields} | {"PGPASSWORD"}


def test_the_password_of_a_container_is_in_no_address_and_in_no_image(compose):
    service, database = (compose["services"][name]["environment"] for name in ("zaigang", "database"))
    assert "PASSWORD" not in service["DATABASE_URL"]
    assert service["PGPASSWORD"] == database["POSTGRES_PASSWORD"]
    assert service["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?请")
    for ignored in (".gitignore", ".dockerignore"):
        assert ".env" in text_of(ignored).split()


def test_the_file_that_the_manual_has_one_write_is_what_compose_reads():
    (example,) = re.findall(r"```ini\n(POSTGRES_PASSWORD=.*?)```", text_of("docs/operations.zh-CN.md"), re.DOTALL)
    written = [line.partition("=")[0] for line in example.splitlines()]
    assert "TRUSTED_PROXIES" in written
    assert set(written) <= set(re.findall(r"\$\{([A-Z_]+)", text_of("compose.yaml")))
