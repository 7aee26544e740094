"""What a process holds of PostgreSQL."""

from contextlib import ExitStack

import pytest
from sqlalchemy import make_url, text

from app.database import Database


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


def seconds_until_lost(driver_connection) -> int:
    """How long the system goes on with a connection whose other end has vanished without a word."""
    said = driver_connection.info.get_parameters()
    silent = int(said["keepalives_idle"]) + int(said["keepalives_interval"]) * int(said["keepalives_count"])
    return max(silent, int(said["tcp_user_timeout"]) // 1000)


def test_a_connection_whose_other_end_vanishes_counts_as_lost_within_half_a_minute(world, databases):
    if databases.name != "postgresql":
        pytest.skip("an embedded database does not vanish")
    with world.database.reading() as session:
        assert seconds_until_lost(session.connection().connection.driver_connection) <= 30
    beside_the_pool = world.database.connect()
    try:
        assert seconds_until_lost(beside_the_pool) <= 30
    finally:
        beside_the_pool.close()


def test_the_operator_may_say_otherwise_in_the_address(databases, settings):
    if databases.name != "postgresql":
        pytest.skip("an embedded database does not vanish")
    url = make_url(settings.database_url).update_query_dict({"keepalives_idle": "600"})
    database = Database(settings.model_copy(update={"database_url": url.render_as_string(hide_password=False)}))
    connection = database.connect()
    try:
        assert seconds_until_lost(connection) > 600
    finally:
        connection.close()
        database.dispose()
