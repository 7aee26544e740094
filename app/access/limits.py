"""Rate limits per address, counted in this process; what guards a password is counted in the database instead."""

import math
import time
from collections.abc import Callable
from typing import Any

from fastapi import Depends, Request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.access.call import client_address
from app.errors import TooManyRequests


class Limiter:
    """One per application."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._strategy = MovingWindowRateLimiter(MemoryStorage())

    def check(self, name: str, rate: str, key: str) -> None:
        """Count one use of `name` by `key`; TooManyRequests once `rate` ("10/minute") is used up."""
        if not self._enabled:
            return
        item = parse(rate)
        if not self._strategy.hit(item, name, key):
            reset_at = self._strategy.get_window_stats(item, name, key).reset_time
            raise TooManyRequests(max(1, math.ceil(reset_at - time.time())))


def limited(name: str, rate: str) -> Any:
    """A dependency that bounds how often one address may call a route."""

    def check(request: Request) -> None:
        limiter: Limiter = request.app.state.limiter
        limiter.check(name, rate, client_address(request))

    checker: Callable[[Request], None] = check
    return Depends(checker)
