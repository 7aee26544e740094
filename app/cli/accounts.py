"""`activation-code`: a way back in for whoever runs the server, when the only administrator has forgotten the
password.
"""

from typing import Annotated

import typer
from sqlalchemy import select

from app import clock
from app.access import audit
from app.access.activation import issue_activation_code
from app.access.viewer import Role
from app.cli import opening
from app.cli.console import MISUSED, Refusal, say
from app.cli.root import app
from app.models import Account


@app.command()
def activation_code(login: Annotated[str, typer.Argument(help="账号的登录名")]) -> None:
    """为账号发放新的一次性激活码。"""
    settings = opening.load_settings()
    with opening.sole_use(settings), opening.open_database(settings) as database, database.writing() as session:
        account = session.scalar(
            select(Account).where(Account.login == login.casefold(), Account.role != Role.DASHBOARD)
        )
        if account is None:
            raise Refusal("没有这个登录名。", "There is no such login.", MISUSED)
        code = issue_activation_code(account, clock.now(), settings.activation_days)
        audit.record(
            session,
            chain=audit.SERVICE,
            at=clock.now(),
            by=None,
            action="account.changed",
            target=str(account.id),
            renewed=["new_activation_code"],
        )
    say(f"{code}（{settings.activation_days} 天内有效）")
