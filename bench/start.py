"""How long it takes to start, and how much memory a worker holds."""

from statistics import median

from bench import world
from bench.check_in import CONNECTIONS, SqliteFiles
from bench.machine import rss_mb
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, drive, serving

START_SECONDS = 2
WORKER_MB = 130


@section("start", "Start and size")
def start(run: Run) -> Result:
    stored = SqliteFiles(run.folder)
    url = stored.create("small")
    people = world.build(url, 600, history_days=1)
    requests = world.check_in_requests(people, world.issue_tokens(url, people))
    seconds, idle, busy = [], [], []
    for _ in range(run.rounds):
        with serving(PRODUCT, {"DATABASE_URL": url, "STORAGE_DIR": str(run.folder / "files")}, run.folder) as server:
            seconds.append(server.started_in_seconds)
            idle.append(rss_mb(server.pid))
            drive(server, requests, CONNECTIONS, run.folder)
            busy.append(rss_mb(server.pid))
    stored.drop("small")
    result = Result(("", "median"), data={"start_seconds": seconds, "idle_mb": idle, "busy_mb": busy})
    result.rows = [
        ("/healthz answers after, s", median(seconds)),
        ("memory idle, MB", median(idle)),
        ("memory after check-ins, MB", median(busy)),
    ]
    result.at_most("start, s", median(seconds), START_SECONDS)
    result.at_most("worker, MB", max(busy), WORKER_MB)
    return result
