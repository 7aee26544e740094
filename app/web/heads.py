"""GET with its HEAD: monitors and previews of links ask for that first."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fastapi import APIRouter
from fastapi.params import Depends

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def get_and_head(
    router: APIRouter, path: str, *, dependencies: Sequence[Depends] = (), **options: Any
) -> Callable[[Endpoint], Endpoint]:
    """As `router.get`; the HEAD is in no API document."""

    def register(endpoint: Endpoint) -> Endpoint:
        router.head(path, include_in_schema=False, dependencies=dependencies)(endpoint)
        return router.get(path, dependencies=dependencies, **options)(endpoint)

    return register
