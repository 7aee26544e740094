"""demo: the county is made once, and never into a database that is somebody's."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.cli import demo
from app.database import Database
from app.demo.county import build_county
from app.models import Account
from app.settings import Settings


@pytest.fixture
def seeds(monkeypatch) -> list[Database]:
    """The county without its three months; the calls are counted."""
    calls = []

    def seed(database: Database, at) -> None:
        calls.append(database)
        with database.writing() as session:
            build_county(session, "hash", "secret", at - timedelta(days=92))

    monkeypatch.setattr(demo, "seed", seed)
    return calls


def test_the_first_run_makes_the_county_and_the_second_keeps_it(cli, seeds, environment):
    first = cli("demo")
    assert first.code == 0, first.err
    database = Database(Settings(database_url=environment["DATABASE_URL"]))
    with database.writing() as session:
        account = session.scalars(select(Account).where(Account.login == "19900000001")).one()
        account.name, there = "改过的名字", session.scalar(select(func.count()).select_from(Account))
    second = cli("demo")
    assert (second.code, len(seeds)) == (0, 1)
    with database.reading() as session:
        assert session.get(Account, account.id).name == "改过的名字"
        assert session.scalar(select(func.count()).select_from(Account)) == there
    database.dispose()


def test_it_prints_the_accounts_and_one_line_that_checks_a_cadre_in(cli, seeds):
    said = cli("demo").out
    for login in ("admin", "county", "city", "shiqiao", "liuxi", "nanping", "unit", "19900000001", "dashboard"):
        assert f"\n  {login}" in said
    assert "zhu-cun-demo-99" in said
    (line,) = [line for line in said.splitlines() if line.startswith("curl ")]
    assert "http://127.0.0.1:8000/api/v1/check-ins" in line


def test_a_server_that_listens_everywhere_is_named_by_an_address_that_works(cli, seeds, monkeypatch):
    monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104 - printed, not bound
    said = cli("demo").out
    assert "http://127.0.0.1:8000/docs" in said
    assert "0.0.0.0" not in said  # noqa: S104


def test_a_database_of_real_data_is_left_alone(init, cli, seeds):
    init()
    outcome = cli("demo")
    assert (outcome.code, outcome.out, seeds) == (1, "", [])
    assert "已有正式数据" in outcome.err
