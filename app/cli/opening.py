"""Settings, the database's file and the database, each checked before a command works with it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import Engine, make_url, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from app import schema
from app.cli.console import MISUSED, Refusal
from app.database import Database
from app.settings import Settings

_DATABASES = ("sqlite", "postgresql")


def load_settings(**overrides: object) -> Settings:
    """The environment's settings; options of the command line that are given (not None) come first."""
    try:
        settings = Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        names = ", ".join(sorted({str(fault["loc"][0]).upper() for fault in error.errors()}))
        raise Refusal(f"配置有误：{names}。", f"The setting is not valid: {names}.", MISUSED) from None
    _require_known_database(settings)
    return settings


def _require_known_database(settings: Settings) -> None:
    try:
        backend = make_url(settings.database_url).get_backend_name()
    except ArgumentError:
        backend = ""
    # "postgres" is how several hosting services spell it.
    if backend not in {*_DATABASES, "postgres"}:
        raise Refusal(
            "DATABASE_URL 应以 sqlite:/// 或 postgresql:// 开头。",
            "DATABASE_URL must begin with sqlite:/// or postgresql://.",
            MISUSED,
        )


def sqlite_path(settings: Settings) -> Path:
    name = make_url(settings.database_url).database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise Refusal(
            "SQLite 数据库须为文件，如 sqlite:///var/zaigang.db。",
            "An SQLite database must be a file, such as sqlite:///var/zaigang.db.",
            MISUSED,
        )
    return Path(name)


@contextmanager
def sole_use(settings: Settings, *, wait_seconds: float = 0) -> Iterator[None]:
    """No second process writes to the same SQLite file meanwhile; PostgreSQL needs no such thing.

    SQLite before 3.51.3 can corrupt a write-ahead log that several processes write and checkpoint. The lock goes with
    the process, so a crash leaves nothing to clean up. `wait_seconds` is for commands that are soon done and would
    rather come after one another than be refused.
    """
    if not settings.is_sqlite:
        yield
        return
    path = sqlite_path(settings)
    lock_path = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(path.parent) from error
    try:
        _lock(descriptor, path, wait_seconds)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise Refusal(
                    f"数据库 {path} 正由另一个进程使用：请先停止它，或改用 PostgreSQL。"
                    "（服务运行时由它结束日期：CLOSE_DAYS_IN_SERVER=true）",
                    f"Another process is using {path}: stop it first, or use PostgreSQL."
                    " (A running server closes days itself: CLOSE_DAYS_IN_SERVER=true.)",
                ) from error
            time.sleep(0.1)
        else:
            return


def _unwritable(folder: Path) -> Refusal:
    return Refusal(f"无法写入文件夹 {folder}，请检查权限。", f"The folder {folder} can't be written to.")


def require_storage(settings: Settings) -> None:
    """The folder of attachments and drafts exists and can be written to."""
    folder = settings.storage_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(folder)


def migrate(settings: Settings) -> None:
    """Bring the database up to date, and create it where there is none."""
    if settings.is_sqlite:
        # Readable by its owner alone: it holds ID numbers and the signing key. Its log inherits the mode.
        sqlite_path(settings).touch(mode=0o600)
    try:
        schema.upgrade(settings.database_url)
    except OperationalError as error:
        raise unreachable(settings) from error


def unreachable(settings: Settings) -> Refusal:
    where = make_url(settings.database_url).render_as_string(hide_password=True)
    return Refusal(
        f"无法连接数据库 {where}，请检查 DATABASE_URL 以及数据库是否已启动。",
        f"The database {where} can't be reached; check DATABASE_URL and that it is running.",
    )


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database, reachable and up to date. A command that writes holds `sole_use` around it."""
    if settings.is_sqlite and not sqlite_path(settings).is_file():
        raise _outdated("数据库尚未建立", "The database does not exist yet")
    try:
        database = Database(settings)
    except (ArgumentError, NoSuchModuleError) as error:
        raise unreachable(settings) from error
    try:
        _require_current(database.reader, settings)
        yield database
    finally:
        database.dispose()


def _require_current(engine: Engine, settings: Settings) -> None:
    try:
        with engine.connect() as connection:
            connection.execute(select(1))
        current = schema.is_current(engine)
    except OperationalError as error:
        raise unreachable(settings) from error
    if not current:
        raise _outdated("数据库结构与程序版本不符", "The database's schema is not this version's")


def _outdated(zh: str, en: str) -> Refusal:
    return Refusal(f"{zh}，请先运行 python -m app.cli migrate。", f"{en}; run python -m app.cli migrate first.")
