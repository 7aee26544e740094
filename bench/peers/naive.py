"""The naive version: FastAPI, SQLAlchemy, a session a request, objects got and changed. No token, fence, ledger."""

import datetime as dt
import os
from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI
from sqlalchemy import DateTime, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from bench.peers import body


class Base(DeclarativeBase):
    pass


class CheckIn(Base):
    __tablename__ = "naive_check_ins"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[str | None] = mapped_column(index=True)
    captured_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    lng: Mapped[float]
    lat: Mapped[float]
    datum: Mapped[str]
    accuracy_m: Mapped[float | None]
    fixed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    mock: Mapped[bool | None]
    note: Mapped[str | None]


class Day(Base):
    __tablename__ = "naive_days"

    device_id: Mapped[str] = mapped_column(primary_key=True)
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    status: Mapped[str]
    revision: Mapped[int]


engine = create_engine(os.environ["DATABASE_URL"])
if engine.dialect.name == "sqlite":

    @event.listens_for(engine, "connect")
    def configure(connection, _record):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")


Base.metadata.create_all(engine)
Sessions = sessionmaker(engine)
app = FastAPI()


def get_session() -> Iterator[Session]:
    with Sessions() as session:
        yield session


SessionDependency = Annotated[Session, Depends(get_session)]


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/api/v1/check-ins", status_code=201)
def create_check_in(sent: body.CheckIn, session: SessionDependency) -> body.Answer:
    position = sent.position.model_dump()
    session.add(CheckIn(id=sent.id, device_id=sent.device_id, captured_at=sent.captured_at, note=sent.note, **position))
    day = session.get(Day, (sent.device_id, sent.captured_at.date()))
    if day is None:
        session.add(Day(device_id=sent.device_id, date=sent.captured_at.date(), status="on_post", revision=1))
    else:
        day.status, day.revision = "on_post", day.revision + 1
    session.commit()
    return body.Answer(id=sent.id, status="on_post")


@app.get("/api/v1/me/today")
def get_my_today(session: SessionDependency, device_id: str) -> dict[str, object]:
    """Two statements, for what the phone's first screen shows of the day."""
    today = dt.datetime.now(dt.UTC).date()
    day = session.get(Day, (device_id, today))
    midnight = dt.datetime.combine(today, dt.time(), dt.UTC)
    query = select(CheckIn).where(CheckIn.device_id == device_id, CheckIn.captured_at >= midnight)
    check_ins = session.scalars(query).all()
    return {
        "date": today,
        "day": {"status": day.status if day else "pending"},
        "check_ins": [{"id": c.id, "captured_at": c.captured_at} for c in check_ins],
    }
