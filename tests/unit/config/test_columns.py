"""Columns of mode `robustness` are spelled in one way, and mistakes say which."""

import pytest

from sightline.cli import compose_config, configure
from sightline.config import parse
from sightline.config.columns import ATTACKS, GROUNDS, NOISES, Column, column_of
from sightline.config.robustness import CORRUPTIONS
from sightline.errors import UsageError
from sightline.robustness.attacks.table import ATTACKS as TABLE

NAMES = (
    "mean",
    "clean",
    "worst",
    *ATTACKS,
    *CORRUPTIONS,
    *(f"{name}_{level}" for name in CORRUPTIONS for level in (1, 5)),
    *NOISES,
    *GROUNDS,
    *(f"{name}{size}" for name in ("shift", "rotation") for size in ("", "_1", "_15")),
)
OF_LABELS = {*ATTACKS, "worst", *NOISES, *GROUNDS}


@pytest.mark.parametrize("target", ["", "label/", "mask/"])
def test_every_column_is_read_back(target: str):
    read = {name: column_of(f"robustness/{target}{name}") for name in NAMES}
    for name, column in read.items():
        if target == "mask/" and name in OF_LABELS:
            assert column is None
            continue
        assert column is not None
        assert str(column) == f"robustness/{target}{name}"
        assert column.metric().name == str(column)
    labels = [column.metric().label for column in read.values() if column]
    assert len(set(labels)) == len(labels)


def test_they_are_called_what_they_are():
    labels = {
        "robustness/jpeg_compression_3": "Accuracy under JPEG compression at severity 3",
        "robustness/mask/fog": "Mean IoU per image under fog, mean over severities",
        "robustness/mean": "Accuracy under corruptions, mean of all",
        "robustness/clean": "Accuracy on clean images",
        "robustness/worst": "Robust accuracy under every attack",
        "robustness/shift_1": "Accuracy under shifts by 1 pixel",
        "robustness/mask/rotation_15": "Mean IoU per image under rotations by 15 degrees",
        "robustness/shift": "Accuracy under shifts, mean over sizes",
        "robustness/noise_sign": "Accuracy under random signs of the attacks' size",
        "robustness/background_rand": "Accuracy on the ground of other classes",
    } | {f"robustness/{name}": f"Robust accuracy under {listed.label}" for name, listed in TABLE.items()}
    assert {text: Column.parse(text).metric().label for text in labels} == labels


def test_a_label_is_right_or_wrong_under_one_condition_alone():
    assert Column("fog").metric(1).hits is not None
    assert Column("fog").metric(2).hits is None
    assert Column("fog", target="mask").metric(1).hits is None
    assert Column("noise_gaussian").metric(1).hits is not None
    assert Column("shift", 2).metric(1).hits is None, "its ways may differ"
    assert Column("shift", 2).metric(1).graded
    assert Column("fog", target="mask").metric().graded


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("robustness/fgo", r"robustness/fgo is no column of mode robustness.*did you mean robustness/fog\?"),
        ("robustness/fog_6", r"robustness/fog_6 is no column"),
        ("robustness/clean_1", r"robustness/clean_1 is no column"),
        ("robustness/shift_0", r"robustness/shift_0 is no column"),
        ("robustness/mask/noise_sign", r"it is about the label; it takes robustness/noise_sign"),
        ("robustness/labels/fog", r"it takes robustness/COLUMN or robustness/TARGET/COLUMN"),
        ("robustness/", r"robustness/ is no column"),
        ("robustness/mask/pgd", r"attacks are on classifiers; it takes robustness/pgd"),
        ("fog_2", r"fog_2: a column of mode robustness is written .*; robustness/fog_2 compares by that one"),
        ("robustness.worst", r"robustness/worst compares by that one"),
        ("robustness", r"robustness: a column of mode robustness is written robustness/COLUMN"),
        ("acuracy", r"must be 'accuracy',.*did you mean accuracy\?"),
    ],
)
def test_mistakes_say_what_is_taken(typed: str, message: str):
    content = compose_config(["mode=compare"])
    with pytest.raises(UsageError, match=rf"compare\.metric.*{message}"):
        parse.parse(content | {"compare": content["compare"] | {"metric": typed}})


STUDY = ("mode=train", "model=cnn", "seeds=[1,2]")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            (),
            r"compare\.metric=robustness/fog is of mode robustness, .* leave out; add robustness=quick",
        ),
        (("robustness=quick", "robustness.corruptions=[snow]"), r"robustness\.corruptions=\[snow\]; add it there"),
    ],
)
def test_a_study_measures_what_it_compares(words: tuple[str, ...], message: str):
    with pytest.raises(UsageError, match=message):
        configure(*STUDY, "compare.metric=robustness/fog", *words)


def test_what_a_study_would_not_measure():
    config = configure(*STUDY, "compare.metric=robustness/fog_3", "robustness=quick").robustness
    missing = {
        name: Column.parse(f"robustness/{name}").missing_in(config)
        for name in ("clean", "mean", "snow_1", "pgd", "worst", "shift", "rotation_15", "noise_sign", "background_same")
    }
    assert missing == {
        "clean": "", "mean": "", "snow_1": "robustness.severities=[3]", "pgd": "robustness.attacks=[]",
        "worst": "robustness.attacks=[]", "shift": "robustness.shifts=[]", "rotation_15": "robustness.rotations=[]",
        "noise_sign": "robustness.attacks=[]", "background_same": "robustness.backgrounds=false",
    }  # fmt: skip
