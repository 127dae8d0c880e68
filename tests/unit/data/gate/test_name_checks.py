"""Thirty pairs of names of classes: one class spelled in two ways, or two classes."""

import pytest

from sightline.data.gate.name_checks import check_class_names, folded
from tests.unit.data.gate.conftest import policy, source

ONE_CLASS = [
    *(("Frog", "frog"), ("FROG", "Frog"), ("0", "0.0"), ("0", "00"), ("1", "01"), ("1,0", "1"), ("2.50", "2.5")),
    *(
        ("caf\u00e9", "cafe\u0301"),
        ("\u00c5", "A\u030a"),
        ("\u03a9", "\u2126"),
        ("Stra\u00dfe", "STRASSE"),
        ("\ufb01sh", "fish"),
    ),
    *(("fire truck", "fire_truck"), ("fire truck", "fire-truck"), ("fire  truck", "fire truck"), ("frog", "frog ")),
    *(("frog", "frog\u200b"), ("frog", "\ufefffrog"), ("frog", "fr\u00adog"), ("a b", "a\u00a0b"), ("\uff11", "1")),
]
TWO_CLASSES = [
    *(("cat", "cats"), ("cafe", "caf\u00e9"), ("a", "b"), ("1", "-1"), ("1", "10"), ("1e3", "1000"), ("v1.0", "v1")),
    *(("firetruck", "fire truck"), ("\u732b", "\u72d7"), ("\U0001f438", "\U0001f439"), ("1.5", "15"), ("_", "-")),
    ("12345678901234567", "12345678901234568"),
]


@pytest.mark.parametrize(("one", "other"), ONE_CLASS, ids=ascii)
def test_spellings_of_one_name_are_found(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), TWO_CLASSES, ids=ascii)
def test_names_of_two_classes_are_left_alone(one, other):
    assert folded(one) != folded(other)


def test_the_finding_names_both_and_how_many_images_each_has():
    found = check_class_names(source([0, 1, 1, 2], names=("Frog", "frog", "toad")), policy())
    assert (found.outcome, found.count, found.examples) == ("warn", 2, ("Frog", "frog"))
    assert found.message == (
        "2 names of classes are nearly the same as another's ('Frog' 1 and 'frog' 2); merge what is one class"
    )
    fine = check_class_names(source([0, 1]), policy())
    assert (fine.outcome, fine.count) == ("pass", 0)


def test_what_no_eye_can_tell_apart_is_spelled_out():
    found = check_class_names(source([0, 1, 2, 3], names=("cafe\u0301", "caf\u00e9", "x", "x\u200b")), policy())
    assert r"'cafe\u0301' 1 and 'caf\xe9' 1" in found.message
    assert r"'x' 1 and 'x\u200b' 1" in found.message


def test_it_may_refuse():
    found = check_class_names(source([0, 1], names=("A", "a")), policy(similar_classes="refuse"))
    assert found.outcome == "refuse"
    assert "data.validation.similar_classes=warn" in found.message
