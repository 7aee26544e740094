"""How many files and connections the process may have open."""

from contextlib import suppress

_ENOUGH = 65_536
"""Connections that rest cost some kilobytes each: more of them than this are nobody's phones."""


def allow_many_connections() -> None:
    """As many as the system lets the process allow itself. Most systems start it with 1,024, and who comes when those
    are taken is not even told that it is busy.
    """
    try:
        import resource  # noqa: PLC0415 - only Unix has it
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with suppress(OSError, ValueError):  # a system may have a lower bound than it tells
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
