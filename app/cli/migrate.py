"""`migrate`: the database's schema as this version needs it."""

from app.cli import opening
from app.cli.console import say
from app.cli.root import app


@app.command()
def migrate() -> None:
    """把数据库结构更新到当前版本（可重复运行）。"""
    settings = opening.load_settings()
    with opening.sole_use(settings):
        opening.migrate(settings)
    say("数据库结构已是最新。The database is up to date.")
