from typing import Any

import pytest

from sightline.cli import compose_config
from sightline.config import parse, stored
from sightline.config.fitted import as_formerly, is_former, left_open, with_values
from sightline.config.flatten import flatten
from sightline.config.schema import Config
from sightline.errors import UsageError


def configured(*overrides: str) -> Config:
    return parse.parse(compose_config(list(overrides)))


def of_a_former_version(*overrides: str) -> dict[str, Any]:
    """A stored configuration as it was before there was a rule."""
    content = as_formerly(configured(*overrides)).model_dump(mode="json")
    del content["optimizer"]["lr_base"]
    content["optimizer"].pop("matrix_lr_base", None)
    return content


@pytest.mark.parametrize(
    ("overrides", "keys"),
    [
        ([], ["training.batch_size", "optimizer.lr", "transforms.horizontal_flip"]),
        (["transforms=none"], ["training.batch_size", "optimizer.lr"]),
        (["optimizer=muon", "transforms=none"], ["training.batch_size", "optimizer.lr", "optimizer.matrix_lr"]),
        (["training.batch_size=8", "optimizer.lr=1", "transforms.horizontal_flip=0"], []),
    ],
)
def test_what_is_left_to_the_rule(overrides: list[str], keys: list[str]):
    config = configured(*overrides)
    assert left_open(config) == keys
    numbers = with_values(config, dict.fromkeys(keys, 1))
    assert not left_open(numbers)
    assert parse.parse(numbers.model_dump(mode="json")) == numbers, "it is written down and read back"


@pytest.mark.parametrize("overrides", [[], ["optimizer=sgd"], ["optimizer=muon"], ["model=vit"]])
def test_a_run_of_a_former_version_goes_on_with_its_numbers(overrides: list[str]):
    content = of_a_former_version(*overrides)
    assert is_former(flatten(content))
    before = parse.parse(content)
    stored.check_same_training(before.model_dump(mode="json"), compose_config(overrides))
    now = as_formerly(configured(*overrides))
    assert parse.config_hash(now) == parse.config_hash(before), "so its checkpoints are of the same configuration"
    assert not is_former(compose_config(overrides))


def test_a_run_goes_on_with_what_the_rule_decided_but_not_with_another_base():
    decided = {"training.batch_size": 16, "optimizer.lr": 1.5e-3, "transforms.horizontal_flip": 0.0}
    settled = with_values(configured(), decided).model_dump(mode="json")
    stored.check_same_training(settled, compose_config([]))
    for other in (
        "training.batch_size=32",
        "optimizer.lr=0.1",
        "optimizer.lr_base=0.1",
        "transforms.horizontal_flip=1",
    ):
        with pytest.raises(UsageError, match=other.partition("=")[0] + " was"):
            stored.check_same_training(settled, compose_config([other]))


def test_the_base_counts_only_where_a_rate_follows_it():
    def digest(*overrides: str) -> str:
        return parse.config_hash(configured(*overrides))

    assert digest("optimizer.lr_base=0.1") != digest()
    assert digest("optimizer.lr=1", "optimizer.lr_base=0.1") == digest("optimizer.lr=1")


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("training.batch_size=none", 'training.batch_size="none"'),
        ("training.batch_size=0", "training.batch_size=0: it must be greater than or equal to 1, or auto"),
        ("optimizer.lr=Auto", 'optimizer.lr="Auto": it must be a valid number, or auto'),
        ("optimizer.lr=-1", "optimizer.lr=-1: it must be greater than 0"),
        ("transforms.horizontal_flip=2", "transforms.horizontal_flip=2: it must be less than or equal to 1"),
        ("optimizer.lr_base=null", "lr=auto follows the batch from lr_base"),
    ],
)
def test_what_is_neither_a_number_nor_auto_is_refused(override: str, says: str):
    with pytest.raises(UsageError) as refusal:
        configured(override)
    assert says in str(refusal.value)
