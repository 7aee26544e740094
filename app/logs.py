"""Logs: one JSON object a line on stderr, with the request's trace id and without anybody's data."""

import logging
import sys
import traceback

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_FRAMES = 12


def configure_logging() -> None:
    """Structlog's events and the standard library's records (uvicorn's, SQLAlchemy's) come out alike."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _describe_exception,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


def _describe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Where an exception came from, link by link of its chain. Its message stays out: databases and validators put
    phone and ID numbers into theirs.
    """
    error = _exception_of(event.pop("exc_info", None))
    if error is not None:
        event["exception"] = list(_chain(error))
    return event


def _exception_of(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return sys.exc_info()[1] if exc_info else None


def _chain(error: BaseException) -> list[dict[str, object]]:
    links: list[dict[str, object]] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        frames = traceback.extract_tb(link.__traceback__)[-_FRAMES:]
        links.append(
            {
                "type": f"{type(link).__module__}.{type(link).__qualname__}",
                "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return links
