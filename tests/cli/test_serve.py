"""serve: what keeps it from starting is one sentence; what it serves is the application."""

import json
import os
import signal
import socket

import httpx
import pytest

from tests.cli.conftest import PASSWORD


def one_sentence(outcome, code: int) -> str:
    assert (outcome.code, outcome.out) == (code, "")
    lines = [line for line in outcome.err.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, outcome.err
    return lines[0]


def sign_in(address: str):
    return httpx.post(
        f"{address}/api/v1/auth/token",
        data={"grant_type": "password", "username": "admin", "password": PASSWORD},
        timeout=30,
    )


def test_a_new_installation_serves_and_signs_its_administrator_in(init, serve):
    init()
    process, address = serve()
    signed_in = sign_in(address)
    assert signed_in.status_code == 200
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    assert httpx.get(f"{address}/api/v1/me", headers=headers).json()["role"] == "admin"
    assert "server" not in signed_in.headers
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    events = [json.loads(line) for line in err.splitlines()]
    assert "Finished server process" in events[-1]["event"]
    assert "/api/v1/me" not in err


def test_a_second_server_on_the_same_file_is_refused(init, serve, cli, environment):
    init()
    serve()
    if environment["DATABASE_URL"].startswith("sqlite"):
        assert "正由另一个进程使用" in one_sentence(cli("serve"), 1)
        assert "正由另一个进程使用" in one_sentence(cli("rotate-keys"), 1)
        assert cli("doctor").code == 0
    else:
        assert cli("rotate-keys").code == 0


def test_a_backup_is_made_while_the_server_runs(init, serve, cli, environment, tmp_path):
    init()
    _, address = serve()
    if environment["DATABASE_URL"].startswith("sqlite"):
        assert cli("backup", str(tmp_path / "copy.db")).code == 0
    assert sign_in(address).status_code == 200


def test_several_workers_serve_on_postgresql_and_are_refused_on_sqlite(init, serve, cli, environment):
    init()
    if environment["DATABASE_URL"].startswith("sqlite"):
        assert "PostgreSQL" in one_sentence(cli("serve", "--workers", "2"), 2)
        return
    process, address = serve("--workers", "2")
    assert sign_in(address).status_code == 200
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def test_a_port_in_use_is_said(init, cli, free_port):
    init()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        assert f"127.0.0.1:{free_port}" in one_sentence(cli("serve", "--port", str(free_port)), 1)


def test_an_address_that_is_none_is_said(init, cli):
    init()
    assert "监听地址" in one_sentence(cli("serve", "--host", "no.such.host.invalid"), 2)


def test_a_folder_that_can_not_be_written_to_is_said(init, cli, tmp_path, monkeypatch):
    init()
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("STORAGE_DIR", str(tmp_path / "a-file" / "below"))
    assert "无法写入文件夹" in one_sentence(cli("serve"), 1)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/a-file/below/zaigang.db")
    assert "无法写入文件夹" in one_sentence(cli("init"), 1)


def test_a_database_that_was_never_made_is_said(cli, environment):
    assert "python -m app.cli migrate" in one_sentence(cli("serve"), 1)


@pytest.mark.parametrize(
    ("url", "sentence", "code"),
    [
        ("postgresql://somebody:s3cret@127.0.0.1:1/none", "无法连接数据库", 1),
        ("mysql://somebody:s3cret@localhost/none", "DATABASE_URL 应以", 2),
        ("not a url", "DATABASE_URL 应以", 2),
        ("sqlite://", "SQLite 数据库须为文件", 2),
    ],
)
def test_a_database_out_of_reach_is_said_without_its_password(cli, monkeypatch, url, sentence, code):
    monkeypatch.setenv("DATABASE_URL", url)
    said = one_sentence(cli("serve"), code)
    assert sentence in said
    assert "s3cret" not in said


@pytest.mark.parametrize(("name", "value"), [("PORT", "no-number"), ("PORT", "99999"), ("REFRESH_TOKEN_DAYS", "0")])
def test_a_setting_that_is_not_valid_is_named_and_not_echoed(cli, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    said = one_sentence(cli("serve"), 2)
    assert name in said
    assert value not in said


def test_without_an_administrator_it_serves_and_says_how_to_make_one(cli, serve):
    cli("migrate")
    process, address = serve()
    assert httpx.get(f"{address}/readyz", timeout=30).status_code == 200
    os.kill(process.pid, signal.SIGTERM)
    assert "python -m app.cli init" in process.communicate(timeout=30)[1]
