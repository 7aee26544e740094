"""How long it takes to start, and how much memory a worker holds, on either database."""

from collections import defaultdict
from statistics import median
from urllib.parse import urlencode
from urllib.request import urlopen

from app.access.passwords import Passwords
from app.clock import now
from app.database import Database
from app.ids import new_id
from app.models import Account
from app.settings import Settings
from bench import world
from bench.check_in import CONNECTIONS, databases
from bench.machine import cpu_seconds, rss_mb
from bench.registry import Result, Run, section
from bench.servers import PRODUCT, Server, drive, serving

START_SECONDS = 2
WORKER_MB = 130
CADRES = 3000
SIGN_INS = 5
PASSWORD = "river-stone-lantern"

KINDS = ("sqlite", "postgresql")


@section("start", "Start and size")
def start(run: Run) -> Result:
    result = Result(("", "/healthz after, s", "CPU until then, s", "idle, MB", "busy, MB"))
    for kind in KINDS:
        seen = _measure(run, kind)
        middle = {name: median(values) for name, values in seen.items()}
        result.rows.append((kind, *middle.values()))
        result.at_most(f"start on {kind}, s", middle["seconds"], START_SECONDS)
        result.at_most(f"worker on {kind}, MB", max(seen["idle_mb"] + seen["busy_mb"]), WORKER_MB)
        result.data[kind] = seen
    result.notes.append(f"busy: {SIGN_INS} sign-ins, then {CADRES} check-ins, all of different cadres")
    return result


def _measure(run: Run, kind: str) -> dict[str, list[float]]:
    seen: dict[str, list[float]] = defaultdict(list)
    with databases(kind, run.folder) as stored:
        people = world.build(stored.create("template"), 600 if run.quick else CADRES, history_days=1)
        _add_officer(stored.url("template"))
        requests = world.check_in_requests(people, world.issue_tokens(stored.url("template"), people))
        for number in range(run.rounds + 1):
            url = stored.create("round", "template")
            with serving(PRODUCT, _environment(run, url), run.folder) as server:
                if number == 0:
                    continue  # it compiled
                seen["seconds"].append(server.started_in_seconds)
                seen["cpu_seconds"].append(cpu_seconds(server.pid))
                seen["idle_mb"].append(rss_mb(server.pid))
                _sign_in(server)
                drive(server, requests, CONNECTIONS, run.folder)
                seen["busy_mb"].append(rss_mb(server.pid))
        stored.drop("round")
        stored.drop("template")
    return seen


def _add_officer(url: str) -> None:
    database = Database(Settings(database_url=url))
    try:
        with database.writing() as session:
            account = Account(id=new_id(), login="officer", name="王县办", role="admin", active=True, created_at=now())
            account.password_hash = Passwords(1).hash(PASSWORD)
            session.add(account)
    finally:
        database.dispose()


def _sign_in(server: Server) -> None:
    """Each one hashes a password, which takes 19 MB meanwhile."""
    form = urlencode({"grant_type": "password", "username": "officer", "password": PASSWORD}).encode()
    for _ in range(SIGN_INS):
        with urlopen(f"http://127.0.0.1:{server.port}/api/v1/auth/token", form) as answer:
            assert answer.status == 200


def _environment(run: Run, url: str) -> dict[str, str]:
    """With the code compiled beforehand, as an installation has it, whatever this shell says about bytecode."""
    return {
        "DATABASE_URL": url,
        "STORAGE_DIR": str(run.folder / "files"),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(run.folder / "bytecode"),
    }
