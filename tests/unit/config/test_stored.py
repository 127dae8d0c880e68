import copy
from typing import Any

import pytest

from sightline.cli import compose_config
from sightline.config import parse, stored
from sightline.errors import UsageError


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    return compose_config(["optimizer.lr=0.123", "evaluation.level=0.9", "evaluation.gallery=7"])


def test_the_stored_configuration_wins_and_free_keys_change(before: dict[str, Any]):
    overrides = ["mode=evaluate", "evaluation.level=0.99"]
    result = stored.with_overrides(before, compose_config(overrides), overrides)
    assert result["optimizer"]["lr"] == 0.123
    assert result["evaluation"]["level"] == 0.99
    assert result["evaluation"]["gallery"] == 7, "what was not named stays as stored"
    assert result["mode"]["name"] == "evaluate"


def test_the_choice_of_a_free_group_changes(before: dict[str, Any]):
    overrides = ["tracking=none"]
    assert stored.with_overrides(before, compose_config(overrides), overrides)["tracking"]["name"] == "none"


def test_a_mode_of_its_own_is_not_bound_by_what_training_measured_on_the_way():
    quick = compose_config(["robustness=quick"])
    overrides = ["mode=robustness", "robustness.budget=4"]
    result = stored.with_overrides(quick, compose_config(overrides), overrides)
    assert (result["robustness"]["name"], result["robustness"]["severities"]) == ("default", [1, 2, 3, 4, 5])
    assert result["robustness"]["attacks"], "quick has none"
    assert stored.with_overrides(quick, compose_config(["mode=evaluate"]), [])["robustness"] == quick["robustness"]


@pytest.mark.parametrize(
    "override", ["optimizer.lr=0.123", "model=resnet", "+data.x=1", "seed=3", "limit=5", "~model", "rates=vit-adamw"]
)
def test_what_training_fixed_is_refused(before: dict[str, Any], override: str):
    with pytest.raises(UsageError, match="training fixed"):
        stored.with_overrides(before, compose_config([]), [override])


def test_resuming_takes_the_same_training_only(before: dict[str, Any]):
    stored.check_same_training(before, copy.deepcopy(before))
    other = compose_config(["optimizer.lr=0.123", "training.epochs=3", "limit=9"])
    with pytest.raises(UsageError, match=r"training\.epochs was 10") as refusal:
        stored.check_same_training(before, other)
    assert "limit was null" in str(refusal.value)


def test_what_changes_no_result_may_change_at_any_time(before: dict[str, Any]):
    overrides = ["data.workers=3", "data.store=disk", "training.checkpoint_minutes=1.5"]
    other = compose_config(["optimizer.lr=0.123", *overrides])
    stored.check_same_training(before, other)
    assert parse.config_hash(parse.parse(before)) == parse.config_hash(parse.parse(other))
    assert stored.with_overrides(before, other, overrides)["data"]["workers"] == 3


def test_a_choice_and_its_keys_come_in_any_order(before: dict[str, Any]):
    overrides = ["evaluation.ood.root=there", "evaluation.ood=folder"]
    result = stored.with_overrides(before, compose_config(overrides), overrides)
    assert (result["evaluation"]["ood"]["name"], result["evaluation"]["ood"]["root"]) == ("folder", "there")
    assert parse.parse(result).evaluation.ood is not None
    gone = ["evaluation.ood=null"]
    assert stored.with_overrides(result, compose_config(gone), gone)["evaluation"]["ood"] is None


def test_an_unknown_choice_is_named_by_the_key_that_was_typed():
    with pytest.raises(UsageError, match=r"evaluation.ood=fold is no choice; did you mean folder\?; it takes cifar10"):
        compose_config(["evaluation.ood=fold"])
    with pytest.raises(UsageError, match=r"unknown key evaluation.ood.rot"):
        compose_config(["evaluation.ood.rot=there"])
    assert compose_config(["evaluation.ood.root=there"])["evaluation"]["ood"]["name"] == "folder"
