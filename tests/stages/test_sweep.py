"""A sweep of one trial: what it sums up, and what fresh seeds make of the best."""

from pathlib import Path

import yaml

from tests.conftest import Command
from tests.stages.conftest import load, strangers, times


def test_one_trial_is_summed_up(sightline: Command, on_bars: tuple[str, ...], tmp_path: Path):
    search = tmp_path / "search.yaml"
    search.write_text(yaml.safe_dump({"name": "one", "trials": 1, "top": 1, "fresh_seeds": 1}))
    words = [word for word in on_bars if word != "cnn"]
    answer = sightline("sweep", f"sweep={search}", "model=cnn", *words, f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    folder = tmp_path / "sweeps/one"
    found = load(folder, "sweep.json")
    assert [row["state"] for row in found["trials"]] == ["complete"]
    assert found["again"][0]["fresh"][0]["seed"] == 1
    of_its_runs = {name for name in times(folder) if name.startswith(("trials/", "again/"))} | {"members.jsonl"}
    of_others = {"config.yaml", "provenance.json", "validation.json", "split.json", "report.html"}
    assert not strangers("sweep", set(times(folder)) - of_its_runs - of_others)
