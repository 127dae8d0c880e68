"""What a sweep refuses before its first trial."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from sightline.cli import compose_config
from sightline.commands.command import Command
from sightline.commands.sweep import refuse_unused_by_trials
from sightline.commands.trial import TrialTemplate
from sightline.config import parse
from sightline.errors import UsageError


@pytest.mark.parametrize(
    ("typed", "search", "says"),
    [
        ([], "space: {segmentation.smooth: {uniform: [1, 2]}}", "segmentation.smooth=… is for models that predict a"),
        ([], "space: {seed: {integer: [1, 2]}}\noverrides: [multitask.weights.mask=2]", "multitask.weights.mask=2 is"),
        (["segmentation.smooth=2"], "space: {seed: {integer: [1, 2]}}", "segmentation.smooth=2 is for models that"),
        (["segmentation.smooth=2"], "space: {model: {categorical: [cnn, multitask]}}", ""),
        (["segmentation.smooth=2"], "space: {model: {categorical: [cnn, resnet]}}", "segmentation.smooth=2 is for"),
        (["compare.metric=f1_macro"], "space: {imbalance.beta: {uniform: [0.9, 0.99]}}", ""),
        (["segmentation.focal_gamma=3", "model=unet"], "space: {segmentation.loss.focal: {uniform: [0, 1]}}", ""),
    ],
)
def test_a_key_that_no_trial_uses_is_refused(tmp_path: Path, typed: list[str], search: str, says: str):
    (tmp_path / "s.yaml").write_text(search)
    overrides = ["mode=sweep", "data=shapes", f"sweep={tmp_path / 's.yaml'}", *typed]
    command = Command(parse.parse(compose_config(overrides)), overrides, [], compose_config)
    with pytest.raises(UsageError, match=says) if says else nullcontext():
        refuse_unused_by_trials(command, TrialTemplate.from_command(command))
