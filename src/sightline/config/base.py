"""What every part of the configuration is made of: immutable models, the kinds of numbers, names from a catalogue."""

import os
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

Number = TypeVar("Number", int, float)

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Level = Annotated[float, Field(gt=0.5, lt=1.0)]
Small = Annotated[float, Field(gt=0.0, lt=0.5)]
Positive = Annotated[float, Field(gt=0.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
Resamples = Annotated[int, Field(ge=100)]


def _rising(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError(f"the range {list(pair)} must not fall")
    return pair


def each_once(what: str) -> AfterValidator:
    """Refuse names that come twice; `what` one of them is."""

    def check(names: tuple[str, ...]) -> tuple[str, ...]:
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"each {what} goes in once; {', '.join(twice)} came more often")
        return names

    return AfterValidator(check)


UserPath = Annotated[str, AfterValidator(os.path.expanduser)]
"""A path of the command itself; `~` at its beginning is the person's home."""
Range = Annotated[tuple[Positive, Positive], AfterValidator(_rising)]


@dataclass(frozen=True)
class OneOf:
    """Annotates a `str` as one of names that a catalogue holds; it behaves as a `Literal` of them would."""

    names: tuple[str, ...]

    def __get_pydantic_core_schema__(self, *_: object) -> CoreSchema:
        """What pydantic checks, and shows as an `enum` in the JSON schema."""
        return core_schema.literal_schema(list(self.names))


Auto = Literal["auto"]
AUTO: Final[Auto] = "auto"
"""What leaves a number to a rule that looks at the data."""


@dataclass(frozen=True)
class OrAuto:
    """Annotates a number that may be left to a rule; its own limits hold for whatever is not `auto`.

    Attributes:
        kind: the annotated type of the number.
    """

    kind: object

    def __get_pydantic_core_schema__(self, _: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """What pydantic checks; one message for a wrong number, not one for each alternative."""
        return core_schema.no_info_wrap_validator_function(
            lambda value, check: AUTO if value == AUTO else check(value),
            handler.generate_schema(self.kind),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The alternatives, for the page of all keys."""
        inner = schema["schema"] if schema["type"] == "function-wrap" else schema
        return {"anyOf": [{"const": AUTO}, handler(inner)]}


AutoCount = Annotated[int | Auto, OrAuto(Count)]
AutoPositive = Annotated[float | Auto, OrAuto(Positive)]
AutoProbability = Annotated[float | Auto, OrAuto(Probability)]


def decided(value: Number | Auto) -> Number:
    """A number that was left to a rule, once the rule has been asked (`commands/settle.py`)."""
    if value == AUTO:
        raise AssertionError("a number is used before its rule was asked")
    return value


class Frozen(BaseModel):
    """Immutable, no unknown keys, no silent conversions, no number that is not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
