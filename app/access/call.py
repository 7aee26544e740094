"""What an endpoint is handed: one transaction, the viewer, and the instant of the request."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import OAuth2
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from app.access import audit, tokens
from app.access.turns import Kind, Turns
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

    def audit(self, *, chain: str, action: str, target: str, **details: Any) -> None:
        """Append the viewer's act to a county's audit trail."""
        by = self.viewer.account_id
        audit.record(self.session, chain=chain, at=self.now, by=by, action=action, target=target, **details)


@dataclass(frozen=True, slots=True)
class PublicCall:
    """A call by anyone, signed in or not."""

    session: Session
    now: datetime
    address: str

    @property
    def today(self) -> date:
        return business_day(self.now)


@dataclass(frozen=True, slots=True)
class Visit:
    """A call that opens its own short transactions, because it hashes a password between them."""

    database: Database
    now: datetime
    address: str


TOKEN_URL = "/api/v1/auth/token"  # noqa: S105 - an address


class _AccessToken(OAuth2):
    """Takes the access token from the header, and tells OpenAPI where it comes from."""

    async def __call__(self, request: HTTPConnection) -> str:
        return bearer_token(request)


_ACCESS_TOKEN = _AccessToken(
    scheme_name="oauth2",
    flows={
        "password": {"tokenUrl": TOKEN_URL, "refreshUrl": TOKEN_URL, "scopes": {}},
        "clientCredentials": {"tokenUrl": TOKEN_URL, "scopes": {}},
    },
    description="干部和工作人员用登录名和密码登录；看板程序用 client_id 和 client_secret。\n\n"
    "People sign in with login and password, dashboards with client_id and client_secret.",
)
AccessToken = Annotated[str, Depends(_ACCESS_TOKEN)]


def _database_for(kind: Kind) -> Any:
    """Whoever works with the database has a turn of its kind meanwhile."""

    async def database(request: Request) -> AsyncIterator[Database]:
        turns: Turns = request.app.state.turns[kind]
        async with turns.taken():
            yield request.app.state.database

    return Depends(database, scope="function")


def bearer_token(request: HTTPConnection) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    return token.strip()


def client_address(request: Request) -> str:
    """The caller's address, an IPv6 one as its /64, of which one caller has all. X-Forwarded-For counts only from
    proxies that the settings name: read from its end, where those wrote, up to the first address that is none of them.
    """
    trusted = request.app.state.settings.trusted_proxies
    address = request.client.host if request.client else "unknown"
    # Some proxies append to the line that they found, some add a line of their own.
    hops = [hop.strip() for line in request.headers.getlist("x-forwarded-for") for hop in line.split(",")]
    while address in trusted and hops:
        address = hops.pop() or address
    return _network_of(address)[:64]


def _network_of(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, 64), strict=False))


# scope="function": the transaction ends before the answer is sent, so a failing commit becomes the answer.

DatabaseToRead = Annotated[Database, _database_for("read")]
DatabaseToWrite = Annotated[Database, _database_for("write")]
DatabaseToSignIn = Annotated[Database, _database_for("sign_in")]


def _open(request: Request, token: str, session: Session, now: datetime, roles: frozenset[Role] | None) -> Call:
    account_id = tokens.verify(request.app.state.keyring, token, now)
    viewer = load_viewer(session, account_id)
    if roles is not None and viewer.role not in roles:
        raise Forbidden
    return Call(session, viewer, now)


def reading(*roles: Role) -> Any:
    """A call that only reads, by one of the roles (by anyone signed in where none is named)."""
    of_roles = frozenset(roles) or None

    def call(request: Request, token: AccessToken, database: DatabaseToRead, clock: ClockDependency) -> Iterator[Call]:
        with database.reading() as session:
            yield _open(request, token, session, clock(), of_roles)

    return Depends(call, scope="function")


def reporting(*roles: Role) -> Any:
    """As `reading`, over one state of the database, from the standby where there is one. Who asks is read from the
    primary all the same: a withdrawal holds at once, however far the standby lags.
    """
    of_roles = frozenset(roles) or None

    def call(request: Request, token: AccessToken, database: DatabaseToRead, clock: ClockDependency) -> Iterator[Call]:
        if not database.has_standby:
            with database.reporting() as session:
                yield _open(request, token, session, clock(), of_roles)
            return
        with database.reading() as primary:
            opened = _open(request, token, primary, clock(), of_roles)
        with database.reporting() as session:
            yield replace(opened, session=session)

    return Depends(call, scope="function")


def writing(*roles: Role) -> Any:
    """A call that may write, in one transaction that is committed before the answer is sent."""
    of_roles = frozenset(roles) or None

    def call(request: Request, token: AccessToken, database: DatabaseToWrite, clock: ClockDependency) -> Iterator[Call]:
        with database.writing() as session:
            yield _open(request, token, session, clock(), of_roles)

    return Depends(call, scope="function")


def _public_reading(request: Request, database: DatabaseToRead, clock: ClockDependency) -> Iterator[PublicCall]:
    with database.reporting() as session:
        yield PublicCall(session, clock(), client_address(request))


def _public_writing(request: Request, database: DatabaseToWrite, clock: ClockDependency) -> Iterator[PublicCall]:
    with database.writing() as session:
        yield PublicCall(session, clock(), client_address(request))


PublicReading = Annotated[PublicCall, Depends(_public_reading, scope="function")]
PublicWriting = Annotated[PublicCall, Depends(_public_writing, scope="function")]


async def get_visit(request: Request, database: DatabaseToSignIn, clock: ClockDependency) -> Visit:
    return Visit(database, clock(), client_address(request))


Visiting = Annotated[Visit, Depends(get_visit)]


def signed_in(*roles: Role) -> Any:
    """The viewer alone, beside a `Visiting` call that opens its own transactions."""

    def viewer(request: Request, token: AccessToken, visit: Visiting) -> Viewer:
        with visit.database.reading() as session:
            return _open(request, token, session, visit.now, frozenset(roles) or None).viewer

    return Depends(viewer)
