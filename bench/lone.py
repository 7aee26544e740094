"""A check-in that comes alone waits for nobody: the lane beside a lane whose groups hold one, and beside no lane."""

from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median, quantiles

from app.clock import business_day, now
from bench import world
from bench.check_in import Databases, databases
from bench.machine import LOAD_CORE, this_process_on
from bench.phone import Phone
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, Server, serving

CADRES = 600
WARM_UP = 100
RATIO = 1.3

WAYS = {"lane": "64", "lane, groups of one": "1", "no lane": "0"}
"""LANE_GROUP_SIZE of each."""


@section("lone", "A lone check-in: one phone, one at a time")
def lone(run: Run) -> Result:
    result = Result(("", "p50 ms", "p99 ms"))
    for kind in ("postgresql", "sqlite"):
        with databases(kind, run.folder) as stored:
            seconds = _measure(run, stored)
        middle = {way: median(them) * 1000 for way, them in seconds.items()}
        for way, them in seconds.items():
            result.rows.append((f"{kind}, {way}", middle[way], quantiles(them, n=100)[98] * 1000))
        for other in list(WAYS)[1:]:
            result.at_most(f"{kind}: lane / {other}", middle["lane"] / middle[other], RATIO)
        result.data[kind] = seconds
    result.notes.append(
        f"{len(next(iter(seconds.values())))} check-ins each way, in turns, one connection to each server"
    )
    return result


def _measure(run: Run, stored: Databases) -> dict[str, list[float]]:
    """Three servers at once, each with its own copy; the same check-in goes to one after the other, so that whatever
    else the machine does meets all of them alike.
    """
    people = world.build(stored.create("template"), 200 if run.quick else CADRES, history_days=8)
    requests = world.check_in_requests(people, world.issue_tokens(stored.url("template"), people))
    names = {way: f"lone_{number}" for number, way in enumerate(WAYS)}
    with ExitStack() as running:
        servers = {}
        for way, size in WAYS.items():
            url = stored.create(names[way], "template")
            variables = {"DATABASE_URL": url, "STORAGE_DIR": str(run.folder / "files"), "LANE_GROUP_SIZE": size}
            servers[way] = running.enter_context(serving(PRODUCT, variables, run.folder))
        with this_process_on(LOAD_CORE):
            seconds = _in_turns(servers, requests)
    for name in names.values():
        world.require_recorded(stored.url(name), business_day(now()), len(people))
        stored.drop(name)
    stored.drop("template")
    return seconds


def _in_turns(servers: dict[str, Server], requests: Sequence[bytes]) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {way: [] for way in servers}
    ways = list(servers)
    with ExitStack() as open_phones:
        phones = {way: open_phones.enter_context(Phone(server.port)) for way, server in servers.items()}
        for number, request in enumerate(requests):
            for turn in range(len(ways)):
                way = ways[(number + turn) % len(ways)]
                answer = phones[way].send(request)
                if answer.status != 201:
                    raise RuntimeError(f"{way}: {answer.status} {answer.content[:500]!r}")
                if number >= WARM_UP:
                    seconds[way].append(answer.seconds)
    return seconds
