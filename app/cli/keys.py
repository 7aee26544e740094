"""`rotate-keys`: a new signing key for access tokens."""

from typing import Annotated

import typer

from app import clock
from app.access import tokens
from app.cli import opening
from app.cli.console import say
from app.cli.root import app


@app.command()
def rotate_keys(
    withdraw: Annotated[bool, typer.Option("--withdraw", help="密钥已泄露：旧密钥立即作废")] = False,
) -> None:
    """更换令牌签名密钥；已签发的令牌用到期满为止。"""
    settings = opening.load_settings()
    with opening.sole_use(settings), opening.open_database(settings) as database, database.writing() as session:
        key = tokens.rotate_signing_keys(session, clock.now(), withdraw=withdraw)
        kid = key.kid
    say(f"新密钥 {kid} 已启用。The new key {kid} signs from now on.")
