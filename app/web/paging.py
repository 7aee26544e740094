"""Keyset pages: stable while rows are inserted, and as cheap on the last page as on the first."""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.errors import Unprocessable

Row = TypeVar("Row")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


class PageRequest:
    """`?limit=` and `?cursor=`; also writes the Link header of the answer."""

    def __init__(
        self,
        request: Request,
        response: Response,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="每页条数。Items on a page.")] = DEFAULT_LIMIT,
        cursor: Annotated[
            str | None, Query(max_length=500, description="上一页的 next_cursor。The `next_cursor` of the page before.")
        ] = None,
    ) -> None:
        self.limit = limit
        self._cursor = cursor
        self._request = request
        self._response = response

    def fetch(
        self,
        session: Session,
        query: Select[*tuple[Any, ...]],
        *keys: InstrumentedAttribute[Any],
        descending: bool = False,
    ) -> tuple[Sequence[Any], str | None]:
        """One page of `query` in the order of `keys`, which must be selected entities' columns that together are
        unique, and the cursor of the next page. Rows are ORM entities, or tuples whose first element is one.
        """
        if self._cursor is not None:
            query = query.where(_after(keys, _decode(self._cursor, keys), descending=descending))
        order = [key.desc() if descending else key.asc() for key in keys]
        result = session.execute(query.order_by(*order).limit(self.limit + 1))
        rows = result.scalars().all() if len(result.keys()) == 1 else result.all()
        if len(rows) <= self.limit:
            return rows, None
        rows = rows[: self.limit]
        last = rows[-1] if len(result.keys()) == 1 else rows[-1][0]
        return rows, self.link(cursor_of([getattr(last, key.key) for key in keys]))

    def link(self, cursor: str) -> str:
        """Announce the next page in the Link header; returns the cursor."""
        query = [(k, v) for k, v in self._request.query_params.multi_items() if k != "cursor"]
        # Not `request.url`, which is put together with the Host header, whatever that says.
        path = quote(self._request.scope["path"])
        url = f"{path}?{urlencode([*query, ('cursor', cursor)])}"
        self._response.headers["Link"] = f'<{url}>; rel="next"'
        return cursor


Paging = Annotated[PageRequest, Depends(PageRequest)]


def _after(
    keys: Sequence[InstrumentedAttribute[Any]], values: Sequence[Any], *, descending: bool
) -> ColumnElement[bool]:
    """(a, b) > (x, y): one comparison of rows, since only that is where an index begins."""
    row = tuple_(*keys)
    last = tuple_(*(literal(value, key.type) for key, value in zip(keys, values, strict=True)))
    return row < last if descending else row > last


def cursor_of(values: Sequence[Any]) -> str:
    text = json.dumps([_as_text(value) for value in values], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def _instant(text: str) -> datetime:
    """An instant that a database can compare; a cursor comes from outside like any input."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or not 1970 < instant.year < 2200:
        raise ValueError("not an instant of ours")
    return instant


def _whole_number(text: str) -> int:
    number = int(text)
    if not -_LARGEST_INTEGER <= number <= _LARGEST_INTEGER:
        raise ValueError("not a number of ours")
    return number


def _plain_text(text: str) -> str:
    if not text.isprintable():
        raise ValueError("not a text of ours")
    return text


_LARGEST_INTEGER = 2**31 - 1
_PARSERS: dict[type, Callable[[str], Any]] = {
    UUID: UUID,
    datetime: _instant,
    date: date.fromisoformat,
    int: _whole_number,
    str: _plain_text,
}


def _parse(kind: type, value: object) -> Any:
    if not isinstance(value, str):
        raise TypeError("cursors carry texts")
    return _PARSERS[kind](value)


def _decode(cursor: str, keys: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded))
        return [_parse(key.type.python_type, value) for key, value in zip(keys, values, strict=True)]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Unprocessable.field(
            "/query/cursor", "invalid_cursor", "翻页游标无效，请从第一页重新开始", "not a cursor of this list"
        ) from error
