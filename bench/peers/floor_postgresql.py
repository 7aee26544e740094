"""The floor: one asyncpg statement that inserts a check-in and upserts the day. No token, fence, ledger, audit."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI

from bench.peers.body import Answer, CheckIn

SCHEMA = """
CREATE TABLE floor_check_ins (id uuid PRIMARY KEY, device_id text, captured_at timestamptz, lng float8, lat float8,
    datum text, accuracy_m float8, fixed_at timestamptz, mock bool, note text);
CREATE TABLE floor_days (device_id text, date date, status text, revision int, PRIMARY KEY (device_id, date));
"""
STATEMENT = """
WITH inserted AS (
    INSERT INTO floor_check_ins VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
)
INSERT INTO floor_days VALUES ($2, $3::timestamptz::date, 'on_post', 1)
ON CONFLICT (device_id, date) DO UPDATE SET status = 'on_post', revision = floor_days.revision + 1
"""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=8, max_size=8)
    async with app.state.pool.acquire() as connection:
        await connection.execute(SCHEMA)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/api/v1/check-ins", status_code=201)
async def create_check_in(body: CheckIn) -> Answer:
    at = body.position
    await app.state.pool.execute(
        STATEMENT,
        body.id,
        body.device_id,
        body.captured_at,
        at.lng,
        at.lat,
        at.datum,
        at.accuracy_m,
        at.fixed_at,
        at.mock,
        body.note,
    )
    return Answer(id=body.id, status="on_post")
