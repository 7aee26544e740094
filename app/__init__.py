"""Zaigang: check-ins and attendance of cadres posted to villages."""

import sys


def _import_structlog_alone() -> None:
    """Structlog draws tracebacks for terminals with rich wherever that is installed, as it is for the command line's
    help. Our logs are JSON, and every worker would hold some five megabytes for nothing.
    """
    if "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog  # noqa: F401, PLC0415 - early: while rich is out of sight
    finally:
        del sys.modules["rich"]


_import_structlog_alone()
