"""Other ways to answer, and images that the model should not know, asked of a finished run."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import DEMO, Command

SETTINGS = ("evaluation.resamples=100", "tracking=none")
STAGES = "mode.stages=[validate,train,calibrate,evaluate]"


def load(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def with_dropout(sightline: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    answer = sightline(*DEMO, STAGES, "model.drop_rate=0.4", "seed=1", f"runs_dir={runs}")
    assert answer.status == 0, answer.err
    return (runs / "latest").resolve()


@pytest.mark.slow
def test_every_way_is_measured_on_the_same_items(
    sightline: Command, demo_run: Path, with_dropout: Path, tmp_path: Path
):
    run, other = tmp_path / "run", tmp_path / "other"  # the ledgers of both are written to
    shutil.copytree(with_dropout, run)
    shutil.copytree(demo_run, other)
    ask = ("uncertainty", f"run={run}", "uncertainty.passes=4", f"uncertainty.ensemble=[{other}]")
    answer = sightline(*ask, f"runs_dir={tmp_path}", *SETTINGS)
    assert answer.status == 0, answer.err
    found, evaluation = load(run / "uncertainty.json"), load(run / "evaluation.json")
    ways = {way["name"]: way for way in found["ways"]}
    assert {name: way["members"] for name, way in ways.items()} == {"plain": 1, "views": 3, "dropout": 4, "ensemble": 2}
    assert ways["plain"]["temperature"] == evaluation["calibrated"]["temperature"]
    assert ways["plain"]["metrics"]["log_loss"] == evaluation["calibrated"]["metrics"]["log_loss"]
    with np.load(run / "uncertainty/ensemble/test.npz") as archive:
        mean = np.exp(archive["logits"])
    shares = []
    for member in (run, other):
        with np.load(member / "predictions/test.npz") as archive:
            raised = np.exp(archive["logits"] - archive["logits"].max(axis=1, keepdims=True))
            shares.append(raised / raised.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(mean, np.mean(shares, axis=0), atol=1e-5)
    assert "Other ways to answer" in (run / "report.html").read_text()
    assert [row["stage"] for row in map(json.loads, (run / "test_ledger.jsonl").read_text().splitlines())] == [
        "evaluate",
        "uncertainty",
    ]
    again = tmp_path / "again"
    shutil.copytree(with_dropout, again)
    answer = sightline("uncertainty", f"run={again}", *ask[2:], f"runs_dir={tmp_path}", *SETTINGS)
    assert (answer.status, load(again / "uncertainty.json")) == (0, found), answer.err
    compared = sightline("compare", f"run=[{run},{run}/uncertainty/dropout]", f"output={tmp_path / 'c'}")
    assert compared.status == 0, compared.err


@pytest.mark.slow
def test_a_model_without_dropout_has_no_such_way(sightline: Command, demo_run: Path, tmp_path: Path):
    run = tmp_path / "run"
    shutil.copytree(demo_run, run)
    answer = sightline("uncertainty", f"run={run}", "uncertainty.passes=2", f"runs_dir={tmp_path}", *SETTINGS)
    assert answer.status == 0, answer.err
    assert "the model has no dropout" in answer.out
    assert [way["name"] for way in load(run / "uncertainty.json")["ways"]] == ["plain", "views"]


@pytest.mark.slow
def test_unknown_images_are_told_from_known_ones(sightline: Command, with_dropout: Path, bars: Path, tmp_path: Path):
    run = tmp_path / "run"
    shutil.copytree(with_dropout, run)
    ask = ("evaluate", f"run={run}", f"runs_dir={tmp_path}", *SETTINGS)
    answer = sightline(*ask, f"evaluation.ood.root={bars}", "evaluation.ood=folder")
    assert answer.status == 0, answer.err
    found = load(run / "evaluation.json")["ood"]
    assert (found["n_known"], found["n_unknown"]) == (load(run / "evaluation.json")["n"], 64)
    assert found["data"] == {"name": "folder", "root": str(bars)}
    assert set(found["scores"]) == {"msp", "energy", "mahalanobis", "knn"}
    assert found["scores"]["mahalanobis"]["auroc"]["low"] > 0.8
    assert (run / "figures/unknown.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["evaluate", "evaluation.ood=folders"], "evaluation.ood=folders is no choice; did you mean folder?"),
        (["evaluate", "evaluation.ood=folder", "evaluation.ood.root=nowhere"], "nowhere"),
        (["train", "data=digits", "evaluation.ood=folder", "evaluation.ood.root=nowhere", "run=null"], "nowhere"),
        (["train", "data=digits", "evaluation.slices=[site]", "run=null"], "data=csv"),
        (["uncertainty", "uncertainty.ensemble=[nowhere]"], "nowhere"),
        (["uncertainty", "uncertainty.ensemble=[{run}]"], "names no run but this one"),
        (["uncertainty", "uncertainty.ensemble=[{run}/predictions]"], "is no run"),
    ],
)
def test_mistakes_are_named(sightline: Command, demo_run: Path, tmp_path: Path, words: list[str], part: str):
    run = tmp_path / "run"
    shutil.copytree(demo_run, run)
    about = [] if "run=null" in words else [f"run={run}"]
    answer = sightline(*[word.format(run=run) for word in words], *about, f"runs_dir={tmp_path}", *SETTINGS)
    assert (answer.status, part in answer.err, "Traceback" in answer.err) == (2, True, False), answer.err
