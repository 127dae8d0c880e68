"""Training: checkpoints, curves, and what the model does to an image."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.cli import configure
from sightline.data.dataset import list_images
from sightline.inference.model import input_spec
from sightline.run.folder import Run
from sightline.stages import train
from tests.conftest import Command
from tests.stages.conftest import load, looks_at_test_labels, strangers, times


def test_it_leaves_checkpoints_and_curves(sightline: Command, on_bars: tuple[str, ...], tmp_path: Path):
    answer = sightline("train", *on_bars, "mode.stages=[validate,train]", f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    run = (tmp_path / "latest").resolve()
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    steps = [row["step"] for row in rows if row["kind"] == "step"]
    last, best = (torch.load(run / f"checkpoints/{name}.pt", weights_only=True) for name in ("last", "best"))
    assert last["progress"]["step"] == steps[-1] + 1
    assert [row["epoch"] for row in rows if row["kind"] == "epoch"] == [best["row"]["epoch"]] == [0]
    assert load(run, "preprocessing.json")["class_names"] == best["class_names"] == ["lying", "upright"]
    assert looks_at_test_labels(run) == 0
    of_validate = {"config.yaml", "provenance.json", "split.json", "validation.json", "duplicates.csv"}
    assert not strangers("train", set(times(run)) - of_validate)


def test_weights_that_learned_from_what_is_held_out_are_refused(
    sightline: Command, finished: Path, on_bars: tuple[str, ...], tmp_path: Path
):
    """The words are those for a teacher."""
    ask = ("train", *on_bars, "mode.stages=[validate,train]", f"runs_dir={tmp_path}")
    weights = f"model.weights={finished / 'checkpoints/best.pt'}"
    assert sightline(*ask, weights).status == 0, "the same split"
    refusals = [sightline(*ask, "data.split_seed=9", key) for key in (weights, f"training.teacher={finished}")]
    assert [refusal.status for refusal in refusals] == [2, 2]
    said = [refusal.err[refusal.err.index(" was trained on") :].splitlines()[0] for refusal in refusals]
    assert said[0] == said[1]
    assert "split here" in said[0]


def test_without_a_split_it_says_what_is_missing(sightline: Command, on_bars: tuple[str, ...], tmp_path: Path):
    answer = sightline("train", *on_bars, "mode.stages=[train,evaluate]", f"runs_dir={tmp_path}")
    assert answer.status == 2
    assert "mode.stages=[train,evaluate] splits no data: begin with validate" in answer.err
    assert not list(tmp_path.iterdir())


def test_a_training_that_goes_on_keeps_the_white_it_began_with(run: Path, on_bars: tuple[str, ...]):
    config = configure(*on_bars[1:], "mode=train")
    source = list_images(config)
    stored = load(run, "preprocessing.json")
    for white, kept in ((1234, 1234), (None, 65535)):  # earlier versions wrote none
        content = {key: value for key, value in stored.items() if key != "white"} | ({"white": white} if white else {})
        (run / "preprocessing.json").write_text(json.dumps(content))
        assert train.white_of_run(config, Run(run), source, input_spec(config, source)) == kept


@pytest.mark.slow
def test_masks_of_images_of_many_shapes_are_learned_and_explained(sightline: Command, tmp_path: Path):
    drawn = ("data=shapes", "data.images=48", "data.height=[33,48]", "data.width=[40,64]", "data.kinds=2")
    small = ("image_size=32", "model.width=8", "training.epochs=1", "tracking=none", f"runs_dir={tmp_path}")
    answer = sightline("train", "unet", *drawn, *small, "mode.stages=[validate,train,explain]")
    assert answer.status == 0, answer.err
    run = (tmp_path / "latest").resolve()
    items = load(run, "explain/explain.json")["items"]
    with np.load(run / "explain/maps.npz") as arrays:
        assert len(arrays["maps"]) == len(items) > 0
    assert (run / "figures/augmentation.png").is_file()


def test_training_against_attacks_says_what_it_costs_and_measures_val_as_it_is(
    sightline: Command, on_bars: tuple[str, ...], tmp_path: Path
):
    words = ("train", *on_bars, "mode.stages=[validate,train]", "training.adversarial=pgd")
    more = ("training.adversarial.steps=2", "training.adversarial.budget=64", "optimizer.lr=1e-9", "transforms=none")
    answer = sightline(*words, *more, f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    said = " ".join(answer.out.split())
    assert "adversarial training within 64/255 (linf), 2 steps of 80/255: 3 passes forward and back" in said
    assert "training.adversarial=pgd is read as" not in said
    plain = sightline("train", *on_bars, *more[2:], "mode.stages=[validate,train]", f"runs_dir={tmp_path}/plain")
    assert plain.status == 0, plain.err
    attacked, other = (
        next(
            row
            for row in map(json.loads, (runs / "latest/metrics.jsonl").read_text().splitlines())
            if "val_loss" in row
        )
        for runs in (tmp_path, tmp_path / "plain")
    )
    assert attacked["train_loss"] > other["train_loss"] + 0.01


def test_keys_of_an_attack_that_is_off_are_refused(sightline: Command, on_bars: tuple[str, ...], tmp_path: Path):
    answer = sightline("train", *on_bars, "training.adversarial.steps=3", f"runs_dir={tmp_path}")
    assert answer.status == 2
    assert "training.adversarial.steps=3 has no effect" in answer.err
