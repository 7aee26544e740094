"""`backup`: a consistent copy of the embedded database, while the service runs."""

import os
import sqlite3
from pathlib import Path
from typing import Annotated

import typer

from app.cli import opening
from app.cli.console import MISUSED, Refusal, say
from app.cli.root import app


@app.command()
def backup(path: Annotated[Path, typer.Argument(help="备份文件，须尚不存在")]) -> None:
    """备份内置数据库；服务运行时也可进行。"""
    settings = opening.load_settings()
    if not settings.is_sqlite:
        raise Refusal(
            "PostgreSQL 请用 pg_dump --format=custom --file=备份文件 备份。",
            "Back PostgreSQL up with pg_dump --format=custom --file=FILE.",
            MISUSED,
        )
    source = opening.sqlite_path(settings)
    if not source.is_file():
        raise Refusal(f"没有数据库文件 {source}。", f"There is no database {source}.")
    copy(source, path)
    size_mb = path.stat().st_size / 1_000_000
    say(
        f"已备份到 {path}（{size_mb:.1f} MB）；附件在 {settings.storage_dir}，请一并备份。"
        f"Backed up to {path}; attachments are in {settings.storage_dir}, back them up as well."
    )


def copy(source: Path, target: Path) -> None:
    """Write a checked copy, readable by its owner alone. It appears under its name only once it is complete."""
    if target.exists():
        raise Refusal(f"{target} 已存在，不会覆盖。", f"{target} exists and is not overwritten.", MISUSED)
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        _vacuum_into(source, unfinished)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise Refusal(
            f"备份失败：无法写入 {target}，或空间不足。",
            f"The backup failed: {target} can't be written, or the disk is full.",
        ) from error
    finally:
        if target.parent.is_dir():
            unfinished.unlink(missing_ok=True)


def _vacuum_into(source: Path, target: Path) -> None:
    """A reader's snapshot: it neither writes to the database nor checkpoints it."""
    reading = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        reading.execute("VACUUM INTO ?", (str(target),))
    finally:
        reading.close()
    checking = sqlite3.connect(f"{target.resolve().as_uri()}?mode=ro", uri=True)
    try:
        if checking.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the copy is damaged")
    finally:
        checking.close()
