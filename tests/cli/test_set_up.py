"""init, migrate, doctor, rotate-keys, activation-code, audit verify, backup."""

import sqlite3
import stat
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url, select, text

from app import schema
from app.access import tokens
from app.access.passwords import Passwords
from app.database import Database
from app.models import Account, AuditEvent
from app.settings import Settings
from tests.cli.conftest import PASSWORD


@pytest.fixture
def installed(init, environment):
    assert init().code == 0
    database = Database(Settings(database_url=environment["DATABASE_URL"]))
    yield database
    database.dispose()


def test_init_makes_the_schema_a_signing_key_and_the_only_account(installed):
    with installed.reading() as session:
        (account,) = session.scalars(select(Account)).all()
        assert (account.login, account.role, account.active) == ("admin", "admin", True)
        assert Passwords(1).matches(PASSWORD, account.password_hash)
        assert len(tokens.load_signing_keys(session)) == 1
        assert [event.action for event in session.scalars(select(AuditEvent))] == ["account.created"]
    assert schema.is_current(installed.writer)


def test_init_takes_its_answers_from_the_environment_too(cli, monkeypatch):
    for name, value in (("ADMIN_LOGIN", "boss"), ("ADMIN_NAME", "办公室"), ("ADMIN_PASSWORD", PASSWORD)):
        monkeypatch.setenv(name, value)
    assert "boss" in cli("init").out


def test_init_refuses_where_there_is_an_administrator(installed, cli):
    second = cli("init", "--login", "second", "--name", "另一个", "--password", PASSWORD)
    assert (second.code, second.out) == (1, "")
    assert "已有管理员" in second.err
    with installed.reading() as session:
        assert session.scalars(select(Account.login)).all() == ["admin"]


@pytest.mark.parametrize(
    ("options", "sentence", "code"),
    [
        (["--login", "a", "--name", "x", "--password", PASSWORD], "登录名应为", 2),
        (["--login", "admin", "--name", " ", "--password", PASSWORD], "姓名应为", 2),
        (["--login", "admin", "--name", "x", "--password", "short"], "密码至少 10 个字符", 1),
        (["--login", "administrator", "--name", "x", "--password", "administrator"], "密码不能与登录名相同", 1),
        (["--login", "admin", "--name", "x"], "--password", 2),
        ([], "--login", 2),
    ],
)
def test_init_says_what_is_wrong_and_makes_no_account(cli, environment, options, sentence, code):
    outcome = cli("init", *options)
    assert (outcome.code, outcome.out) == (code, "")
    assert sentence in outcome.err
    assert "Traceback" not in outcome.err
    database = Database(Settings(database_url=environment["DATABASE_URL"]))
    with database.reading() as session:
        assert session.scalars(select(Account)).all() == []
    database.dispose()


def test_migrating_twice_changes_nothing(cli, environment):
    assert cli("migrate").code == 0
    assert cli("migrate").code == 0


def test_the_models_and_the_migrations_describe_the_same_tables(cli, environment, monkeypatch):
    from alembic import command
    from alembic.config import Config

    cli("migrate")
    config = Config(Path(schema.__file__).parent.parent / "alembic.ini", stdout=sys.stdout)
    config.attributes["database_url"] = environment["DATABASE_URL"]
    command.check(config)  # raises where a migration is missing


def test_there_is_one_newest_migration():
    assert schema.newest_revision() is not None  # raises where there are two heads


def test_the_embedded_database_is_readable_by_its_owner_alone(init, environment):
    init()
    url = make_url(environment["DATABASE_URL"])
    if url.get_backend_name() == "sqlite":
        assert stat.S_IMODE(Path(url.database).stat().st_mode) == 0o600


def test_the_doctor_finds_a_new_installation_in_order(installed, cli):
    outcome = cli("doctor")
    assert outcome.code == 0
    assert "✗" not in outcome.out
    assert "✓ 管理员" in outcome.out
    assert "! 未载入" in outcome.out


def test_the_doctor_names_an_outdated_schema(installed, cli):
    with installed.writer.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    outcome = cli("doctor")
    assert outcome.code == 1
    assert "✗ 数据库结构与程序版本不符，请先运行 python -m app.cli migrate" in outcome.out


def test_the_doctor_names_a_missing_administrator(cli, environment):
    cli("migrate")
    Path(environment["STORAGE_DIR"]).mkdir()
    outcome = cli("doctor")
    assert outcome.code == 1
    assert "✗ 没有管理员" in outcome.out


def test_rotating_keys_keeps_the_old_one_and_withdrawing_does_not(installed, cli):
    def keys() -> dict[str, bool]:
        with installed.reading() as session:
            return {key.kid: key.retired_at is None for key in tokens.load_signing_keys(session)}

    (first,) = keys()
    assert cli("rotate-keys").code == 0
    assert keys()[first] is False
    assert sorted(keys().values()) == [False, True]
    assert cli("rotate-keys", "--withdraw").code == 0
    assert list(keys().values()) == [True]


def test_a_forgotten_administrator_gets_a_new_code(installed, cli):
    outcome = cli("activation-code", "Admin")
    assert outcome.code == 0
    with installed.reading() as session:
        assert session.scalar(select(Account.activation_hash)) is not None
    assert cli("activation-code", "nobody").code == 2


def test_the_audit_trail_is_whole_until_somebody_edits_it(installed, cli):
    assert "1 条审计记录完整" in cli("audit", "verify").out
    with installed.writing() as session:
        session.scalars(select(AuditEvent)).one().action = "account.nothing_happened"
    broken = cli("audit", "verify")
    assert broken.code == 1
    assert "第 1 条断开" in broken.err


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_of_a_server_it_is_pg_dump_that_makes_the_backup(installed, cli, tmp_path):
    target = tmp_path / "copy.db"
    outcome = cli("backup", str(target))
    assert (outcome.code, "pg_dump" in outcome.err, target.exists()) == (2, True, False)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_backup_is_a_whole_database_of_its_own(installed, cli, environment, tmp_path):
    target = tmp_path / "copy.db"
    assert cli("backup", str(target)).code == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with sqlite3.connect(target) as copied:
        assert copied.execute("SELECT login FROM accounts").fetchall() == [("admin",)]
    copied.close()
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == ["copy.db"]


def test_a_backup_never_overwrites(installed, cli, tmp_path):
    target = tmp_path / "precious.txt"
    target.write_text("precious")
    assert cli("backup", str(target)).code == 2
    assert target.read_text() == "precious"


def test_a_backup_into_a_folder_that_does_not_exist_says_so(installed, cli, tmp_path):
    outcome = cli("backup", str(tmp_path / "nowhere" / "copy.db"))
    assert outcome.code in {1, 2}
    assert "Traceback" not in outcome.err
