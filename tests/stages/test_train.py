"""Training: checkpoints, curves, and what the model does to an image."""

import json
from pathlib import Path

import torch

from tests.conftest import Command
from tests.stages.conftest import load, looks_at_test_labels, strangers, times


def test_it_leaves_checkpoints_and_curves(sightline: Command, on_bars: tuple[str, ...], tmp_path: Path):
    answer = sightline("train", *on_bars, "mode.stages=[validate,train]", f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    run = (tmp_path / "latest").resolve()
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    steps = [row["step"] for row in rows if row["kind"] == "step"]
    last, best = (torch.load(run / f"checkpoints/{name}.pt", weights_only=True) for name in ("last", "best"))
    assert last["progress"]["step"] == steps[-1] + 1
    assert [row["epoch"] for row in rows if row["kind"] == "epoch"] == [best["row"]["epoch"]] == [0]
    assert load(run, "preprocessing.json")["class_names"] == best["class_names"] == ["lying", "upright"]
    assert looks_at_test_labels(run) == 0
    of_validate = {"config.yaml", "provenance.json", "split.json", "validation.json"}
    assert not strangers("train", set(times(run)) - of_validate)


def test_without_a_split_it_says_what_is_missing(sightline: Command, on_bars: tuple[str, ...], tmp_path: Path):
    answer = sightline("train", *on_bars, "mode.stages=[train]", f"runs_dir={tmp_path}")
    assert answer.status == 2
    assert "split.json" in answer.err
