"""The demo, as a person runs it: what it leaves behind, and that it leaves the same every time."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sightline.metrics.catalogue import measured_of
from sightline.metrics.predictions import Predictions
from tests.conftest import DEMO, Command

FILES = [
    "config.yaml",
    "provenance.json",
    "split.json",
    "log.txt",
    "metrics.jsonl",
    "preprocessing.json",
    "checkpoints/last.pt",
    "checkpoints/best.pt",
    "predictions/val.npz",
    "predictions/calibration.npz",
    "predictions/test.npz",
    "validation.json",
    "duplicates.csv",
    "evaluation.json",
    "cost.json",
    "calibration.json",
    "explain/explain.json",
    "explain/maps.npz",
    "test_ledger.jsonl",
    "model_card.md",
    "report.html",
    "figures/augmentation.png",
    "figures/class_balance.png",
    "figures/curves.png",
    "figures/confusion.png",
    "figures/confusion_normalised.png",
    "figures/roc.png",
    "figures/precision_recall.png",
    "figures/per_class.png",
    "examples/examples.json",
    "examples/photos.npz",
    "examples/mistakes.csv",
    "examples/second_look.csv",
    "figures/embedding.png",
    "figures/reliability.png",
    "figures/explanations.png",
]


def load(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.parametrize("name", FILES)
def test_leaves_every_file(demo_run: Path, name: str):
    assert (demo_run / name).stat().st_size > 0


def test_every_number_has_an_interval(demo_run: Path):
    evaluation = load(demo_run / "evaluation.json")
    assert evaluation["split"] == "test"
    metrics = evaluation["metrics"]
    assert list(metrics) == list(measured_of("classification"))
    for name, entry in metrics.items():
        assert set(entry) == {"value", "low", "high", "level", "method"}, name
        assert entry["level"] == 0.95
        assert entry["low"] <= entry["high"], name
        assert all(math.isfinite(entry[key]) for key in ("value", "low", "high"))
    assert np.sum(evaluation["confusion"]) == evaluation["n"]


def test_evaluation_follows_from_the_predictions(demo_run: Path):
    with np.load(demo_run / "predictions/test.npz") as arrays:
        assert arrays["logits"].dtype == np.float32
        assert len(set(arrays["ids"].tolist())) == len(arrays["ids"])
        accuracy = (arrays["logits"].argmax(axis=1) == arrays["labels"]).mean()
    assert load(demo_run / "evaluation.json")["metrics"]["accuracy"]["value"] == pytest.approx(accuracy)


def test_what_was_calibrated_is_measured_on_the_test_split(demo_run: Path):
    calibration, calibrated = load(demo_run / "calibration.json"), load(demo_run / "evaluation.json")["calibrated"]
    assert calibrated["temperature"] == calibration["temperature"]
    with np.load(demo_run / "predictions/test.npz") as arrays:
        predictions = Predictions(arrays["ids"], arrays["logits"], arrays["labels"])
    probabilities = predictions.probabilities(calibration["temperature"])
    truth = probabilities[np.arange(len(predictions)), predictions.labels]
    assert calibrated["metrics"]["log_loss"]["value"] == pytest.approx(-np.log(truth).mean(), rel=1e-6)
    lac = next(e for e in calibrated["conformal"] if (e["method"], e["conditional"]) == ("lac", "marginal"))
    assert lac["coverage"]["value"] == pytest.approx((1 - truth <= lac["quantile"]).mean())
    assert 0.8 < lac["coverage"]["value"] <= 1
    assert len(calibrated["conformal"]) == len(calibration["conformal"]) == 6
    page = (demo_run / "report.html").read_text()
    assert "Sets that hold the truth" in page
    assert f"Measured on {len(predictions)} images of the test split" in page


@pytest.mark.slow
def test_without_calibration_images_all_else_goes_on(sightline: Command, tmp_path: Path):
    words = [*DEMO[1:], "data.calibration_fraction=0", "limit=300", "training.epochs=1", f"runs_dir={tmp_path}"]
    answer = sightline("demo", *words)
    assert answer.status == 0, answer.err
    assert "there are no calibration images" in answer.err + answer.out
    assert "calibrated" not in load(tmp_path / "latest/evaluation.json")
    assert not (tmp_path / "latest/calibration.json").exists()
    alone = sightline("calibrate", f"runs_dir={tmp_path}")
    assert (alone.status, "data.calibration_fraction=0.1" in alone.err) == (2, True)


def test_checkpoints_hold_no_code(demo_run: Path):
    for name in ("last", "best"):
        content = torch.load(demo_run / f"checkpoints/{name}.pt", weights_only=True)
        assert {"model", "config_hash", "split", "class_names"} <= set(content)


def test_the_test_labels_were_used_once(demo_run: Path):
    assert len((demo_run / "test_ledger.jsonl").read_text().splitlines()) == 1


def test_splits_are_disjoint_in_content(demo_run: Path):
    items = load(demo_run / "split.json")["items"]
    hashes = [set(items[role]["hashes"]) for role in ("train", "val", "calibration", "test")]
    assert sum(map(len, hashes)) == len(set.union(*hashes))


def test_curves_have_a_row_an_epoch(demo_run: Path):
    rows = [json.loads(line) for line in (demo_run / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows if row["kind"] == "epoch"] == [0, 1]
    assert sum(row["kind"] == "step" for row in rows) >= 20


def test_the_page_stands_alone(demo_run: Path):
    page = (demo_run / "report.html").read_text()
    assert "<script src" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert page.count("data:image/png;base64,") >= 10


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(demo_run: Path, sightline: Command, tmp_path: Path):
    answer = sightline(*DEMO, f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    again = tmp_path / "latest"
    for name in ("evaluation.json", "calibration.json", "split.json", "explain/maps.npz"):
        assert (again / name).read_bytes() == (demo_run / name).read_bytes(), name
    for split in ("val", "calibration", "test"):
        name = f"predictions/{split}.npz"
        assert (again / name).read_bytes() == (demo_run / name).read_bytes(), name
    for name in ("checkpoints/best.pt", "checkpoints/last.pt"):
        one, other = (torch.load(run / name, weights_only=True)["model"] for run in (demo_run, again))
        assert all(torch.equal(one[key], other[key]) for key in one), name


def test_another_seed_gives_another_model_on_the_same_split(demo_run: Path, sightline: Command, tmp_path: Path):
    answer = sightline(*DEMO, "training.epochs=1", "seed=1", "mode.stages=[validate,train]", f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    assert (tmp_path / "latest/split.json").read_bytes() == (demo_run / "split.json").read_bytes()
    one, other = (
        torch.load(run / "checkpoints/best.pt", weights_only=True)["model"] for run in (demo_run, tmp_path / "latest")
    )
    assert any(not torch.equal(one[key], other[key]) for key in one)


def copied(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run, tmp_path / "runs" / "digits-cnn" / run.name))


@pytest.mark.slow
def test_a_later_stage_changes_its_own_numbers_only(demo_run: Path, sightline: Command, tmp_path: Path):
    run = copied(demo_run, tmp_path)
    before = load(run / "evaluation.json")
    changes = ("evaluation.level=0.8", "evaluation.tta=flip_shift")
    answer = sightline("evaluate", f"run={run}", *changes, f"runs_dir={tmp_path / 'runs'}")
    assert answer.status == 0, answer.err
    after = load(run / "evaluation.json")
    assert after["metrics"]["accuracy"]["value"] == before["metrics"]["accuracy"]["value"]
    assert after["metrics"]["accuracy"]["level"] == 0.8
    assert after["metrics"]["accuracy"]["low"] > before["metrics"]["accuracy"]["low"]
    averaged = after["tta"]["metrics"]
    assert after["tta"]["views"] == "flip_shift"
    assert set(averaged) == set(measured_of("classification"))
    assert averaged["log_loss"]["value"] != after["metrics"]["log_loss"]["value"]
    for name in ("val", "calibration", "test"):
        predictions = f"predictions/{name}.npz"
        assert (run / predictions).read_bytes() == (demo_run / predictions).read_bytes(), "views stay apart"
    assert len((run / "test_ledger.jsonl").read_text().splitlines()) == 2, "the ledger counts every use"


def test_a_damaged_checkpoint_without_another_is_named(demo_run: Path, sightline: Command, tmp_path: Path):
    run = copied(demo_run, tmp_path)
    path = run / "checkpoints/best.pt"
    for other in ("last.pt", "previous.pt"):
        (run / "checkpoints" / other).unlink(missing_ok=True)
    path.write_bytes(path.read_bytes()[:1000])
    answer = sightline("explain", f"run={run}")
    assert answer.status == 1
    assert "best.pt is damaged" in answer.err
    assert "Traceback" not in answer.err


def test_predict_answers_for_a_file_and_a_folder(demo_run: Path, bars: Path, sightline: Command, tmp_path: Path):
    answer = sightline("predict", f"run={demo_run}", f"input={bars}", f"output={tmp_path / 'out'}")
    assert answer.status == 0, answer.err
    rows = json.loads((tmp_path / "out/predictions.json").read_text())
    assert len(rows) == 64
    assert all(0 < row["probability"] <= 1 and len(row["top"]) == 3 for row in rows)
    assert len((tmp_path / "out/predictions.csv").read_text().splitlines()) == 65
    one = sightline("predict", f"run={demo_run}", f"input={bars / 'lying/00.png'}", "predict.top_k=1")
    assert one.status == 0, one.err
    first = next(row for row in rows if row["path"].endswith("lying/00.png"))
    assert f"{first['label']} {first['probability']:.1%}" in one.out


TAUGHT = ("training.epochs=2", "model.width=16", "tracking=none", "mode.stages=[validate,train]")


@pytest.mark.slow
def test_a_run_teaches_another(demo_run: Path, sightline: Command, tmp_path: Path):
    """Asked once for pixels that never change, or for every batch: nearly the same lesson, and another than none."""
    losses = {}
    for name, more in {
        "alone": (),
        "once": (f"training.teacher={demo_run}",),
        "always": (f"training.teacher={demo_run}", "transforms.erasing=1e-9"),
    }.items():
        arguments = ("demo", *TAUGHT, "transforms=none", *more, f"runs_dir={tmp_path / name}")
        answer = sightline(*arguments)
        assert answer.status == 0, answer.err
        rows = [json.loads(line) for line in (tmp_path / name / "latest/metrics.jsonl").read_text().splitlines()]
        losses[name] = [row["loss"] for row in rows if row["kind"] == "step"]
    assert losses["once"] == pytest.approx(losses["always"], rel=0.05)
    assert losses["once"][0] != pytest.approx(losses["alone"][0], rel=0.05)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("training.teacher=nowhere", "training.teacher=nowhere: run=nowhere is no run"),
        ("training.teacher=latest", "would soon mean the new run itself"),
    ],
)
def test_a_teacher_that_is_none_is_refused(sightline: Command, tmp_path: Path, override: str, words: str):
    answer = sightline("demo", *TAUGHT, override, f"runs_dir={tmp_path}")
    assert answer.status == 2
    assert words in answer.err
    assert "Traceback" not in answer.err


def test_a_teacher_of_another_split_is_refused(demo_run: Path, sightline: Command, tmp_path: Path):
    answer = sightline("demo", *TAUGHT, f"training.teacher={demo_run}", "data.split_seed=9", f"runs_dir={tmp_path}")
    assert answer.status == 2
    assert "was trained on" in answer.err
    assert "split here" in answer.err
