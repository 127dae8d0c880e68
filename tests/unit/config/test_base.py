"""The kinds of values that configurations are made of."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import TypeAdapter, ValidationError

from sightline.config.base import OneOf

ONE_OF: TypeAdapter[Any] = TypeAdapter(Annotated[str, OneOf(("a", "b", "c"))])
LITERAL: TypeAdapter[Any] = TypeAdapter(Literal["a", "b", "c"])


@pytest.mark.parametrize("value", ['"d"', "3", "null", "[]", "true", '{"a": 1}'])
def test_one_of_some_names_refuses_as_a_literal_does(value: str):
    answers = []
    for adapter in (ONE_OF, LITERAL):
        with pytest.raises(ValidationError) as refused:
            adapter.validate_json(value, strict=True)
        answers.append(refused.value.errors(include_url=False))
    assert answers[0] == answers[1]


def test_one_of_some_names_is_listed_as_a_literal_is():
    assert ONE_OF.validate_json('"b"', strict=True) == "b"
    assert ONE_OF.json_schema() == LITERAL.json_schema()
