"""What an endpoint is handed: one transaction, the viewer, and the instant of the request."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.access import tokens
from app.access.viewer import Role, Viewer, load_viewer
from app.clock import ClockDependency, business_day
from app.database import Database
from app.errors import Forbidden, Unauthenticated


@dataclass(frozen=True, slots=True)
class Call:
    session: Session
    viewer: Viewer
    now: datetime

    @property
    def today(self) -> date:
        return business_day(self.now)


@dataclass(frozen=True, slots=True)
class PublicCall:
    """A call by anyone, signed in or not."""

    session: Session
    now: datetime
    address: str

    @property
    def today(self) -> date:
        return business_day(self.now)


def get_database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def bearer_token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    return token.strip()


def client_address(request: Request) -> str:
    """The caller's address; X-Forwarded-For counts only from a proxy that the settings name."""
    peer = request.client.host if request.client else "unknown"
    if peer in request.app.state.settings.trusted_proxies:
        forwarded = request.headers.get("x-forwarded-for", "").split(",")[-1].strip()
        return (forwarded or peer)[:64]
    return peer[:64]


DatabaseDependency = Annotated[Database, Depends(get_database)]

# scope="function": the transaction ends before the answer is sent, so a failing commit becomes the answer.


def _open(request: Request, session: Session, now: datetime, roles: frozenset[Role] | None) -> Call:
    account_id = tokens.verify(request.app.state.keyring, bearer_token(request), now)
    viewer = load_viewer(session, account_id)
    if roles is not None and viewer.role not in roles:
        raise Forbidden
    return Call(session, viewer, now)


def _dependency(opener: str, roles: frozenset[Role] | None) -> Callable[..., Iterator[Call]]:
    def call(request: Request, database: DatabaseDependency, clock: ClockDependency) -> Iterator[Call]:
        with getattr(database, opener)() as session:
            yield _open(request, session, clock(), roles)

    return call


def reading(*roles: Role) -> Any:
    """A call that only reads, by one of the roles (by anyone signed in where none is named)."""
    return Depends(_dependency("reading", frozenset(roles) or None), scope="function")


def reporting(*roles: Role) -> Any:
    """As `reading`, from the standby where there is one."""
    return Depends(_dependency("reporting", frozenset(roles) or None), scope="function")


def writing(*roles: Role) -> Any:
    """A call that may write, in one transaction that is committed before the answer is sent."""
    return Depends(_dependency("writing", frozenset(roles) or None), scope="function")


def _public(opener: str) -> Callable[..., Iterator[PublicCall]]:
    def call(request: Request, database: DatabaseDependency, clock: ClockDependency) -> Iterator[PublicCall]:
        with getattr(database, opener)() as session:
            yield PublicCall(session, clock(), client_address(request))

    return call


PublicReading = Annotated[PublicCall, Depends(_public("reporting"), scope="function")]
PublicWriting = Annotated[PublicCall, Depends(_public("writing"), scope="function")]
