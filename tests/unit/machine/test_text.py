import os

import pytest

from sightline.machine.text import limits_of, printable, printable_lines, significant, storable

NAME = os.fsdecode(b"good\xff\x1b[31m\n.png")


def test_a_name_that_is_no_text_can_be_stored_and_brought_back():
    assert storable(NAME) == "good\\udcff\x1b[31m\n.png"
    assert storable("größe 日本.png") == "größe 日本.png"
    assert os.fsencode(storable("\udcff").encode().decode("unicode_escape")) == b"\xff"


def test_nothing_in_a_name_steers_a_terminal():
    assert printable(NAME) == "good\\udcff\\x1b[31m\\n.png"
    assert printable_lines("two\nlines\x9b1m") == "two\nlines\\x9b1m"
    assert printable("größe 日本 👩‍🔬.png") == "größe 日本 👩‍🔬.png"


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u2028", "\x7f", "\r", "\x00"])
def test_what_hides_or_turns_text_around_is_spelled_out(character: str):
    assert printable(f"a{character}b").isprintable()


@pytest.mark.parametrize(
    ("value", "digits", "written"), [(99.7, 2, "100"), (1000.0, 3, "1000"), (0.00001, 2, "0.00001"), (6.25, 2, "6.2")]
)
def test_numbers_are_written_without_powers_of_ten(value: float, digits: int, written: str):
    assert significant(value, digits) == written


def test_a_limit_that_is_not_known_is_a_dash():
    assert limits_of(0.001, 1000.0, 3) == "[0.001, 1000]"
    assert limits_of(None, 2.5, 3) == "[\N{EN DASH}, 2.5]"
