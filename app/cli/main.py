"""Runs a command and turns whatever stops it into a sentence and an exit code."""

from collections.abc import Sequence

from sqlalchemy.exc import OperationalError

# Each module registers its commands.
from app.cli import (  # noqa: F401
    accounts,
    audit,
    backup,
    close_day,
    deliver_webhooks,
    demo,
    doctor,
    import_calendar,
    init,
    keys,
    migrate,
    partitions,
    replay,
    serve,
)
from app.cli.console import FAILED, Refusal, complain
from app.cli.root import app
from app.errors import Problem


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code of one call; `arguments` without the program's name, or the process's own."""
    try:
        app(arguments, standalone_mode=True)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else FAILED
    except Refusal as refusal:
        complain(refusal.zh, refusal.en)
        return refusal.exit_code
    except Problem as problem:
        complain(problem.zh, problem.en)
        return FAILED
    except OperationalError:
        complain(
            "数据库操作失败：连接中断、被占用或磁盘已满。", "The database failed: lost, busy, or its disk is full."
        )
        return FAILED
    return 0
