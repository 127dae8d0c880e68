"""Other ways to answer, measured beside the plain one."""

from pathlib import Path

from tests.stages.conftest import Stage, load, looks_at_test_labels


def test_every_way_is_measured(stage: Stage, run: Path):
    written = stage("uncertainty", run, "uncertainty.passes=2")
    assert {"uncertainty.json", "uncertainty/views/test.npz", "uncertainty/dropout/test.npz"} <= written
    found = load(run, "uncertainty.json")
    assert [way["name"] for way in found["ways"]] == ["plain", "views", "dropout"]
    assert found["n"] == load(run, "evaluation.json")["n"]
    assert looks_at_test_labels(run) == 2
