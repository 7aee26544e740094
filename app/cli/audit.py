"""`audit verify`: whether the audit trail is whole."""

import typer
from sqlalchemy import func, select

from app.access.audit import SERVICE, broken_links
from app.cli import opening
from app.cli.console import FAILED, complain, say
from app.cli.root import app
from app.models import AuditEvent

audit = typer.Typer(help="审计记录。", no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.callback()
def audit_group() -> None:
    """审计记录。"""


@audit.command()
def verify() -> None:
    """逐条核对审计记录的哈希链；有改动或缺失则报告并以 1 退出。"""
    with opening.open_database(opening.load_settings()) as database, database.reading() as session:
        events = session.scalar(select(func.count()).select_from(AuditEvent))
        broken = [(event.chain, event.number) for event in broken_links(session)]
    for chain, number in broken:
        name = "service" if chain == SERVICE else chain
        complain(f"审计链 {name} 在第 {number} 条断开。", f"The chain {name} breaks at number {number}.")
    if broken:
        raise typer.Exit(FAILED)
    say(f"{events} 条审计记录完整。All {events} audit events are whole.")
