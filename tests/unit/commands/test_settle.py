from pathlib import Path

import pytest

from sightline.cli import compose_config
from sightline.commands import settle as settle_file
from sightline.commands.settle import settle
from sightline.config import parse
from sightline.config.schema import Config
from sightline.machine.distributed import World
from sightline.run.folder import Run


def begun(folder: Path, images: int, *overrides: str) -> tuple[Run, Config]:
    """A run whose data gate has passed so many training images."""
    config = parse.parse(compose_config(["data=digits", *overrides]))
    run = Run.at(folder)
    run.save_text("config.yaml", parse.to_yaml(config))
    items = {
        role: {"ids": [], "hashes": [], "labels": [], "groups": None}
        for role in ("train", "val", "calibration", "test")
    }
    ids = [str(number) for number in range(images)]
    items["train"] |= {"ids": ids, "hashes": ids, "labels": [0] * images}
    run.save_json("split.json", {"seed": 0, "class_names": ["a", "b"], "counts": {}, "items": items})
    return run, config


def stored(run: Run) -> Config:
    return parse.parse(parse.load(run.path / "config.yaml"))


def test_the_run_says_what_the_rule_decided_and_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run, config = begun(tmp_path, 400)
    settled = settle(config, run)
    assert (settled.training.batch_size, settled.optimizer.lr, settled.transforms.horizontal_flip) == (16, 1.5e-3, 0)
    assert stored(run) == settled
    monkeypatch.setattr(settle_file, "fit", lambda *_: pytest.fail("the rule is asked once"))
    assert settle(config, run) == settled
    assert settle(settled, run) is settled


def test_what_the_command_says_of_itself_stays_out_of_the_run(tmp_path: Path):
    run, config = begun(tmp_path, 400)
    shorter = config.model_copy(update={"mode": config.mode.model_copy(update={"stages": ("train",)})})
    settle(shorter, run)
    assert stored(run).mode == config.mode


def test_processes_that_train_together_have_their_share_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run, config = begun(tmp_path, 400)
    monkeypatch.setattr(settle_file, "world", lambda: World(rank=0, size=4))
    assert settle(config, run).training.batch_size == 32


def test_a_killed_command_that_had_a_part_of_it_decides_the_rest(tmp_path: Path):
    run, config = begun(tmp_path, 400, "optimizer.lr=0.5")
    settled = settle(config, run)
    assert (settled.training.batch_size, settled.optimizer.lr) == (16, 0.5)
    assert stored(run) == settled
