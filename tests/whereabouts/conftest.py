from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from app.database import Database


@pytest.fixture
def count_queries(database: Database):
    """Statements that reach the database inside the block."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        statements: list[str] = []

        def note(_connection, _cursor, statement, *_rest):
            statements.append(statement)

        for engine in database.engines():
            event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            for engine in database.engines():
                event.remove(engine, "before_cursor_execute", note)

    return counting
