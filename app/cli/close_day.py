"""`close-day`: what a scheduler runs at 00:30, and what may be run at any time."""

import os

from app import clock
from app.attendance.close import Progress, close_due_days
from app.attendance.pace import Pace, meets_nobody, meets_somebody
from app.cli import opening
from app.cli.console import say
from app.cli.root import app

GIVE_WAY = 10
"""How much nicer than a server it is: whoever checks in meanwhile goes first."""


@app.command("close-day")
def close_day() -> None:
    """结束所有已到截止时间的日期（可重复运行，会补上漏掉的日期）。"""
    settings = opening.load_settings()
    os.nice(GIVE_WAY)
    with opening.sole_use(settings, wait_seconds=30), opening.open_database(settings) as database:
        # Whoever has the file for itself has nobody to give way to.
        pace = Pace(meets_nobody if settings.is_sqlite else meets_somebody)
        closed = close_due_days(database, clock.now(), _report, pace=pace)
    if not closed:
        say("没有待结束的日期。Nothing is due.")


def _report(progress: Progress) -> None:
    counties = progress.county_codes
    which = counties[0] if len(counties) == 1 else f"{len(counties)} 个县"
    say(f"{progress.day}  {which}  {progress.postings} 人  ({progress.done}/{progress.due})")
