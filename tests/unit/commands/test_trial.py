"""What every trial of a sweep starts from: what wins over what, and what the best leaves as a recipe."""

import errno
import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from sightline.cli import compose_config
from sightline.commands.command import Command
from sightline.commands.trial import TrialTemplate, run_trial
from sightline.config import parse
from sightline.errors import DiskError, RunFailedError, UsageError


@pytest.fixture
def template(tmp_path: Path) -> TrialTemplate:
    typed = ["mode=sweep", "data=digits", "optimizer=sgd", "training.epochs=3", "device=cpu"]
    file = tmp_path / "s.yaml"
    file.write_text("space: {optimizer.lr: {uniform: [0, 1]}}\noverrides: [training.epochs=9, seed=4]\n")
    overrides = [*typed, f"sweep={file}"]
    command = Command(parse.parse(compose_config(overrides)), overrides, ["sweep"], compose_config)
    return TrialTemplate.from_command(command).in_folder(tmp_path)


def test_what_was_typed_wins_over_the_search_and_values_win_over_both(template: TrialTemplate):
    config = template.config_with({"optimizer.lr": 0.25, "optimizer": "adamw"}, seed=7)
    assert (config.training.epochs, config.seed, config.optimizer.name, config.optimizer.lr) == (3, 7, "adamw", 0.25)
    assert template.config_with({}).seed == 4
    assert config.training.monitor == template.metric
    assert config.mode.name == "train", "a trial is no sweep of its own"
    with pytest.raises(UsageError, match=r"optimizer\.lr"):
        template.config_with({"optimizer.lr": -1})


def test_the_recipe_trains_what_the_values_said(template: TrialTemplate):
    text = template.recipe({"optimizer.lr": 0.25}, "small", "it is good")
    assert text.startswith(
        f"# bash run.sh train recipe={template.folder / 'best.yaml'}\n# The best of sweep small: it is"
    )
    overrides = yaml.safe_load(text)["overrides"]
    assert overrides[-1] == "optimizer.lr=0.25"
    assert "device=cpu" not in overrides, "where it ran is no part of what was found"


def test_a_worker_process_can_be_given_it(template: TrialTemplate):
    assert pickle.loads(pickle.dumps(template)) == template
    assert template.trial_folder(3) == template.folder / "trials/0003"


def test_a_disk_that_fails_is_no_fault_of_the_trial(template: TrialTemplate, monkeypatch: pytest.MonkeyPatch):
    claimed = SimpleNamespace(values={"optimizer.lr": 0.25}, number=3)

    def ended(error: Exception):
        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr(TrialTemplate, "open_run", fail)
        return run_trial(template, None, claimed)

    outcome = ended(RunFailedError("the loss is nan"))
    assert (outcome.state, outcome.reason) == ("failed", "the loss is nan")
    with pytest.raises(DiskError, match="full"):
        ended(DiskError("the disk is full"))


def test_a_run_that_the_disk_does_not_take_is_no_fault_of_the_trial_either(
    template: TrialTemplate, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("sightline.run.folder.Run.save_text", fail)
    with pytest.raises(DiskError, match="trials/0003 cannot be written: Input/output error; nothing was begun"):
        run_trial(template, None, SimpleNamespace(values={"optimizer.lr": 0.25}, number=3))  # type: ignore[arg-type]
    assert not template.trial_folder(3).exists()
