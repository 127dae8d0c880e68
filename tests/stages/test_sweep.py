"""A sweep of two trials, of which one fails: what it sums up, and what fresh seeds make of the best."""

import json
from pathlib import Path

import pytest
import yaml

from tests.conftest import Command
from tests.stages.conftest import load, strangers, times


@pytest.mark.slow
def test_its_trials_are_summed_up(sightline: Command, on_bars: tuple[str, ...], tmp_path: Path):
    search = tmp_path / "search.yaml"
    space = {"optimizer.lr": {"categorical": [0.006, 1e30]}}
    about = {"name": "two", "space": space, "sampler": {"name": "grid"}, "trials": 2, "top": 1, "fresh_seeds": 1}
    search.write_text(yaml.safe_dump(about))
    words = [word for word in on_bars if word != "cnn"]
    answer = sightline("sweep", f"sweep={search}", "model=cnn", *words, f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    folder = tmp_path / "sweeps/two"
    found = load(folder, "sweep.json")
    rows = {row["values"]["optimizer.lr"]: row for row in found["trials"]}
    assert {rate: row["state"] for rate, row in rows.items()} == {0.006: "complete", 1e30: "failed"}
    assert "the loss is nan" in rows[1e30]["reason"]
    assert found["again"][0]["fresh"][0]["seed"] == 1
    of_its_runs = {name for name in times(folder) if name.startswith(("trials/", "again/"))} | {"members.jsonl"}
    of_others = {"config.yaml", "provenance.json", "validation.json", "split.json", "duplicates.csv", "report.html"}
    assert not strangers("sweep", set(times(folder)) - of_its_runs - of_others)


@pytest.mark.slow
def test_the_winner_is_compared_with_the_configuration_as_it_was(
    sightline: Command, on_bars: tuple[str, ...], tmp_path: Path
):
    """A rate that learns nothing is the configuration, one that learns is found: gap and gain have limits, and the
    test split is read once for the two, by their fresh runs alone."""
    search = tmp_path / "search.yaml"
    space = {"optimizer.lr": {"categorical": [1e-7, 0.006]}}
    about = {"name": "two", "space": space, "sampler": {"name": "grid"}, "trials": 2, "top": 1, "fresh_seeds": 2}
    search.write_text(yaml.safe_dump(about))
    words = [word for word in on_bars if word != "cnn" and not word.startswith("optimizer.lr=")]
    answer = sightline("sweep", f"sweep={search}", "model=cnn", *words, "optimizer.lr=1e-7", f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    folder = tmp_path / "sweeps/two"
    found = load(folder, "sweep.json")
    winner, own = found["again"]
    assert own["name"] == "as configured"
    assert winner["gap_limits"]["low"] <= winner["gap_limits"]["difference"] <= winner["gap_limits"]["high"]
    assert found["gain"]["difference"] == pytest.approx(winner["mean"] - own["mean"], abs=1e-6)
    test = found["test"]
    runs = [row["run"] for one in (winner, own) for row in one["fresh"]]
    assert test["runs"] == runs
    values = [load(folder / run, "evaluation.json")["metrics"]["accuracy"]["value"] for run in runs]
    assert test["pair"]["difference"] == pytest.approx((sum(values[:2]) - sum(values[2:])) / 2)
    for run in runs:
        ledger = [json.loads(line)["stage"] for line in (folder / run / "test_ledger.jsonl").read_text().splitlines()]
        assert ledger == ["evaluate", "compare"]
    assert not list(folder.glob("trials/*/test_ledger.jsonl"))
    assert "On the test split, read once for this" in (folder / "report.html").read_text()
