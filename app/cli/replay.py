"""`replay`: what a proposed provision would have changed, for those who make the rules. It writes nothing, and works
while the server runs.
"""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from app import clock
from app.attendance.law import load_provisions
from app.cli import opening
from app.cli.console import MISUSED, Refusal, say
from app.cli.files import read_bounded
from app.cli.replay_table import table
from app.cli.root import app
from app.models import Area
from app.policy.local_law import BadProposal, parse_proposal
from app.replay.replay import replay as replay_proposal
from app.replay.report import Report

_MAX_BYTES = 100_000
_MAX_DAYS = 3 * 366


@app.command()
def replay(
    area: Annotated[str, typer.Option(help="区划代码（12 位），乡、县或市")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="第一天（含）")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="最后一天（含）")],
    proposal: Annotated[Path, typer.Option("--with", help="拟议规定，TOML，格式同 provisions.toml")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """按拟议规定重新认定过去的日子，列出状态、预警、审批层级会有变化的人；不写入任何数据。"""
    start, end = first.date(), last.date()
    _check_days(start, end)
    text = _read(proposal)
    with opening.open_database(opening.load_settings()) as database, database.snapshot() as session:
        report = _replay(session, area, start, end, text)
    say(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else table(report))


def _check_days(start: date, end: date) -> None:
    today = clock.business_day(clock.now())
    if not start <= end <= today:
        raise Refusal(
            "--from 不能晚于 --to，--to 不能晚于今天。", "--from must not be after --to, nor --to after today.", MISUSED
        )
    if (end - start).days >= _MAX_DAYS:
        raise Refusal("一次最多回放三年。", "At most three years at once.", MISUSED)


def _read(file: Path) -> str:
    try:
        return read_bounded(file, _MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(f"文件 {file} 不是 UTF-8 文本。", f"The file {file} is not UTF-8 text.", MISUSED) from error


def _replay(session: Session, code: str, start: date, end: date, text: str) -> Report:
    area = session.get(Area, code) if len(code) == 12 else None
    if area is None:
        raise Refusal("没有这个区划代码（--area）。", "There is no such area (--area).", MISUSED)
    law = load_provisions(session)
    try:
        proposed = parse_proposal(text, area.code, start, end, law)
    except BadProposal as bad:
        raise Refusal(bad.zh, bad.en, MISUSED) from bad
    return replay_proposal(session, area, start, end, law, proposed)
