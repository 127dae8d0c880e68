"""Trained models are measured under corruption and attack, then compared by it: every number can be found by hand."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Command

TRAINING = (
    "train", "cnn", "data=digits", "limit=300", "tracking=none", "training.epochs=1", "training.batch_size=32",
    "transforms=none", "mode.stages=[validate,train]",
)  # fmt: skip
ROBUSTNESS = (
    "tracking=none", "robustness.corruptions=[fog,contrast]", "robustness.severities=[1,5]",
    "robustness.shifts=[]", "robustness.rotations=[]",
    "robustness.attacks=[fgsm,pgd]", "robustness.steps=3", "robustness.attacked=20", "robustness.budget=24",
)  # fmt: skip


@pytest.fixture(scope="module")
def runs(sightline: Command, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two seeds of one model, and another one."""
    folder, found = tmp_path_factory.mktemp("columns"), []
    for words in (("model.width=8", "seed=1"), ("model.width=8", "seed=2"), ("model.width=16", "seed=1")):
        assert sightline(*TRAINING, *words, f"runs_dir={folder}").status == 0
        found.append((folder / "latest").resolve())
        answer = sightline("robustness", f"run={found[-1]}", *ROBUSTNESS)
        assert answer.status == 0, answer.err
    return found


def compared(sightline: Command, output: Path, runs: list[Path], column: str) -> dict:
    listed = ",".join(map(str, runs))
    words = (f"compare.metric=robustness/{column}", "compare.resamples=200", f"output={output}")
    answer = sightline("compare", f"run=[{listed}]", *words)
    assert answer.status == 0, answer.err
    assert "val split, " in answer.out + answer.err
    assert "test split" not in answer.out + answer.err
    return json.loads((output / "comparison.json").read_text())


def scores(run: Path, *names: str) -> np.ndarray:
    return np.stack([np.load(run / f"robustness/{name}.npz")["label.scores"] for name in names], axis=1)


@pytest.mark.slow
def test_values_and_differences_are_those_of_the_files(sightline: Command, runs: list[Path], tmp_path: Path):
    one, _, other = runs
    for column, names in (
        ("mean", ("fog_1", "fog_5", "contrast_1", "contrast_5")),
        ("fog", ("fog_1", "fog_5")),
        ("contrast_5", ("contrast_5",)),
        ("clean", ("clean",)),
    ):
        found = compared(sightline, tmp_path / column, [one, other], column)
        each = [scores(run, *names).mean(axis=1) for run in (one, other)]
        assert [row["value"] for row in found["systems"]] == pytest.approx([values.mean() for values in each])
        assert found["pairs"][0]["difference"] == pytest.approx((each[0] - each[1]).mean())
        assert (found["split"], found["n"]) == ("val", len(each[0]))
    told = json.loads((one / "robustness.json").read_text())["corruptions"]["targets"]["label"]
    found = json.loads((tmp_path / "mean/comparison.json").read_text())
    assert found["systems"][0]["value"] == pytest.approx(told["mean"]["value"])
    assert found["systems"][0]["low"] == pytest.approx(told["mean"]["low"])
    for run in runs:
        assert not (run / "test_ledger.jsonl").exists(), "no test label was read"


@pytest.mark.slow
def test_robust_accuracies_and_the_page(sightline: Command, runs: list[Path], tmp_path: Path):
    one, _, other = runs
    found = compared(sightline, tmp_path / "worst", [one, other], "worst")
    told = [json.loads((run / "robustness.json").read_text())["attacks"] for run in (one, other)]
    assert [row["value"] for row in found["systems"]] == pytest.approx(
        [one["worst"]["of_all"]["value"] for one in told]
    )
    assert found["n"] == 20
    page = (tmp_path / "worst/report.html").read_text()
    assert "Robust accuracy under every attack" in page
    assert "On 20 images of the val split" in page
    assert "test split" not in page
    assert (tmp_path / "worst/figures/comparison.png").is_file()
    with (tmp_path / "worst/comparison_systems.csv").open() as stream:
        assert [float(row["value"]) for row in csv.DictReader(stream)] == [row["value"] for row in found["systems"]]
    assert sightline("report", f"run={tmp_path / 'worst'}", "tracking=none").status == 0


@pytest.mark.slow
def test_seeds_of_one_configuration_are_one_system(sightline: Command, runs: list[Path], tmp_path: Path):
    found = compared(sightline, tmp_path / "seeds", runs, "fog")
    assert [(row["name"], row["seeds"]) for row in found["systems"]] == [("model.width=8", 2), ("model.width=16", 1)]
    values = [scores(run, "fog_1", "fog_5").mean() for run in runs]
    assert [row["values"] for row in found["systems"]] == [pytest.approx(values[:2]), pytest.approx(values[2:])]
    assert found["about"] == "trained models"


@pytest.mark.slow
def test_the_command_that_is_named_mends_what_it_says(sightline: Command, runs: list[Path], tmp_path: Path):
    one, _, other = runs
    assert sightline("robustness", f"run={other}", *ROBUSTNESS, "robustness.severities=[3]").status == 0
    words = (f"run=[{one},{other}]", "compare.metric=robustness/fog", f"output={tmp_path / 'output'}")
    refused = sightline("compare", *words)
    assert refused.status == 2
    assert "was measured with robustness.severities=[3]" in refused.err
    command = refused.err.rpartition("bash run.sh ")[2].split()
    assert sightline(*command, "tracking=none").status == 0
    assert sightline("compare", *words).status == 0
    files = [json.loads((run / "robustness.json").read_text())["attacks"]["attacks"] for run in (one, other)]
    assert [each["effort"] for each in files[0]] == [each["effort"] for each in files[1]]


@pytest.mark.slow
def test_a_study_compares_by_what_its_trainings_measured(sightline: Command, tmp_path: Path):
    words = ("model.width=8", "seeds=[1,2]", "robustness=quick", "robustness.corruptions=[fog]")
    stages = "mode.stages=[validate,train,evaluate,report]"
    answer = sightline(*TRAINING[:-1], stages, *words, "compare.metric=robustness/fog", f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    study = next(tmp_path.glob("digits-study/*"))
    found = json.loads((study / "comparison.json").read_text())
    (row,) = found["systems"]
    assert (row["seeds"], found["metric"], found["split"]) == (2, "robustness/label/fog", "val")
