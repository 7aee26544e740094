"""`init`: a new installation's database, signing key and first administrator. There is no default account."""

from typing import Annotated

import typer
from pydantic import ValidationError

from app import clock
from app.access import tokens
from app.access.passwords import Passwords, require_acceptable
from app.cli import opening
from app.cli.console import MISUSED, Refusal, is_interactive, say
from app.cli.root import app
from app.database import Database
from app.identity import accounts
from app.identity.schemas import NewAccount
from app.settings import Settings


@app.command()
def init(
    login: Annotated[str | None, typer.Option(envvar="ADMIN_LOGIN", help="管理员登录名")] = None,
    name: Annotated[str | None, typer.Option(envvar="ADMIN_NAME", help="管理员姓名或单位")] = None,
    password: Annotated[
        str | None, typer.Option(envvar="ADMIN_PASSWORD", help="密码，至少 10 个字符；不给出则当场输入")
    ] = None,
) -> None:
    """建立数据库和第一个管理员。"""
    settings = opening.load_settings()
    with opening.sole_use(settings):
        opening.require_storage(settings)
        opening.migrate(settings)
        with opening.open_database(settings) as database:
            _require_none_yet(database)
            body = _account(_asked("登录名 Login", login, "--login"), _asked("姓名 Name", name, "--name"))
            _create(database, settings, body, _asked_password(password))
    say(
        f"管理员 {body.login} 已建立，可运行 python -m app.cli serve 启动服务。The administrator {body.login} is ready."
    )


def _require_none_yet(database: Database) -> None:
    with database.reading() as session:
        accounts.require_no_admin(session)


def _create(database: Database, settings: Settings, body: NewAccount, password: str) -> None:
    require_acceptable(password, body.login, "/password")
    password_hash = Passwords(settings.password_hashes_in_flight).hash(password)
    with database.writing() as session:
        tokens.ensure_signing_key(session, clock.now())
        accounts.create_first_admin(session, body, password_hash, clock.now())


def _account(login: str, name: str) -> NewAccount:
    try:
        return NewAccount(login=login, name=name, role="admin")
    except ValidationError as error:
        field = error.errors()[0]["loc"][0]
        raise Refusal(
            "登录名应为 3 至 64 个字母、数字或 . _ @ -。" if field == "login" else "姓名应为 1 至 50 个字符。",
            "The login needs 3 to 64 letters, digits or . _ @ -."
            if field == "login"
            else "The name needs 1 to 50 characters.",
            MISUSED,
        ) from None


def _asked(question: str, given: str | None, option: str) -> str:
    if given is not None:
        return given
    _require_terminal(option)
    answer: str = typer.prompt(question)
    return answer


def _asked_password(given: str | None) -> str:
    if given is not None:
        return given
    _require_terminal("--password")
    answer: str = typer.prompt("密码 Password", hide_input=True, confirmation_prompt="再输入一次 Repeat")
    return answer


def _require_terminal(option: str) -> None:
    if not is_interactive():
        raise Refusal(f"请给出 {option}。", f"Give {option}.", MISUSED)
