"""Dates and instants as the interface writes them, and in no other form that a parser would take."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import (
    chain_schema,
    custom_error_schema,
    is_instance_schema,
    json_or_python_schema,
    str_schema,
    union_schema,
)

DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
INSTANT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?$"  # one without an offset is told so by the type
)
"""RFC 3339, with the small letters and the space that it allows; and without seconds, as some clients write a whole
minute: no check-in is refused for that.
"""


@dataclass(frozen=True, slots=True)
class Written:
    """Of a `date` or `datetime`: sent as text of this form, never as a number, say, of seconds or milliseconds.

    The form is looked at by pydantic's own machinery, because each check-in has two instants: 0.25 µs for one, where a
    validator in Python would take twice that.
    """

    pattern: str
    form: Literal["date", "date-time"]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = str_schema(strict=True, strip_whitespace=False, pattern=self.pattern)
        made_here = union_schema([text, is_instance_schema(date)], mode="left_to_right")
        kind: Any = "date_parsing" if self.form == "date" else "datetime_parsing"
        sent = custom_error_schema(json_or_python_schema(text, made_here), kind, custom_error_context={"error": "form"})
        return chain_schema([sent, handler(source)])

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "format": self.form}
