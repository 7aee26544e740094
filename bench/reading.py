"""Reading: the month sheet of 500 cadres in two forms, and statistics of a month from the roll-ups of a nation.

Each request is sent alone over one connection, so that what is measured is the answer and not a queue.
"""

import http.client
import time
from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Connection, insert

from app.clock import business_day, now
from app.database import Database
from app.models import Area, CountyMonth, CountyRollup, DayHead
from app.settings import Settings
from bench import world
from bench.check_in import databases
from bench.machine import cpu_seconds
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, Server, serving

CADRES = 500
JSON_MS, XLSX_MS, STATS_MS = 300, 1500, 10
REQUESTS = 15

NATION = "980000000000"
CITIES, COUNTIES_A_CITY = 31, 90
"""2,790 counties, as the country has, under one province, since no level above it can be asked about."""
PEOPLE_A_COUNTY = 359
"""A million in all."""

KINDS = ("sqlite", "postgresql")
COLUMNS = ("", "ms", "slowest ms", "server CPU ms", "kB")


@section("reading", "Reading: month sheets of 500 cadres, a month's statistics of a million")
def reading(run: Run) -> Result:
    result = Result(COLUMNS)
    last = business_day(now()).replace(day=1) - timedelta(days=1)
    for kind in KINDS:
        with databases(kind, run.folder) as stored:
            url = stored.create("reading")
            world.build(url, CADRES, history_days=business_day(now()).day - 1 + last.day)
            officers = _prepare(url, last)
            environment = {"DATABASE_URL": url, "STORAGE_DIR": str(run.folder / "files")}
            with serving(PRODUCT, environment, run.folder) as server:
                for name, path, token, bound in _questions(officers, last):
                    seen = _ask(server, path, token, 3 if run.quick else REQUESTS)
                    what = f"{name}, {kind}"
                    result.rows.append((what, *seen.values()))
                    result.data[what] = seen
                    result.at_most(f"{what}, ms", seen["ms"], bound)
            stored.drop("reading")
    result.notes.append(f"the sheet is of {last:%Y-%m} (closed) and of this month (today open)")
    result.notes.append(f"{CITIES * COUNTIES_A_CITY} counties of {PEOPLE_A_COUNTY} cadres, {last.day} days of roll-ups")
    return result


def _questions(officers: dict[str, str], last: date) -> Iterator[tuple[str, str, str, int]]:
    """(name, path, token, most milliseconds)."""
    city, nation = officers[world.CITY], officers[NATION]
    for month, name in ((f"{last:%Y-%m}", "closed month"), (f"{business_day(now()):%Y-%m}", "this month")):
        for form, bound in (("json", JSON_MS), ("xlsx", XLSX_MS)):
            yield (
                f"sheet of a {name} as {form}" if month == f"{last:%Y-%m}" else f"sheet of {name} as {form}",
                f"/api/v1/ledger?area={world.CITY}&month={month}&format={form}",
                city,
                bound,
            )
    days = f"from={last.replace(day=1)}&to={last}"
    stats = "/api/v1/stats/attendance"
    yield "stats of a city by county", f"{stats}?area={_city(0)}&by=area&{days}", nation, STATS_MS
    yield "stats of a million by city", f"{stats}?area={NATION}&by=area&{days}", nation, STATS_MS
    yield "stats of a million, one month", f"{stats}?area={NATION}&by=month&{days}", nation, STATS_MS


def _ask(server: Server, path: str, token: str, times: int) -> dict[str, Any]:
    """Medians; the first answers are not counted."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    taken, size, cpu = [], 0, 0.0
    for number in range(times + 2):
        if number == 2:
            cpu = cpu_seconds(server.pid)
        started = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        content = response.read()
        taken.append((time.perf_counter() - started) * 1000)
        size = len(content)
        if response.status != 200:
            raise AssertionError((path, response.status, content[:500]))
    connection.close()
    spent = (cpu_seconds(server.pid) - cpu) / times * 1000
    return {"ms": median(taken[2:]), "max_ms": max(taken[2:]), "cpu_ms": spent, "kb": round(size / 1000)}


def _prepare(url: str, last: date) -> dict[str, str]:
    """Officers' tokens by area, and a nation's roll-ups."""
    database = Database(Settings(database_url=url))
    try:
        with database.writing() as session:
            connection = session.connection()
            _build_nation(connection, last)
            accounts = {
                world.CITY: world.add_office(connection, "city_officer", world.CITY),
                NATION: world.add_office(connection, "dashboard", NATION),
            }
        world.look_through(database)
    finally:
        database.dispose()
    return dict(zip(accounts, world.tokens_of(url, list(accounts.values())), strict=True))


def _city(number: int) -> str:
    return f"98{number + 1:02d}00000000"


def _build_nation(connection: Connection, last: date) -> None:
    """Areas, closed heads and roll-ups; nobody asks for the people behind them."""
    codes = {
        _city(city): [f"98{city + 1:02d}{n + 1:02d}000000" for n in range(COUNTIES_A_CITY)] for city in range(CITIES)
    }
    connection.execute(insert(Area), _area(NATION, "虚构国", "province", None))
    connection.execute(insert(Area), [_area(code, f"第{code[2:4]}市", "city", NATION) for code in codes])
    for city, counties in codes.items():
        connection.execute(insert(Area), [_area(code, f"第{code[2:6]}县", "county", city) for code in counties])
        for model, values in ((DayHead, {"version": 3, "closed_at": now()}), (CountyRollup, _NUMBERS)):
            days = [last.replace(day=day) for day in range(1, last.day + 1)]
            rows = [{"county_code": county, "date": day, **values} for county in counties for day in days]
            connection.execute(insert(model), rows)
        months = [{"county_code": county, "date": last.replace(day=1), **_month(last.day)} for county in counties]
        connection.execute(insert(CountyMonth), months)


_NUMBERS = {"people": 359, "on_post": 290, "official": 10, "leave": 20, "rest": 20, "absent": 10, "pending": 9}


def _month(days: int) -> dict[str, int]:
    return {name: number * days for name, number in _NUMBERS.items()} | {"days": days, "version": 3 * days}


def _area(code: str, name: str, level: str, parent: str | None) -> dict[str, Any]:
    return {"code": code, "name": name, "level": level, "parent_code": parent}
