"""Every stage on 64 images, for each family of models: convolutional, depthwise, tokens, and our own."""

import json
from pathlib import Path

import pytest

from tests.conftest import Command

FAST = (
    "training.batch_size=16",
    "evaluation.resamples=100",
    "calibration.resamples=100",
    "data.val_fraction=0.2",
    "data.calibration_fraction=0.2",
    "tracking=none",
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "layer"),
    [
        ("cnn", "forward_features"),
        ("test_resnet", "forward_features"),
        ("test_efficientnet", "forward_features"),
        ("test_vit", "blocks"),
    ],
)
def test_one_epoch_through_every_stage(sightline: Command, bars: Path, tmp_path: Path, model: str, layer: str):
    network = ["cnn"] if model == "cnn" else ["timm", f"model.name={model}", "model.pretrained=false"]
    answer = sightline(
        "1", *network, "data=folder", f"data.root={bars}", "image_size=64", f"runs_dir={tmp_path}", *FAST
    )
    assert answer.status == 0, answer.err
    run = tmp_path / "latest"
    explained = json.loads((run / "explain/explain.json").read_text())
    assert layer in explained["layer"]
    assert {item["right"] for item in explained["items"]} <= {True, False}
    assert (run / "figures/explanations.png").stat().st_size > 5000
    assert (run / "report.html").is_file()
    assert json.loads((run / "preprocessing.json").read_text())["image_size"] == 64


def test_the_bars_are_learned(sightline: Command, bars: Path, tmp_path: Path):
    """A pipeline that mixes up labels, splits or pixels does not get here."""
    answer = sightline(
        "12", "cnn", "data=folder", f"data.root={bars}", "image_size=32", "transforms=none",
        "mode.stages=[validate,train,evaluate]", f"runs_dir={tmp_path}", *FAST,
    )  # fmt: skip
    assert answer.status == 0, answer.err
    metrics = json.loads((tmp_path / "latest/evaluation.json").read_text())["metrics"]
    assert metrics["accuracy"]["value"] >= 0.9
