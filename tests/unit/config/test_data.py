"""Keys of data that a type of Python alone does not describe."""

import pytest

from sightline.cli import configure
from sightline.errors import UsageError


@pytest.mark.parametrize("white", ["0", "70000", "foo", "12.5", "null"])
def test_white_is_a_number_of_16_bits_or_auto(white: str):
    with pytest.raises(UsageError, match=r"^data\.white: it must be a whole number from 1 to 65535, or auto; it is "):
        configure("data=folder", f"data.white={white}")


def test_white_is_found_unless_it_is_given():
    assert configure("data=folder").data.white == "auto"
    assert configure("data=csv", "data.white=4095").data.white == 4095
