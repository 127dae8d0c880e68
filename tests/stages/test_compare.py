"""Comparison: two systems on the same test images, from their predictions alone."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Command
from tests.stages.conftest import load, strangers, times


def test_two_systems_are_compared_on_the_same_images(sightline: Command, run: Path, tmp_path: Path):
    other, output = tmp_path / "other", tmp_path / "output"
    other.mkdir()
    with np.load(run / "predictions/test.npz") as archive:
        arrays = dict(archive)
    np.savez(other / "test.npz", **{**arrays, "logits": -arrays["logits"]})
    shutil.rmtree(run / "checkpoints")
    answer = sightline("compare", f"run=[{run},{other}]", "compare.resamples=100", f"output={output}")
    assert answer.status == 0, answer.err
    found = load(output, "comparison.json")
    (pair,) = found["pairs"]
    values = {row["name"]: row["value"] for row in found["systems"]}
    assert sum(values.values()) == pytest.approx(1), "of two classes the other is taken each time"
    assert pair["difference"] == pytest.approx(values[pair["a"]] - values[pair["b"]])
    assert not strangers("compare", set(times(output)) - {"config.yaml", "provenance.json", "report.html"})
    ledger = [json.loads(line)["stage"] for line in (run / "test_ledger.jsonl").read_text().splitlines()]
    assert ledger == ["evaluate", "compare"]
