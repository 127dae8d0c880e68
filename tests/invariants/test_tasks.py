"""What holds of labels holds of masks, and of a label and a mask either of which is missing: to the bit."""

import json
import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sightline.cli import compose_config
from sightline.config import parse
from sightline.data.sources.shapes import find_shapes
from sightline.reporting.contents import Contents
from sightline.run.folder import Run
from tests.conftest import ROOT, Command
from tests.invariants.comparing import same, states

TINY = (
    "data=shapes", "data.images=60", "data.height=32", "data.width=32", "model.width=8",
    "model.decoder_channels=[16,8,8,8,8]", "tracking=none", "evaluation.resamples=100", "calibration.resamples=100",
    "compare.resamples=100", "compare.metric=mean_iou",
)  # fmt: skip
MISSING = ("data.labels_missing=0.3", "data.masks_missing=0.3")
TASKS = {
    "unet": ("unet", *TINY, "segmentation.class_weights=effective", "segmentation.loss.lovasz=0.5"),
    "multitask": ("multitask", *TINY, *MISSING, "multitask.weights=learned"),
}
LONG = ("training.epochs=3", "training.checkpoint_minutes=0.001", "training.ema_decay=0.9", "training.soup=2")
TRAINED = "mode.stages=[validate,train]"


def content(run: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / name).read_text())
    return found


