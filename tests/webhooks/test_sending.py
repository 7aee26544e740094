"""One attempt: where it goes, and how long it may take."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.webhooks import addresses, sending
from app.webhooks.addresses import NotAllowed, parse, resolve
from app.webhooks.sending import Attempt, send
from tests.webhooks.receiver import Receiver

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SECRET = "whsec_" + "A" * 43 + "="


def attempt(url):
    return Attempt(uuid4(), uuid4(), 1, url, (SECRET,), b"{}")


@pytest.fixture
def receiver():
    receiver = Receiver()
    stop = receiver.start()
    yield receiver
    stop()


@contextmanager
def raw_server(talk):
    """A server that does with its one connection whatever `talk` does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection:
                talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


def names(monkeypatch, *found):
    """Makes every host name lead to these addresses."""
    looked_up = []

    def getaddrinfo(host, port, *_arguments, **_kwargs):
        if host not in found:
            looked_up.append(host)
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in found
        ]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", getaddrinfo)
    return looked_up


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("localhost", ["10.0.0.1"]),
        ("localhost", ["127.0.0.1", "10.0.0.1"]),
        ("oa.example", ["127.0.0.1"]),
        ("oa.example", ["10.0.0.1", "127.0.0.1"]),
        ("oa.example", ["::1"]),
        ("oa.example", ["::ffff:127.0.0.1"]),
        ("oa.example", ["169.254.169.254"]),
        ("oa.example", ["fe80::1%eth0"]),
        ("oa.example", ["0.0.0.0"]),  # noqa: S104
        ("oa.example", ["224.0.0.1"]),
        ("oa.example", ["255.255.255.255"]),
    ],
)
def test_a_name_that_leads_where_it_may_not_is_refused(monkeypatch, host, found):
    names(monkeypatch, *found)
    with pytest.raises(NotAllowed, match="address_not_allowed"):
        resolve(parse(f"https://{host}/"))


@pytest.mark.parametrize(
    ("host", "found", "chosen"),
    [
        ("oa.example", ["10.0.0.1"], "10.0.0.1"),
        ("oa.example", ["2001:db8::1", "10.0.0.1"], "10.0.0.1"),
        ("oa.example", ["2001:db8::1"], "2001:db8::1"),
        ("localhost", ["::1", "127.0.0.1"], "127.0.0.1"),
    ],
)
def test_a_listed_host_may_stand_in_a_private_network(monkeypatch, host, found, chosen):
    names(monkeypatch, *found)
    assert resolve(parse(f"https://{host}/")) == chosen


def test_the_name_is_looked_up_once_so_that_it_cannot_change_between_check_and_connection(monkeypatch, receiver):
    looked_up = names(monkeypatch, "127.0.0.1")
    assert send(attempt(receiver.url.replace("127.0.0.1", "localhost")), NOW, ()).delivered
    assert looked_up == ["localhost"]
    assert receiver.received[0].headers["host"].startswith("localhost:")


def test_a_host_that_is_no_longer_listed_is_sent_nothing(receiver):
    outcome = send(attempt("https://oa.example/hooks"), NOW, ())
    assert (outcome.delivered, outcome.error) == (False, "host_not_allowed")


def test_environment_proxies_are_not_used(monkeypatch, receiver):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert send(attempt(receiver.url), NOW, ()).delivered


def test_an_unknown_host_and_a_refused_connection_are_told_apart(monkeypatch):
    assert send(attempt("http://127.0.0.1:1/"), NOW, ()).error == "connection_refused"

    def getaddrinfo(*_arguments, **_kwargs):
        raise socket.gaierror

    monkeypatch.setattr(addresses.socket, "getaddrinfo", getaddrinfo)
    assert send(attempt("https://oa.example/"), NOW, ("oa.example",)).error == "unknown_host"


def test_a_receiver_that_hangs_up_without_an_answer_has_not_received(receiver):
    receiver.respond = lambda _message: None
    outcome = send(attempt(receiver.url), NOW, ())
    assert (outcome.delivered, outcome.error) == (False, "no_http_answer")


def test_a_receiver_that_never_answers_is_cut_off(monkeypatch):
    monkeypatch.setattr(sending, "SECONDS_IN_ALL", 0.1)
    with raw_server(wait_for_end) as url:
        assert send(attempt(url), NOW, ()).error == "timed_out"


def test_a_receiver_that_trickles_its_answer_is_cut_off_all_the_same(monkeypatch):
    """Each byte comes in time, so that no timeout of the socket's own would ever end it."""
    monkeypatch.setattr(sending, "SECONDS_IN_ALL", 0.3)
    pause = threading.Event()

    def trickle(connection):
        try:
            for _ in range(1000):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                pause.wait(0.01)
        except OSError:
            return
        raise AssertionError("nobody hung up")

    with raw_server(trickle) as url:
        assert send(attempt(url), NOW, ()).error == "timed_out"


def test_an_endless_answer_is_not_read_to_its_end():
    def talk(connection):
        take_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            for _ in range(10_000):
                connection.sendall(b"x" * 65536)
        except OSError:
            return
        raise AssertionError("read to its end")

    with raw_server(talk) as url:
        assert send(attempt(url), NOW, ()).delivered


@pytest.mark.parametrize(
    "answer", [b"nonsense\r\n\r\n", b"HTTP/1.1 banana\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200]
)
def test_nonsense_for_an_answer_is_a_failure(answer):
    def talk(connection):
        take_request(connection)
        connection.sendall(answer)

    with raw_server(talk) as url:
        assert send(attempt(url), NOW, ()).error == "no_http_answer"


@pytest.fixture
def certificate(tmp_path):
    """A certificate for `localhost` and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    day = timedelta(days=1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - day)
        .not_valid_after(datetime.now(UTC) + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    paths[0].write_bytes(signed.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


@pytest.mark.parametrize(
    ("host", "vouched_for", "error"),
    [("localhost", True, None), ("127.0.0.1", True, "tls_failed"), ("localhost", False, "tls_failed")],
)
def test_a_certificate_has_to_be_vouched_for_and_name_the_host(certificate, monkeypatch, host, vouched_for, error):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def talk(connection):
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
            take_request(secure)
            secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    if vouched_for:
        monkeypatch.setattr(sending, "_tls", lambda: ssl.create_default_context(cafile=certificate[0]))
    with raw_server(talk) as url:
        outcome = send(attempt(url.replace("http://127.0.0.1", f"https://{host}")), NOW, ())
    assert (outcome.delivered, outcome.error) == (error is None, error)


def test_plain_http_where_tls_is_expected_is_refused(receiver):
    assert send(attempt(receiver.url.replace("http:", "https:")), NOW, ()).error == "tls_failed"


def test_nothing_secret_is_shown_when_an_attempt_is_printed():
    assert SECRET not in repr(attempt("http://127.0.0.1/"))


def take_request(connection):
    """To its last byte: a connection that is closed with something unread is reset."""
    request = b""
    while not request.endswith(b"{}"):
        request += connection.recv(65536)


def wait_for_end(connection):
    while connection.recv(65536):
        pass
