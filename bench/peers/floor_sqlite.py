"""The floor on SQLite: insert and upsert by the bare driver in a thread, one connection, synchronous=FULL."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI

from bench.peers.body import Answer, CheckIn

SCHEMA = """
CREATE TABLE floor_check_ins (id TEXT PRIMARY KEY, device_id TEXT, captured_at TEXT, lng REAL, lat REAL, datum TEXT,
    accuracy_m REAL, fixed_at TEXT, mock INTEGER, note TEXT);
CREATE TABLE floor_days (device_id TEXT, date TEXT, status TEXT, revision INTEGER, PRIMARY KEY (device_id, date));
"""
writer = ThreadPoolExecutor(1)


def connect() -> sqlite3.Connection:
    path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(SCHEMA)
    return connection


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.connection = connect()
    yield
    app.state.connection.close()


app = FastAPI(lifespan=lifespan)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


def store(body: CheckIn) -> None:
    at = body.position
    connection = app.state.connection
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "INSERT INTO floor_check_ins VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(body.id),
            body.device_id,
            body.captured_at.isoformat(),
            at.lng,
            at.lat,
            at.datum,
            at.accuracy_m,
            at.fixed_at.isoformat() if at.fixed_at else None,
            at.mock,
            body.note,
        ),
    )
    connection.execute(
        "INSERT INTO floor_days VALUES (?, ?, 'on_post', 1) "
        "ON CONFLICT (device_id, date) DO UPDATE SET status = 'on_post', revision = revision + 1",
        (body.device_id, body.captured_at.date().isoformat()),
    )
    connection.execute("COMMIT")


@app.post("/api/v1/check-ins", status_code=201)
async def create_check_in(body: CheckIn) -> Answer:
    await asyncio.get_running_loop().run_in_executor(writer, store, body)
    return Answer(id=body.id, status="on_post")
