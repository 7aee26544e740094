"""Clients that generators make from /openapi.json: made without a warning, and used once."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import httpx
import pytest

from app.models import Account
from tests.support.world import CENTER

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "zaigang_client"
PASSWORD = "river-stone-lantern"


@pytest.fixture(scope="module")
def document(built_app, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("openapi") / "openapi.json"
    path.write_text(json.dumps(built_app.openapi(), ensure_ascii=False))
    return path


@pytest.fixture(scope="module")
def generated(document) -> Path:
    """The folder of the Python client; any warning of the generator is a failure."""
    tools = Path(sys.executable).parent
    done = subprocess.run(
        [
            tools / "openapi-python-client",
            "generate",
            "--path",
            document,
            "--output-path",
            document.parent / PACKAGE,
            "--meta",
            "none",
            "--fail-on-warning",
            "--config",
            ROOT / "docs/clients/openapi-python-client.yml",
        ],
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "arning" in done.stdout) == (0, False), done.stdout + done.stderr
    return document.parent


@pytest.fixture
def part(generated, monkeypatch):
    """`part("api.identity.get_me")`: a module of the generated client."""
    monkeypatch.syspath_prepend(str(generated))

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"{PACKAGE}.{name}")

    yield load
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def wire(client):
    """What the generated client sends goes to the application, without a socket."""

    def handle(request: httpx.Request) -> httpx.Response:
        answer = client.request(
            request.method, request.url.raw_path.decode(), headers=dict(request.headers), content=request.read()
        )
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

    return {"base_url": "http://testserver", "httpx_args": {"transport": httpx.MockTransport(handle)}}


def test_a_generated_python_client_signs_in_and_checks_in(world, app, clock, part, wire):
    with world.database.writing() as session:
        session.get(Account, world.accounts["li"]).password_hash = app.state.passwords.hash(PASSWORD)
    models, clients = part("models"), part("client")
    form = models.TokenForm(grant_type="password", username="li", password=PASSWORD)
    tokens = part("api.identity.create_token").sync(client=clients.Client(**wire), body=form)

    signed_in = clients.AuthenticatedClient(token=tokens.access_token, **wire)
    lng, lat = CENTER
    position = models.PositionIn(lng=lng, lat=lat, datum=models.Datum.WGS84, accuracy_m=12)
    body = models.CheckInIn(id=uuid4(), captured_at=clock() - timedelta(minutes=1), position=position)
    stored = part("api.check_in.create_check_in").sync(client=signed_in, body=body)
    assert (stored.id, stored.verdict, stored.counts) == (body.id, models.Verdict.INSIDE, True)

    today = part("api.check_in.get_my_today").sync(client=signed_in)
    assert [check_in.id for check_in in today.check_ins] == [body.id]


def test_a_generated_python_client_reads_a_refusal(part, wire, world):
    models, clients = part("models"), part("client")
    refused = part("api.identity.get_me").sync(client=clients.AuthenticatedClient(token="none", **wire))
    assert isinstance(refused, models.ProblemBody)
    assert (refused.status, refused.code) == (401, "unauthenticated")


def test_no_schema_has_a_made_up_name(document):
    """Two models of one name get their modules' names in front, which nobody wants to import."""
    names = json.loads(document.read_text())["components"]["schemas"]
    assert [name for name in names if "__" in name] == []


@pytest.mark.skipif(
    shutil.which("openapi-typescript") is None,
    reason="openapi-typescript is an npm package, and nothing outside the lock file is asked for: "
    "npm install --global openapi-typescript to run this",
)
def test_typescript_types_are_generated(document):
    target = document.with_suffix(".d.ts")
    subprocess.run(["openapi-typescript", document, "--output", target], check=True, capture_output=True)
    types = target.read_text()
    assert "create_check_in: {" in types
    assert "unknown" not in types.partition("CheckInIn: {")[2].partition("};")[0]
