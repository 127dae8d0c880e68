"""Corruptions on a few images."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sightline.stages.conditions import corrupted
from tests.conftest import Command
from tests.stages.conftest import Stage, ledger, load, looks_at_test_labels

STILL = ("robustness.attacks=[]", "robustness.shifts=[]", "robustness.rotations=[]", "robustness.backgrounds=false")
FEW = (*STILL, "robustness.corruptions=[gaussian_noise,contrast]", "robustness.severities=[1,5]")


def test_every_condition_is_measured_and_val_leaves_the_test_split_locked(stage: Stage, run: Path):
    before = looks_at_test_labels(run)
    written = stage("robustness", run, *FEW)
    assert {
        "robustness.json",
        "figures/corruptions.png",
        "robustness/clean.npz",
        "robustness/contrast_5.npz",
    } <= written
    found = load(run, "robustness.json")
    label = found["corruptions"]["targets"]["label"]
    assert [(one["corruption"], one["severity"]) for one in label["conditions"]] == [
        ("clean", 0), ("gaussian_noise", 1), ("gaussian_noise", 5), ("contrast", 1), ("contrast", 5)
    ]  # fmt: skip
    assert found["split"] == "val"
    assert looks_at_test_labels(run) == before
    for one in label["conditions"]:
        for entry in one["metrics"].values():
            assert entry["low"] <= entry["value"] <= entry["high"]
        assert {each["method"] for each in one["sets"]} == {"lac", "aps", "raps"}
    arrays = dict(np.load(run / "robustness/contrast_5.npz"))
    assert label["conditions"][-1]["metrics"]["accuracy"]["value"] == pytest.approx(arrays["label.scores"].mean())


def test_the_test_split_is_one_look(stage: Stage, run: Path):
    before = len(ledger(run))
    stage("robustness", run, *FEW, "robustness.split=test")
    stage("robustness", run, *FEW, "robustness.split=test")
    first, second = ledger(run)[before:]
    assert first["measured"] == second["measured"]
    assert len(first["measured"]) == 5


def test_what_was_found_stays_and_the_rest_is_added(stage: Stage, run: Path, monkeypatch: pytest.MonkeyPatch):
    stage("robustness", run, *FEW)
    whole = load(run, "robustness.json")
    for name in ("robustness.json", "robustness/gaussian_noise_5.npz"):
        (run / name).unlink()
    asked = []
    real = corrupted.corrupt

    def corrupt(images, ids, name, severity, **how):
        asked.append((name, severity))
        return real(images, ids, name, severity, **how)

    monkeypatch.setattr(corrupted, "corrupt", corrupt)
    stage("robustness", run, *FEW)
    assert set(asked) == {("gaussian_noise", 5)}
    assert json.dumps(load(run, "robustness.json")) == json.dumps(whole)


def test_beside_a_baseline_of_the_same_pixels(stage: Stage, sightline: Command, run: Path, tmp_path: Path):
    other = Path(shutil.copytree(run, tmp_path / "other"))
    words = ("robustness", f"run={run}", "tracking=none", *FEW, f"robustness.baseline={other}")
    refused = sightline(*words)
    assert refused.status == 2
    assert "was not measured on these images under no corruption; measure it first" in refused.err
    stage("robustness", other, *FEW)
    stage("robustness", run, *FEW, f"robustness.baseline={other}")
    label = load(run, "robustness.json")["corruptions"]["targets"]["label"]
    assert label["mean_corruption_error"]["value"] == pytest.approx(1)
    assert label["mean_corruption_error"]["low"] == pytest.approx(1)
    assert label["over_baseline"]["value"] == 0
    assert sightline(*words, "robustness.seed=1").status == 2
    assert "is the run itself" in sightline(*words[:-1], f"robustness.baseline={run}").err
    split = json.loads((other / "split.json").read_text())
    split["items"]["val"]["ids"] = [f"{one}, of other data" for one in split["items"]["val"]["ids"]]
    (other / "split.json").write_text(json.dumps(split))
    shutil.rmtree(other / "robustness")
    assert "is of other images" in sightline(*words).err


@pytest.mark.slow
def test_without_corruptions_the_clean_images_remain(stage: Stage, run: Path):
    stage("robustness", run, *STILL, "robustness.corruptions=[]")
    label = load(run, "robustness.json")["corruptions"]["targets"]["label"]
    assert [one["corruption"] for one in label["conditions"]] == ["clean"]
    assert "mean" not in label
    assert not (run / "figures/corruptions.png").exists()


def test_a_damaged_file_is_made_anew(stage: Stage, run: Path):
    stage("robustness", run, *FEW)
    whole, path = load(run, "robustness.json"), run / "robustness/contrast_1.npz"
    path.write_bytes(path.read_bytes()[:-7])
    assert "robustness/contrast_1.npz" in stage("robustness", run, *FEW)
    assert load(run, "robustness.json") == whole
