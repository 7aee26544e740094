"""Tables of one transaction: what sets of rows are worked out in, without passing through Python one by one."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table, insert, text
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable, DropTable

TEMPORARY = ["TEMPORARY"]
"""The `prefixes` of such a table."""


@contextmanager
def scratch(session: Session, *tables: Table) -> Iterator[None]:
    """Make these temporary tables and take them away at the end; a transaction that fails takes them with it."""
    for table in tables:
        session.execute(CreateTable(table))
    yield
    for table in tables:
        session.execute(DropTable(table))


def fill(session: Session, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Many rows, whose values come in the order of the table's columns. PostgreSQL copies them, which is ten times as
    fast as to insert them.
    """
    dialect = session.get_bind().dialect
    if dialect.name != "postgresql":
        names = table.columns.keys()
        values = [dict(zip(names, row, strict=True)) for row in rows]
        if values:
            session.execute(insert(table), values)
        return
    bound = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns]
    columns = ", ".join(table.columns.keys())
    cursor: Any = session.connection().connection.cursor()
    with cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([bind(value) if bind else value for bind, value in zip(bound, row, strict=True)])


def know_size(session: Session, table: Table, *columns: str) -> None:
    """Let the planner see what is in a table that was just filled; it takes a new one for tiny or for huge."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"ANALYZE {table.name} ({', '.join(columns)})"))


def give_room(session: Session) -> None:
    """More memory for sorting and joining than a request gets, for the rest of the transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL work_mem = '64MB'"))
