"""`doctor`: what is in order and what is not, line by line."""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.access import tokens
from app.access.viewer import Role
from app.attendance.close import due_days
from app.cli import opening
from app.cli.console import FAILED, Refusal, say
from app.cli.root import app
from app.models import Account, CalendarYear
from app.settings import Settings

_OLDEST_PYTHON = (3, 11)
_SQLITE_WITHOUT_RESET_BUG = (3, 51, 3)


class Mark(Enum):
    FINE = "✓"
    NOTE = "!"
    FAULT = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    mark: Mark
    text: str


@app.command()
def doctor() -> None:
    """检查运行环境；有 ✗ 则以 1 退出。"""
    findings = []
    for finding in examine(opening.load_settings(), clock.now()):
        say(f"{finding.mark.value} {finding.text}")
        findings.append(finding)
    if any(finding.mark is Mark.FAULT for finding in findings):
        raise typer.Exit(FAILED)


def examine(settings: Settings, now: datetime) -> Iterator[Finding]:
    """All findings, the cheap ones first; those inside the database are left out where it can't be opened."""
    yield _python()
    yield _folders(settings)
    if settings.is_sqlite:
        yield _sqlite_version()
    try:
        with opening.open_database(settings) as database, database.reading() as session:
            yield Finding(Mark.FINE, "数据库可用，结构为当前版本 / database reachable and up to date")
            for check in _CHECKS:
                yield check(session, now)
    except Refusal as refusal:
        yield Finding(Mark.FAULT, f"{refusal.zh} {refusal.en}")


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    mark = Mark.FINE if sys.version_info >= _OLDEST_PYTHON else Mark.FAULT
    return Finding(mark, f"Python {version}")


def _folders(settings: Settings) -> Finding:
    folders = [settings.storage_dir]
    if settings.is_sqlite:
        folders.append(opening.sqlite_path(settings).parent)
    for folder in folders:
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            return Finding(Mark.FAULT, f"文件夹 {folder} 不存在或不可写 / the folder is missing or can't be written to")
    return Finding(Mark.FINE, "文件夹可写 / folders can be written to")


def _sqlite_version() -> Finding:
    version = f"SQLite {sqlite3.sqlite_version}：单进程、单写连接、synchronous=FULL"
    if sqlite3.sqlite_version_info >= _SQLITE_WITHOUT_RESET_BUG:
        return Finding(Mark.FINE, version)
    return Finding(
        Mark.NOTE,
        f"{version}。此版本不允许多个进程同时写库，运行中不要用其他工具打开数据库文件"
        " / before 3.51.3: no second process may write to the file",
    )


def _signing_key(session: Session, _now: datetime) -> Finding:
    if any(key.retired_at is None for key in tokens.load_signing_keys(session)):
        return Finding(Mark.FINE, "签名密钥 / signing key")
    return Finding(Mark.NOTE, "没有签名密钥，启动服务时会自动建立 / no signing key; serve makes one")


def _administrator(session: Session, _now: datetime) -> Finding:
    if session.scalar(select(Account.id).where(Account.role == Role.ADMIN, Account.active.is_(True)).limit(1)):
        return Finding(Mark.FINE, "管理员 / administrator")
    return Finding(Mark.FAULT, "没有管理员，请运行 init / no administrator; run init")


def _calendar(session: Session, now: datetime) -> Finding:
    this_year = clock.business_day(now).year
    wanted = {this_year, this_year + 1}
    missing = sorted(wanted - set(session.scalars(select(CalendarYear.year).where(CalendarYear.year.in_(wanted)))))
    if not missing:
        return Finding(Mark.FINE, f"日历 / calendar {this_year}–{this_year + 1}")
    years = "、".join(str(year) for year in missing)
    return Finding(Mark.NOTE, f"未载入 {years} 年的节假日，按周末推定 / no holidays loaded: weekends are assumed")


def _closed_days(session: Session, now: datetime) -> Finding:
    due = due_days(session, now)
    if not due:
        return Finding(Mark.FINE, "各日均已关账 / every day that is over is closed")
    return Finding(
        Mark.NOTE,
        f"{len(due)} 个县日待关账，最早 {due[0].day}：运行 close-day 或设 CLOSE_DAYS_IN_SERVER=true"
        f" / {len(due)} county days wait to be closed",
    )


_CHECKS: tuple[Callable[[Session, datetime], Finding], ...] = (_signing_key, _administrator, _calendar, _closed_days)
