"""Evaluation: the test split, looked at once, with an interval for every number."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.data.splits.split import Split
from sightline.run.ledger import new_looks
from tests.conftest import Command
from tests.stages.conftest import Stage, ledger, load, looks_at_test_labels


def test_it_measures_the_test_split_and_says_so(stage: Stage, run: Path):
    before, looks = load(run, "evaluation.json"), looks_at_test_labels(run)
    assert looks == 1
    (run / "predictions/test.npz").unlink()
    written = stage("evaluate", run)
    assert {"evaluation.json", "predictions/test.npz", "cost.json"} <= written
    assert looks_at_test_labels(run) == 2
    found = load(run, "evaluation.json")
    assert found == before
    assert found["n"] == len(load(run, "split.json")["items"]["test"]["ids"]) == np.sum(found["confusion"])
    assert all(entry["low"] <= entry["high"] for entry in found["metrics"].values())


@pytest.mark.slow
def test_measuring_the_same_answers_again_is_no_new_look(stage: Stage, run: Path):
    stage("evaluate", run)
    (run / "predictions/test.npz").unlink()
    stage("evaluate", run)
    rows = ledger(run)
    assert new_looks(rows) == [True, False, False], "stored, and predicted anew by the same weights"
    stage("evaluate", run, "evaluation.tta=flip")
    assert new_looks(ledger(run)) == [True, False, False, True], "views answer otherwise"


def test_what_is_refused_leaves_no_line(sightline: Command, run: Path, bars: Path, tmp_path: Path):
    nowhere = tmp_path / "nowhere"
    ask = ("evaluate", f"run={run}", "tracking=none", "mode.stages=[evaluate]")
    refused = [(*ask, "evaluation.ood=folder", f"evaluation.ood.root={nowhere}")]
    refused.append((*ask, "evaluation.slices=[site]"))
    (run / "predictions/test.npz").unlink()
    kept = bars.rename(bars.with_name("moved"))
    try:
        answers = [sightline(*words) for words in (*refused, ask)]
    finally:
        kept.rename(bars)
    assert [answer.status for answer in answers] == [2, 2, 2], [answer.err for answer in answers]
    assert looks_at_test_labels(run) == 1


def test_what_was_predicted_is_not_predicted_again(stage: Stage, run: Path):
    shutil.rmtree(run / "checkpoints")
    assert "predictions/test.npz" not in stage("evaluate", run)


def test_without_test_images_no_number_is_judged_by_what_fitted_it(sightline: Command, stage: Stage, run: Path):
    """The calibration split is what there is to measure; each half of it is judged at the other's temperature."""
    split = load(run, "split.json")
    split["items"]["train"] = {
        key: None if part is None else part + split["items"]["test"][key]
        for key, part in split["items"]["train"].items()
    }
    split["items"]["test"] = {key: None if part is None else [] for key, part in split["items"]["test"].items()}
    (run / "split.json").write_text(json.dumps(split))
    answer = sightline("evaluate", f"run={run}", "mode.stages=[evaluate]", "tracking=none")
    assert answer.status == 2
    assert "split.json is not what checkpoints/best.pt was trained on" in answer.err
    best = torch.load(run / "checkpoints/best.pt", weights_only=True)
    torch.save({**best, "split": Split.from_json(split).fingerprint()}, run / "checkpoints/best.pt")
    stage("calibrate", run)
    stage("evaluate", run)
    found, calibration = load(run, "evaluation.json"), load(run, "calibration.json")
    assert (found["split"], found["n"]) == ("calibration", calibration["n"])
    calibrated = found["calibrated"]
    assert calibrated["cross_fitted"]
    assert (calibrated["conformal"], calibrated["selective"]) == ([], [])
    for when, stored in (("before", calibration["before"]), ("metrics", calibration["after"])):
        assert calibrated[when]["log_loss"]["value"] == stored["log_loss"]["value"]
    stage("report", run)
    page = (run / "report.html").read_text()
    assert "which fitted the temperature: each half of them is judged at the temperature of the other" in page
    assert "which gave the bounds" in page


def test_a_model_near_chance_names_no_label_in_any_file(stage: Stage, run: Path):
    """What the report does not name is neither counted in `evaluation.json` nor listed in `second_look.csv`."""
    path = run / "predictions/test.npz"
    arrays = dict(np.load(path))
    answers = arrays["labels"].copy()
    answers[: len(answers) // 2] ^= 1
    np.savez(path, **arrays | {"logits": (4.0 * np.eye(2)[answers]).astype(np.float32)})
    stage("evaluate", run)
    suspects = load(run, "evaluation.json")["suspects"]
    rows = (run / "examples/second_look.csv").read_text().splitlines()[1:]
    assert (suspects["count"], suspects["items"], rows) == (0, [], [])
    assert suspects["reason"].startswith("None are named")


def test_the_terminal_tells_errors_before_calibration_from_those_after(sightline: Command, run: Path):
    answer = sightline("evaluate", f"run={run}", "mode.stages=[evaluate]", "tracking=none")
    assert answer.status == 0, answer.err
    content = load(run, "evaluation.json")
    said = answer.out + answer.err
    assert f"test split, {content['n']} images, before calibration" in said
    _, _, after = said.partition("the same, calibrated: temperature ")
    assert f"{100 * content['calibrated']['metrics']['ece']['value']:.2f} %" in after
