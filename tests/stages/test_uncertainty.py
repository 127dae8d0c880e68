"""Other ways to answer, measured beside the plain one."""

from pathlib import Path

from sightline.run.ledger import new_looks
from tests.stages.conftest import Stage, ledger, load


def test_every_way_is_measured(stage: Stage, run: Path):
    written = stage("uncertainty", run, "uncertainty.passes=2")
    assert {"uncertainty.json", "uncertainty/views/test.npz", "uncertainty/dropout/test.npz"} <= written
    found = load(run, "uncertainty.json")
    assert [way["name"] for way in found["ways"]] == ["plain", "views", "dropout"]
    assert found["n"] == load(run, "evaluation.json")["n"]
    assert new_looks(ledger(run)) == [True, True], "each way is an answer of its own"
    stage("uncertainty", run, "uncertainty.passes=2")
    assert new_looks(ledger(run)) == [True, True, False]
