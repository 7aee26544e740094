"""`partitions`: the months of the large tables on PostgreSQL, and setting old ones aside."""

from datetime import date
from typing import Annotated

import typer

from app import clock
from app.attendance.partitions import detach_partitions, list_partitions
from app.cli import opening
from app.cli.console import MISUSED, Refusal, say
from app.cli.root import app
from app.settings import Settings

commands = typer.Typer(help="PostgreSQL 上按月分区的大表。", no_args_is_help=True)
app.add_typer(commands, name="partitions")

MONTHS_KEPT = 26
"""The recall looks back two years, and the month that is running is not over."""


@commands.command("list")
def show() -> None:
    """列出已挂接的月份。"""
    with opening.open_database(_postgresql()) as database, database.reading() as session:
        for partition in list_partitions(session):
            say(f"{partition.month:%Y-%m}  {partition.name}")


@commands.command("detach")
def detach(
    before: Annotated[str, typer.Option(help="YYYY-MM：早于该月的分区将被分离（不含该月）。")],
) -> None:
    """分离旧月份：数据留在各自的表中，可导出、归档或重新挂接，但不再出现在任何查询里。"""
    month = _month(before)
    settings = _postgresql()
    with opening.open_database(settings) as database, database.writing() as session:
        detached = detach_partitions(session, month)
    for name in detached:
        say(name)
    if not detached:
        say("没有更早的分区。There is no earlier partition.")


def _postgresql() -> Settings:
    settings = opening.load_settings()
    if settings.is_sqlite:
        raise Refusal("SQLite 没有分区。", "SQLite has no partitions.", MISUSED)
    return settings


def _month(text: str) -> date:
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise Refusal("--before 应为 YYYY-MM。", "--before must be YYYY-MM.", MISUSED) from error
    newest = clock.business_day(clock.now()).replace(day=1)
    for _ in range(MONTHS_KEPT):
        newest = (newest - date.resolution).replace(day=1)
    if month > newest:
        raise Refusal(
            f"召回认定要回看两年，{newest:%Y-%m} 起的月份不能分离。",
            f"The recall looks back two years: {newest:%Y-%m} and later months stay.",
            MISUSED,
        )
    return month
