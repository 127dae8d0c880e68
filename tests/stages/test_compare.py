"""Comparison: two systems on the same test images, from their predictions alone."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from sightline.run.ledger import new_looks
from tests.conftest import Command
from tests.stages.conftest import ledger, load, strangers, times


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
    assert [row["stage"] for row in ledger(run)] == ["evaluate", "compare"]
    assert new_looks(ledger(run)) == [True, False]


def test_a_comparison_that_is_refused_leaves_no_line(sightline: Command, run: Path, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    with np.load(run / "predictions/test.npz") as archive:
        arrays = {name: array[1:] for name, array in archive.items()}
    np.savez(other / "test.npz", **arrays)
    before = ledger(run)
    for names in (f"{run},{other}", f"{other},{run}"):
        answer = sightline("compare", f"run=[{names}]", "compare.resamples=100", f"output={tmp_path / 'output'}")
        assert (answer.status, "different items" in answer.err) == (2, True), answer.err
    assert ledger(run) == before


def test_a_folder_brings_groups_and_its_own_order_of_classes(sightline: Command, run: Path, tmp_path: Path):
    """The folder comes first, has its two classes the other way round, and knows which items belong together."""
    other, output = tmp_path / "other", tmp_path / "output"
    other.mkdir()
    with np.load(run / "predictions/test.npz") as archive:
        arrays = dict(archive)
    names = load(run, "preprocessing.json")["class_names"]
    arrays |= {
        "logits": arrays["logits"][:, ::-1],
        "labels": 1 - arrays["labels"],
        "class_names": np.array(names[::-1]),
    }
    arrays["groups"] = (np.arange(len(arrays["ids"])) // 2).astype(str)
    np.savez(other / "test.npz", **arrays)
    answer = sightline("compare", f"run=[{other},{run}]", "compare.resamples=100", f"output={output}")
    assert answer.status == 0, answer.err
    found = load(output, "comparison.json")
    (pair,) = found["pairs"]
    assert (pair["difference"], pair["p_value"]) == (0, 1)
    assert any(f"Items come in {len(set(arrays['groups']))} groups" in note for note in found["notes"])
    answer = sightline("compare", f"run=[{run}]", "compare.metric=top5_accuracy", f"output={tmp_path / 'refused'}")
    assert answer.status != 0
    assert "compare.metric=top5_accuracy says nothing with 2 classes" in answer.err
