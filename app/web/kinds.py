"""Bodies that come in kinds, told apart by one field of theirs."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, ValidationError, ValidatorFunctionWrapHandler
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import no_info_wrap_validator_function


@dataclass(frozen=True, slots=True)
class ToldApartBy:
    """As `Field(discriminator=field)`, but faults point into the body as it was sent: pydantic names the kind first, as
    if it were a field, and nothing where the kind itself is at fault.
    """

    field: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        kinds = handler.generate_schema(Annotated[source, Field(discriminator=self.field)])
        return no_info_wrap_validator_function(self._validate, kinds)

    def _validate(self, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            faults = [self._placed(fault) for fault in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(error.title, faults) from None

    def _placed(self, fault: Any) -> InitErrorDetails:
        kind, place, context = fault["type"], fault["loc"][1:], fault.get("ctx") or {}
        if kind == "union_tag_not_found":
            kind, place = "missing", (self.field,)
        elif kind == "union_tag_invalid":
            kind, place, context = "literal_error", (self.field,), {"expected": context["expected_tags"]}
        return {"type": PydanticCustomError(kind, fault["msg"], context), "loc": place, "input": fault["input"]}
