"""The database's schema: brought up to date by the migrations, and checked against them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

_ALEMBIC_INI = Path(__file__).resolve().parent.parent / "alembic.ini"


def upgrade(database_url: str) -> None:
    """Run every migration that the database lacks, in one transaction."""
    config = Config(_ALEMBIC_INI)
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")


def newest_revision() -> str | None:
    """The revision that this version of the service works with."""
    return ScriptDirectory.from_config(Config(_ALEMBIC_INI)).get_current_head()


def revision_of(engine: Engine) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine) -> bool:
    return revision_of(engine) == newest_revision()
