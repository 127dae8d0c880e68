"""Another tool's masks are measured and compared by the same commands, without a model."""

import json
from pathlib import Path

import numpy as np
import pytest

from sightline.cli import main


def masks(folder: Path, wrong: int) -> Path:
    """Thirty images of two classes, with sampled pixels; also a calibration split."""
    folder.mkdir()
    for split, seed in (("test", 0), ("calibration", 1)):
        rng = np.random.default_rng(seed)
        counts = rng.integers(20, 90, (30, 2))
        confusions = np.zeros((30, 2, 2), int)
        missed = np.minimum(rng.integers(0, wrong, (30, 2)), counts)
        confusions[:, [0, 1], [0, 1]], confusions[:, [0, 1], [1, 0]] = counts - missed, missed
        image = np.repeat(np.arange(30), 8)
        logits = rng.normal(size=(240, 2))
        sampled = {
            "pixel_logits": 3 * logits,
            "pixel_labels": (rng.random(240) < 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))).astype(int),
            "pixel_images": image,
        }
        names = [f"{split}{index}" for index in range(30)]
        np.savez(folder / f"{split}.npz", ids=names, confusions=confusions, class_names=["no", "yes"], **sampled)
    return folder


def test_they_are_calibrated_and_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder, out = masks(tmp_path / "masks", 30), tmp_path / "out"
    main(["calibrate", f"predictions={folder}", f"output={out}"])
    main(["evaluate", f"predictions={folder}", f"output={out}"])
    found = json.loads((out / "evaluation.json").read_text())
    assert (found["n"], found["class_names"]) == (30, ["no", "yes"])
    assert found["metrics"]["mean_iou"]["low"] < found["metrics"]["mean_iou"]["value"]
    assert found["calibrated"]["sets"][0]["missed"]["value"] < 0.3
    assert "Mean IoU" in capsys.readouterr().out


def test_they_are_compared(tmp_path: Path):
    one, other = masks(tmp_path / "a", 10), masks(tmp_path / "b", 40)
    main(["compare", f"run=[{one},{other}]", f"output={tmp_path / 'out'}"])
    found = json.loads((tmp_path / "out/comparison.json").read_text())
    assert found["metric"] == "mean_iou"
    assert found["pairs"][0]["low"] > 0
