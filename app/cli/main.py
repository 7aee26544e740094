"""Runs a command and turns whatever stops it into a sentence and an exit code."""

import sys
from collections.abc import Sequence

from sqlalchemy.exc import OperationalError

from app.cli.collector import collector_paused
from app.cli.console import FAILED, Refusal, complain
from app.cli.root import app, load
from app.errors import Problem


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code of one call; `arguments` without the program's name, or the process's own."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        with collector_paused():
            load(given[0] if given else None)
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
