"""What a process holds of PostgreSQL."""

from contextlib import ExitStack

import pytest
from sqlalchemy import text


def backends(database, count):
    """The servers' processes behind so many sessions that are open together."""
    with ExitStack() as together:
        sessions = [together.enter_context(database.reading()) for _ in range(count)]
        return {session.scalar(text("SELECT pg_backend_pid()")) for session in sessions}


def test_the_connections_of_a_burst_are_those_of_the_next(world, databases, settings):
    if databases.name != "postgresql":
        pytest.skip("the embedded database has a pool of its own kind")
    burst = backends(world.database, settings.database_pool_size)
    assert len(burst) == settings.database_pool_size
    assert backends(world.database, settings.database_pool_size) == burst
