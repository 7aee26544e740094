"""What measures the service sends each request once, and tells the truth about the answers."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench import load, wrk
from bench.servers import request

ANSWER = b'[{"status":201},{"status":409},{"status":201}]'


@pytest.fixture
def server():
    """Answers /good with 200 and everything else with 404, and remembers what came."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            came.append(self.path)
            self.send_response(200 if self.path.startswith("/good") else 404)
            self.send_header("Content-Length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        def log_message(self, *_) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_address[1], came
        running.shutdown()


@pytest.fixture(params=["load", "wrk"])
def generator(request):
    chosen = {"load": load, "wrk": wrk}[request.param]
    if chosen.version() is None:
        pytest.skip("not installed: wrk comes with the system, the other with `make bench`")
    return chosen


def test_each_request_is_sent_once_and_each_answer_counted(generator, server, tmp_path):
    port, came = server
    paths = [f"/good/{number}" for number in range(40)] + ["/bad/1", "/bad/2"]
    seen = generator.drive([request("GET", path) for path in paths], 4, port, '"status":201', tmp_path)
    assert sorted(came) == sorted(paths)
    assert (seen["requests"], seen["failed_connections"], seen["marked"]) == (42, 0, 84)
    assert seen["statuses"] == {"200": 40, "404": 2}
    assert 0 < seen["p50_ms"] <= seen["p90_ms"] <= seen["p99_ms"]
    assert ANSWER.decode() in seen["sample"]


def test_more_connections_than_requests_are_not_waited_for(generator, server, tmp_path):
    port, came = server
    seen = generator.drive([request("GET", "/good")], 8, port, "", tmp_path)
    assert (seen["requests"], seen["statuses"], came) == (1, {"200": 1}, ["/good"])
