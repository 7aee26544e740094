"""A sheet or a report that has not changed since it was read: told by its ETag, without a look at the days."""

from datetime import date, timedelta
from statistics import median

from app.clock import business_day, now
from app.database import Database
from app.settings import Settings
from bench import world
from bench.machine import postgresql
from bench.phone import Answer, Phone
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, Server, request, serving

CADRES = 500
TIMES = 100
LEDGER = ("day_entries", "day_revisions", "check_ins")


@section("unchanged", "If-None-Match: a month of 500 cadres that has not changed (PostgreSQL)")
def unchanged(run: Run) -> Result:
    month = business_day(now()).replace(day=1) - timedelta(days=1)
    asked = {
        "month sheet": f"/api/v1/ledger?area={world.CITY}&month={month:%Y-%m}",
        "attendance by day": f"/api/v1/stats/attendance?area={world.CITY}&from={month:%Y-%m}-01&to={month}&by=day",
    }
    with postgresql(run.folder) as server:
        token = _city_of_a_month(server.create("unchanged"), month)
        variables = {"DATABASE_URL": server.url("unchanged"), "STORAGE_DIR": str(run.folder / "files")}
        with serving(PRODUCT, variables, run.folder) as running:
            whole = {name: _ask(running, path, token, run, None) for name, path in asked.items()}
        before = server.scans("unchanged")
        with serving(PRODUCT, variables, run.folder) as running:
            same = {name: _ask(running, path, token, run, whole[name][0].etag) for name, path in asked.items()}
        after = server.scans("unchanged")
        server.drop("unchanged")
    result = Result(("", "whole ms", "kB", "unchanged ms"))
    for name in asked:
        size = len(whole[name][0].content) / 1000
        result.rows.append((name, _milliseconds(whole[name]), size, _milliseconds(same[name])))
    touched = sum(after[table] - before[table] for table in after if table.startswith(LEDGER))
    result.at_most("scans of the days while nothing has changed", touched, 0)
    return result


def _ask(server: Server, path: str, token: str, run: Run, etag: str | None) -> list[Answer]:
    """The same question again and again; the first answers are not counted in its time."""
    expected = 200 if etag is None else 304
    with Phone(server.port) as phone:
        sent = request("GET", path, token=token, etag=etag)
        answers = [phone.send(sent) for _ in range(10 if run.quick or etag is None else TIMES)]
    if {answer.status for answer in answers} != {expected}:
        raise RuntimeError(f"wanted {expected}: {answers[0].status} {answers[0].content[:500]!r}")
    return answers


def _milliseconds(answers: list[Answer]) -> float:
    return median(answer.seconds for answer in answers[2:]) * 1000


def _city_of_a_month(url: str, last: date) -> str:
    """A city whose cadres checked in on each day of the month; returns its officer's token."""
    world.build(url, CADRES, history_days=(business_day(now()) - last).days + last.day - 1)
    database = Database(Settings(database_url=url))
    try:
        with database.writing() as session:
            account = world.add_office(session.connection(), "city_officer", world.CITY)
    finally:
        database.dispose()
    [token] = world.tokens_of(url, [account])
    return token
