"""Accuracy by columns of the table that the images came from."""

import csv
import json
from pathlib import Path

import pytest

from tests.conftest import Command

QUICK = ("training.epochs=1", "tracking=none", "evaluation.resamples=100", "mode.stages=[validate,train,evaluate]")


@pytest.mark.slow
def test_a_run_is_measured_slice_by_slice(sightline: Command, bars: Path, tmp_path: Path):
    manifest = tmp_path / "images.csv"
    files = sorted(file for file in bars.rglob("*") if file.is_file())
    with manifest.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "label", "site", "number"])
        for number, file in enumerate(files):
            writer.writerow([file, file.parent.name, "even" if number % 2 == 0 else "odd", number])
    words = ("data=csv", f"data.manifest={manifest}", "data.test_fraction=0.5", "image_size=32", *QUICK)
    answer = sightline("train", "cnn", *words, "evaluation.slices=[site]", f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    run = (tmp_path / "latest").resolve()
    found = json.loads((run / "evaluation.json").read_text())
    assert {entry["value"] for entry in found["slices"]} == {"even", "odd"}
    assert sum(entry["n"] for entry in found["slices"]) == found["n"]
    right = sum(entry["n"] * entry["accuracy"]["value"] for entry in found["slices"])
    assert abs(right / found["n"] - found["metrics"]["accuracy"]["value"]) < 1e-12

    again = ("evaluate", f"run={run}", f"runs_dir={tmp_path}", "tracking=none")
    assert sightline(*again, "evaluation.slices=[number]").status == 0
    assert len(json.loads((run / "evaluation.json").read_text())["slices"]) == 4
    wrong = sightline(*again, "evaluation.slices=[place]")
    assert (wrong.status, "it has path, label, site, number" in wrong.err) == (2, True)


def test_only_a_table_has_columns(sightline: Command, demo_run: Path, tmp_path: Path):
    before = (demo_run / "test_ledger.jsonl").read_text()
    answer = sightline("evaluate", f"run={demo_run}", "evaluation.slices=[site]", f"runs_dir={tmp_path}")
    assert (answer.status, "data=csv" in answer.err) == (2, True)
    assert (demo_run / "test_ledger.jsonl").read_text() == before
