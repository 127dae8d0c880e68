"""A sweep of two trials, of which one fails: what it sums up, and what fresh seeds make of the best."""

from pathlib import Path

import yaml

from tests.conftest import Command
from tests.stages.conftest import load, strangers, times


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
    of_others = {"config.yaml", "provenance.json", "validation.json", "split.json", "report.html"}
    assert not strangers("sweep", set(times(folder)) - of_its_runs - of_others)
