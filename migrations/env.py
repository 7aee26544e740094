# ruff: noqa: INP001 - Alembic loads this file by its path
"""Runs the migrations on the one database of the settings: all of them in one transaction, or none."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, Connection, text
from sqlalchemy.schema import SchemaItem

import app.models  # noqa: F401 - registers the tables
from app.database import Base, Database, Instant, is_on
from app.settings import Settings

_MIGRATION_LOCK = 4_202_607_180_534
"""Of PostgreSQL's advisory locks: servers that start together migrate one after the other."""

_PARTITIONED = tuple(
    f"{name}_"
    for name, table in Base.metadata.tables.items()
    if table.dialect_options["postgresql"].get("partition_by")
)


def _settings() -> Settings:
    url = context.config.attributes.get("database_url")
    return Settings(database_url=url) if url else Settings()


def _included(item: SchemaItem, name: str | None, kind: str, reflected: bool, _compared: object) -> bool:
    """Everything but the partitions, which the database has and the models do not name, and what only the other
    database has.
    """
    if not is_on(context.get_context().dialect.name, item):
        return False
    return not (kind == "table" and reflected and name is not None and name.startswith(_PARTITIONED))


def _rendered(kind: str, item: object, autogenerate: AutogenContext) -> str | Literal[False]:
    """Migrations name plain types, so that they go on working when the application's own types change."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")'
    return False


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        include_object=_included,
        render_item=_rendered,
        compare_type=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        context.run_migrations()


def run() -> None:
    database = Database(_settings())
    try:
        with database.writer.connect() as connection:
            if database.is_sqlite:
                # A rebuilt table is dropped for a moment. Has no effect inside a transaction, so before it begins.
                connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
            _migrate(connection)
            connection.commit()
    finally:
        database.dispose()


run()
