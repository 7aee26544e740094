"""`serve`: the HTTP server."""

import gc
import socket
from typing import Annotated

import structlog
import typer
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select
from uvicorn.supervisors import Multiprocess

from app import clock
from app.access import tokens
from app.cli import opening
from app.cli.collector import collector_paused
from app.cli.console import FAILED, MISUSED, Refusal, complain, say
from app.cli.descriptors import allow_many_connections
from app.cli.memory import spare_memory
from app.cli.one_write import OneWrite
from app.cli.root import app
from app.database import Database
from app.logs import configure_logging
from app.main import create_app
from app.models import Account
from app.settings import Settings

log = structlog.get_logger()

_BACKLOG = 2048
_IDLE_SECONDS = 75
"""Longer than proxies and clients keep a connection that rests (most of them 5, 30 or 60), so that none sends a request
into one that is just being closed.
"""
_SHUTDOWN_SECONDS = 10


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="监听地址；默认取 HOST")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="监听端口；默认取 PORT")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="进程数；多于 1 个须用 PostgreSQL")] = 1,
) -> None:
    """启动服务。"""
    run_server(opening.load_settings(host=host, port=port), workers)


def run_server(settings: Settings, workers: int = 1) -> None:
    """Serve until a signal says stop. Whatever would keep it from serving is found before it starts."""
    if workers > 1 and settings.is_sqlite:
        raise Refusal(
            "SQLite 只能由一个进程使用：请去掉 --workers，或改用 PostgreSQL。",
            "SQLite serves one process only: leave --workers out, or use PostgreSQL.",
            MISUSED,
        )
    configure_logging()
    allow_many_connections()
    with opening.sole_use(settings):
        opening.require_storage(settings)
        with opening.open_database(settings) as database:
            _prepare(database)
        with _listening(settings.host, settings.port) as listener:
            say(f"在岗 Zaigang: {address_of(settings)}  ·  API: {address_of(settings)}/docs")
            _run(settings, workers, listener)


def application() -> FastAPI:
    """What each of several worker processes runs."""
    configure_logging()
    return _settled_application()


def _settled_application(settings: Settings | None = None) -> FastAPI:
    """What a start leaves in memory stays: the collector need not look through it again and again, for a tenth of a
    second each time, while cadres wait. It is not even looked through once: next to none of it is garbage.
    """
    spare_memory()
    with collector_paused():
        built = create_app(settings)
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    return built


def _prepare(database: Database) -> None:
    with database.writing() as session:
        tokens.ensure_signing_key(session, clock.now())
        if session.scalar(select(Account.id).limit(1)) is None:
            complain(
                "尚无管理员，请运行 python -m app.cli init 建立。",
                "There is no administrator yet; run python -m app.cli init.",
            )
    if database.is_sqlite:
        # Said at each start, so that nobody takes the embedded database for one that several servers can share.
        log.info("embedded_database", processes=1, writing_connections=1, synchronous="FULL")


def _listening(host: str, port: int) -> socket.socket:
    """The socket, bound before anything else starts."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise Refusal(f"监听地址 {host} 无效。", f"{host} is not an address to listen on.", MISUSED) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise Refusal(
            f"无法监听 {host}:{port}：端口已被占用或不允许使用，可用 PORT 另选一个。",
            f"Can't listen on {host}:{port}: the port is in use or not allowed; choose another with PORT.",
        ) from error
    listener.set_inheritable(True)
    return listener


def address_of(settings: Settings) -> str:
    """Where somebody at this machine finds the service."""
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _run(settings: Settings, workers: int, listener: socket.socket) -> None:
    config = uvicorn.Config(
        "app.cli.serve:application" if workers > 1 else _settled_application(settings),
        factory=workers > 1,
        workers=workers,
        host=settings.host,
        port=settings.port,
        lifespan="on",
        log_config=None,
        http=OneWrite,
        ws="none",  # none is served, and the libraries are large
        access_log=False,  # costs 45 µs a request, and holds addresses
        proxy_headers=False,  # the application believes only the proxies that the settings name
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    if workers > 1:
        Multiprocess(config, sockets=[listener]).run()
        return
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if not server.started:
        raise typer.Exit(FAILED)
