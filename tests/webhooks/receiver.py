"""A receiver of webhooks: a real HTTP server, and a verifier that shares no code with the sender."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # several workers connect at once; the standard library's 5 would turn some away


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers what `respond` says: a status, or None to hang up without an answer."""

    received: list[Received] = field(default_factory=list)
    respond: Callable[[Received], int | None] = lambda _message: 204
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.received]

    def start(self) -> Callable[[], None]:
        receiver = self
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                message = Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                with lock:
                    receiver.received.append(message)
                status = receiver.respond(message)
                if status is None:
                    return
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        server = _Server(("127.0.0.1", 0), Handler)
        server.daemon_threads = False
        self.url = f"http://127.0.0.1:{server.server_port}/hooks/zaigang"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def stop():
            server.shutdown()
            server.server_close()
            thread.join()

        return stop


def is_signed(message: Received, secret: str) -> bool:
    """As the standard's text has it: one of the signatures is `v1,` and the HMAC of `id.timestamp.body`."""
    key = base64.b64decode(secret.split("_", 1)[1], validate=True)
    signed = b".".join((message.id.encode(), message.headers["webhook-timestamp"].encode(), message.body))
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in message.headers["webhook-signature"].split(" ")
