"""Objects on other grounds, on a few drawn shapes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.cli import compose_config
from sightline.config import parse
from sightline.data.targets import LABEL, MASK, MISSING
from sightline.robustness.backgrounds import KINDS
from sightline.run.folder import Run
from sightline.stages.conditions.changed import squares_of
from sightline.stages.conditions.subject import Subject
from sightline.stages.conditions.swapped import Objects, SwappedLoader
from sightline.tasks.table import task_of_run
from tests.conftest import Command
from tests.stages.conftest import Stage, load

FEW = ("robustness.corruptions=[]", "robustness.shifts=[2]", "robustness.rotations=[]", "robustness.noise=[]")


@pytest.fixture(scope="module")
def drawn(sightline: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A label and a mask, learned from 48 drawn shapes of two kinds, two of them without a label."""
    runs = tmp_path_factory.mktemp("drawn")
    shapes = ("data=shapes", "data.images=48", "data.height=[31,32]", "data.width=32", "data.kinds=2")
    small = ("image_size=32", "model.width=8", "training.epochs=1", "tracking=none", "data.labels_missing=0.05")
    fractions = ("data.val_fraction=0.4", "mode.stages=[validate,train]")
    answer = sightline("train", "multitask", *shapes, *small, *fractions, f"runs_dir={runs}")
    assert answer.status == 0, answer.err
    return (runs / "latest").resolve()


@pytest.fixture
def shapes(drawn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drawn, tmp_path / "run"))


def test_both_grounds_are_measured_on_the_same_images(stage: Stage, shapes: Path):
    written = stage("robustness", shapes, *FEW)
    assert {f"robustness/background_{kind}.npz" for kind in KINDS} <= written
    content = load(shapes, "robustness.json")
    found = content["backgrounds"]
    assert "Attacks are for a classifier" in content["left_out"]
    clean, same, rand = (
        np.load(shapes / f"robustness/{name}.npz")["label.scores"]
        for name in ("clean", "background_same", "background_rand")
    )
    assert np.array_equal(np.isfinite(same), np.isfinite(rand))
    there = np.isfinite(same)
    assert found["n"] == there.sum() > 5
    assert found["original"]["value"] == pytest.approx(clean[there].mean())
    assert found["gap"]["value"] == pytest.approx(same[there].mean() - rand[there].mean())
    assert found["gap"]["low"] <= found["gap"]["value"] <= found["gap"]["high"]
    assert set(content["moves"]) == {"label", "mask"}
    assert 0 < content["moves"]["mask"]["all"]["consistency"]["value"] <= 1


def test_what_was_found_stays(stage: Stage, shapes: Path):
    stage("robustness", shapes, *FEW)
    whole = load(shapes, "robustness.json")
    (shapes / "robustness/background_rand.npz").unlink()
    written = stage("robustness", shapes, *FEW, "evaluation.batch_size=4")
    assert "robustness/background_rand.npz" in written
    assert "robustness/background_same.npz" not in written
    assert json.dumps(load(shapes, "robustness.json")["backgrounds"]) == json.dumps(whole["backgrounds"])


def test_objects_stay_and_grounds_are_of_the_partner(shapes: Path):
    run = Run(shapes)
    config = parse.read(shapes / "config.yaml", compose_config(["mode=robustness"]))
    subject = Subject.open(config, run, task_of_run(run))
    objects = Objects.of(subject)
    seen = subject.loaded.preprocessing
    plain = list(subject.loader)
    squares = [one for batch in plain for one in squares_of(batch.images, seen)]
    masks, labels = ([one for batch in plain for one in batch.targets[name]] for name in (MASK, LABEL))
    assert len({tuple(one.shape) for one in masks}) == 2
    for kind in KINDS:
        chosen = objects.partners(subject, kind).tolist()
        assert sum(one >= 0 for one in chosen) > 5
        batches = list(SwappedLoader(subject, objects.strips, np.array(chosen)))
        swapped = [one for batch in batches for one in squares_of(batch.images, seen)]
        told = [one for batch in batches for one in batch.targets[LABEL]]
        for row, partner in enumerate(chosen):
            if partner < 0:
                assert told[row] == MISSING
                continue
            inside = masks[row] > 0
            assert torch.equal(swapped[row][:, inside], squares[row][:, inside])
            grounds = {tuple(one) for one in squares[partner][:, masks[partner] == 0].T.tolist()}
            assert {tuple(one) for one in swapped[row][:, ~inside].T.tolist()} <= grounds
            assert told[row] == labels[row]


def test_they_are_no_concern_of_a_model_without_masks(stage: Stage, run: Path):
    stage("robustness", run, "robustness.attacks=[]", *FEW[:-1], "robustness.shifts=[]")
    content = load(run, "robustness.json")
    assert "backgrounds" not in content
    assert "left_out" not in content
