"""What every part of the configuration is made of: immutable models, the kinds of numbers, names from a catalogue."""

import os
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import CoreSchema, core_schema

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


class Frozen(BaseModel):
    """Immutable, no unknown keys, no silent conversions, no number that is not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
