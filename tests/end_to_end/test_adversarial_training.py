"""A network that was trained against attacks stands them far better than one that was not, and the checks agree."""

from pathlib import Path

import pytest

from tests.conftest import Command
from tests.stages.conftest import load

SMALL = ("demo", "model.width=16", "training.epochs=6", "tracking=none", "mode.stages=[validate,train]")
ATTACKED = ("training.adversarial=pgd", "training.adversarial.budget=16", "training.adversarial.steps=5")
ASKED = (
    "robustness", "run=latest", "tracking=none", "robustness.corruptions=[]", "robustness.attacks=[pgd]",
    "robustness.attacked=100", "robustness.steps=10", "robustness.budget=16", "robustness.noise=[]",
    "robustness.shifts=[]", "robustness.rotations=[]",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_robust_accuracy_rises_by_a_wide_margin(sightline: Command, tmp_path: Path):
    robust = {}
    for name, more in (("plain", ()), ("against", ATTACKED)):
        runs = f"runs_dir={tmp_path / name}"
        for words in ((*SMALL, *more), ASKED):
            answer = sightline(*words, runs)
            assert answer.status == 0, answer.err
        found = load(tmp_path / name / "latest", "robustness.json")
        assert [check["name"] for check in found["attacks"]["checks"] if not check["holds"]] == []
        assert found["trusted"] is True
        robust[name] = found["attacks"]["worst"]["of_all"]["value"]
    assert robust["against"] > robust["plain"] + 0.2
