"""The database's schema: brought up to date by the migrations, and checked against them."""

import re
from pathlib import Path

from sqlalchemy import Engine, inspect, text

_ROOT = Path(__file__).resolve().parent.parent
_ALEMBIC_INI = _ROOT / "alembic.ini"
_MIGRATIONS = _ROOT / "migrations" / "versions"
_REVISION = re.compile(r"^revision\b[^=\n]*= ['\"](\w+)['\"]", re.MULTILINE)
_DOWN_REVISION = re.compile(r"^down_revision\b[^=\n]*= ['\"](\w+)['\"]", re.MULTILINE)


def upgrade(database_url: str) -> None:
    """Run every migration that the database lacks, in one transaction."""
    from alembic import command  # noqa: PLC0415 - late: for migrating alone
    from alembic.config import Config  # noqa: PLC0415 - late: for migrating alone

    config = Config(_ALEMBIC_INI)
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")


def newest_revision() -> str | None:
    """The revision that this version of the service works with: the one that no other builds on. Read from the files,
    because a server that starts does not need what runs them.
    """
    scripts = [path.read_text(encoding="utf-8") for path in _MIGRATIONS.glob("*.py")]
    revisions = {name for script in scripts for name in _REVISION.findall(script)}
    heads = revisions - {name for script in scripts for name in _DOWN_REVISION.findall(script)}
    if len(heads) > 1:
        raise RuntimeError(f"several newest migrations: {sorted(heads)}")
    return heads.pop() if heads else None


def revision_of(engine: Engine) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def is_current(engine: Engine) -> bool:
    return revision_of(engine) == newest_revision()