@pytest.fixture(scope="module", params=TASKS)
def finished(request: pytest.FixtureRequest, sightline: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one epoch that was measured."""
    runs = tmp_path_factory.mktemp(request.param)
    answer = sightline(
        "1", *TASKS[request.param], "mode.stages=[validate,train,calibrate,evaluate]", f"runs_dir={runs}"
    )
    assert answer.status == 0, answer.err
    return runs / "latest"


def test_every_target_is_measured_and_calibrated(finished: Path):
    evaluation, calibration = content(finished, "evaluation.json"), content(finished, "calibration.json")
    metrics = evaluation["metrics"]
    assert {"mean_iou", "pixel_accuracy"} <= metrics.keys()
    assert all(entry["low"] <= entry["value"] <= entry["high"] for entry in (metrics["mean_iou"],))
    if "label" not in evaluation:
        assert calibration["temperature"] > 0
        return
    for name in ("label", "mask"):
        assert calibration[name]["temperature"] > 0
        assert evaluation[name]["metrics"].items() <= metrics.items()
    test = content(finished, "split.json")["items"]["test"]
    assert evaluation["label"]["n"] == sum(label >= 0 for label in test["labels"]) < evaluation["n"]
    assert evaluation["mask"]["unlabelled"] == sum(mask is None for mask in test["targets"]["mask"]) > 0


def test_wrong_labels_have_their_photos_and_heat_maps(finished: Path):
    """Those of a label beside a mask as those of a label alone."""
    photos = Contents(Run(finished), "label").photos
    if "label" not in content(finished, "evaluation.json"):
        assert not photos.photos
        return
    listed = content(finished, "examples/label_examples.json")
    assert listed["mistakes"]
    assert {one["id"] for one in listed["mistakes"]} == photos.maps.keys() <= photos.photos.keys()
    shapes = find_shapes(parse.parse(compose_config(["model=multitask", *TASKS["multitask"][1:]])).data)
    drawn = dict(zip(shapes.ids, shapes.pixels, strict=True))
    for name, photo in photos.photos.items():
        far = {other: np.abs(np.asarray(Image.open(BytesIO(photo)), float) - drawn[other]).mean() for other in drawn}
        assert min(far, key=far.__getitem__) == name, "its own image"


@pytest.mark.slow
def test_one_class_of_a_mask_is_explained(finished: Path, sightline: Command):
    answer = sightline("explain", f"run={finished}", "explain.mask_class=background")
    assert answer.status == 0, answer.err
    items = [item for item in content(finished, "explain/explain.json")["items"] if item.get("of", "mask") == "mask"]
    assert items
    assert {item["target"] for item in items} == {0}
    with np.load(finished / "explain/maps.npz") as archive:
        maps = archive["maps"]
    assert maps.shape[1:] == (32, 32)
    assert maps.max() == 1
    answer = sightline("explain", f"run={finished}", "explain.mask_class=cow")
    assert (answer.status, "explain.mask_class=cow is no class; there are" in answer.err) == (2, True)


@pytest.mark.slow
def test_masks_and_labels_are_averaged_over_views(finished: Path, sightline: Command):
    answer = sightline("evaluate", f"run={finished}", "evaluation.tta=flip")
    assert answer.status == 0, answer.err
    found = content(finished, "evaluation.json")
    for part in [found[name] for name in ("label", "mask") if name in found] or [found]:
        assert part["tta"]["views"] == "flip"
        assert set(part["tta"]["metrics"]) == set(part["metrics"])
        assert all({"value", "low", "high"} <= set(entry) for entry in part["tta"]["metrics"].values())


@pytest.mark.slow
@pytest.mark.parametrize("task", ["unet", "multitask"])
def test_killed_and_resumed_it_ends_the_same(task: str, sightline: Command, tmp_path: Path):
    """Weights, averages, learned balances, tallies and rows, all to the bit."""
    arguments = (*TASKS[task], *LONG, TRAINED)
    process = subprocess.Popen(
        [sys.executable, "-m", "sightline", *arguments, f"runs_dir={tmp_path / 'killed'}"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    rows, last = (tmp_path / "killed/latest" / name for name in ("metrics.jsonl", "checkpoints/last.pt"))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (rows.exists() and '"epoch": 1' in rows.read_text() and last.exists()):
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    done = torch.load(last, weights_only=True)["progress"]["step"]
    for runs, more in ((tmp_path / "whole", ()), (tmp_path / "killed", ("run=latest",))):
        answer = sightline(*arguments, f"runs_dir={runs}", *more)
        assert answer.status == 0, answer.err
    assert f"going on after step {done}" in answer.out
    (one, rows_of_one), (other, rows_of_other) = (states(tmp_path / name / "latest") for name in ("whole", "killed"))
    assert 0 < done < one["progress"]["step"]
    assert same(one, other)
    assert rows_of_one == rows_of_other
    assert ("objective" in one) == (task == "multitask")


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_seeds_are_trained_and_compared(task: str, sightline: Command, tmp_path: Path):
    stages = "mode.stages=[validate,train,evaluate]"
    answer = sightline("1", *TASKS[task], "seeds=[1,2]", stages, f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    (study,) = (path for path in tmp_path.glob("*/*") if (path / "comparison.json").exists())
    found = content(study, "comparison.json")
    assert found["metric"] == "mean_iou"
    assert ("compare.metric=accuracy compares the labels" in " ".join(found["notes"])) == (task == "multitask")
    runs = [str(path) for path in tmp_path.glob("*/*") if (path / "evaluation.json").exists()]
    answer = sightline("compare", f"run=[{','.join(runs)}]", "compare.metric=mean_iou", "compare.resamples=100")
    assert answer.status == 0, answer.err


@pytest.mark.slow
@pytest.mark.parametrize("task", ["unet", pytest.param("multitask", marks=pytest.mark.exhaustive)])
def test_a_sweep_by_the_iou_of_masks(task: str, own_process: Command, tmp_path: Path):
    answer = own_process(
        "sweep", *TASKS[task], "training.epochs=1", "sweep.trials=2", "sweep.fresh_seeds=1", "sweep.top=1",
        "sweep.metric=val_mean_iou", "sweep.space={optimizer.lr: {log_uniform: [1e-4, 1e-2]}}", "sweep.jobs=1",
        f"runs_dir={tmp_path}",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    (search,) = tmp_path.glob("sweeps/*")
    assert content(search, "sweep.json")["metric"] == "val_mean_iou"
    assert len(content(search, "sweep.json")["trials"]) == 2
