import pytest

from sightline.cli import compose_config
from sightline.config.parse import keys
from sightline.config.suggestions import did_you_mean, did_you_mean_key

KEYS = keys(compose_config([]))


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("batch_size", "training.batch_size or evaluation.batch_size"),
        ("batch-size", "training.batch_size or evaluation.batch_size"),
        ("Epochs", "training.epochs"),
        ("lr", "optimizer.lr"),
        ("optimizer.lrr", "optimizer.lr"),
        ("model.lr", "optimizer.lr"),
        ("root", "data.root"),
        ("data.path", "data.root"),
        ("learning_rate", "optimizer.lr"),
        ("img_size", "image_size"),
        ("seeed", "seed"),
        ("inputs", "input"),
    ],
)
def test_the_last_part_of_a_key_says_what_is_meant(typed: str, suggested: str):
    assert did_you_mean_key(typed, KEYS) == f"; did you mean {suggested}?"


def test_nothing_is_suggested_where_nothing_is_near():
    assert did_you_mean_key("zebra", KEYS) == ""


def test_a_value_that_other_programs_have_is_known():
    devices = ["auto", "cpu", "cuda", "mps"]
    assert did_you_mean("gpu", devices) == did_you_mean("GPU", devices) == "; did you mean cuda?"
    assert did_you_mean("cpus", devices) == "; did you mean cpu?"
    assert did_you_mean("gpu", ["cnn", "resnet"]) == "", "a word of another kind"
