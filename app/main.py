"""The application: its rooms, its error handler, its lifespan."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from app.access import tokens
from app.access.limits import Limiter
from app.access.passwords import Passwords
from app.access.turns import turns_of_each_kind
from app.attendance.closing_loop import closing_days
from app.attendance.router import router as attendance
from app.checkins.door import Door
from app.checkins.lane import Lane
from app.checkins.router import router as checkins
from app.checkins.today_lane import TodayLane
from app.clock import Clock, get_clock, now
from app.database import Database
from app.errors import install_handlers
from app.feedback.router import router as feedback
from app.filings.router import router as filings
from app.identity.router import root_router as public_keys
from app.identity.router import router as identity
from app.leaves.router import router as leaves
from app.ledger.router import router as ledger
from app.models import SigningKey
from app.provisions.router import router as provisions
from app.recalls.router import router as recalls
from app.roster.router import router as roster
from app.settings import Settings, get_settings
from app.stats.router import router as stats
from app.web.docs import install_docs
from app.web.middleware import Envelope
from app.web.operation import router as operation
from app.webhooks.loop import delivering_webhooks
from app.webhooks.router import router as webhooks
from app.whereabouts.router import root_router as board
from app.whereabouts.router import router as whereabouts

ROOMS = (
    identity,
    roster,
    checkins,
    attendance,
    whereabouts,
    leaves,
    recalls,
    provisions,
    filings,
    feedback,
    webhooks,
    ledger,
    stats,
)


def operation_id(route: APIRoute) -> str:
    """The function's own name: generated clients read well."""
    return route.name


class Service(FastAPI):
    """The application, with the fast lanes' door before all that the framework does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.state.door(scope, receive, send)


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or get_settings()
    app = Service(
        title="Zaigang",
        version="0.1.0",
        description=(
            "驻村干部在岗管理：到岗登记、请销假、去向牌、台账与召回预警。\n\n"
            "Presence of cadres posted to villages: check-ins, leave, the whereabouts board, the ledger, recalls."
        ),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would name whatever host the request named
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
    )
    app.state.door = Door(super(Service, app).__call__, app.state)
    configure(app, settings)
    for room in ROOMS:  # each by itself: the framework looks through a router within a router once more for each level
        app.include_router(room, prefix="/api/v1")
    app.include_router(public_keys)
    app.include_router(operation)
    app.include_router(board)
    install_docs(app)
    install_handlers(app)
    app.add_middleware(Envelope, max_body_bytes=settings.max_body_bytes)
    return app


def configure(app: FastAPI, settings: Settings) -> None:
    """Give the application its settings and what is made from them; what it opens comes with its lifespan."""
    app.state.settings = settings
    app.state.limiter = Limiter(enabled=settings.rate_limits)
    app.state.passwords = Passwords(settings.password_hashes_in_flight)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    database = Database(app.state.settings)
    app.state.database = database
    app.state.turns = turns_of_each_kind()
    app.state.keyring = tokens.KeyRing(lambda: _signing_keys(database))
    try:
        async with AsyncExitStack() as running:
            if app.state.settings.close_days_in_server:
                await running.enter_async_context(closing_days(database, now))
            if app.state.settings.deliver_webhooks_in_server:
                await running.enter_async_context(delivering_webhooks(database, app.state.settings, now))
            app.state.lane = app.state.today_lane = None
            if app.state.settings.lane_group_size:
                app.state.lane = Lane(database, app.state.settings, lambda: _clock(app))
                running.push_async_callback(app.state.lane.close)
                app.state.today_lane = TodayLane(database, app.state.settings, lambda: _clock(app))
                running.push_async_callback(app.state.today_lane.close)
            yield
    finally:
        database.dispose()


def _clock(app: FastAPI) -> Clock:
    """The clock of every endpoint, for those that FastAPI hands no dependencies."""
    given: Callable[[], Clock] | None = app.dependency_overrides.get(get_clock)
    return given() if given else now


def _signing_keys(database: Database) -> list[SigningKey]:
    with database.reading() as session:
        keys = tokens.load_signing_keys(session)
        session.expunge_all()
    return keys
