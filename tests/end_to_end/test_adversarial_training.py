"""A network that was trained against attacks stands them far better than one that was not, and the checks agree."""

from pathlib import Path

import pytest

from tests.conftest import Command
from tests.stages.conftest import load

SMALL = ("demo", "model.width=16", "training.epochs=5", "tracking=none", "mode.stages=[validate,train]")


@pytest.mark.slow
@pytest.mark.parametrize(("norm", "budget"), [("linf", 32), ("l2", 384)])
def test_robust_accuracy_rises_by_a_wide_margin(sightline: Command, tmp_path: Path, norm: str, budget: int):
    attacked = (
        "training.adversarial=pgd",
        f"training.adversarial.norm={norm}",
        f"training.adversarial.budget={budget}",
    )
    robust = {}
    for name, more in (("plain", ()), ("against", (*attacked, "training.adversarial.steps=5"))):
        answer = sightline(*SMALL, *more, f"runs_dir={tmp_path / name}")
        assert answer.status == 0, answer.err
        answer = sightline(
            "robustness", "run=latest", f"runs_dir={tmp_path / name}", "tracking=none", "robustness.corruptions=[]",
            "robustness.attacks=[pgd,square]", "robustness.attacked=150", "robustness.steps=20",
            "robustness.queries=100", f"robustness.norm={norm}", f"robustness.budget={budget}",
        )  # fmt: skip
        assert answer.status == 0, answer.err
        found = load(tmp_path / name / "latest", "robustness.json")
        assert [check["name"] for check in found["attacks"]["checks"] if not check["holds"]] == []
        assert found["trusted"] is True
        robust[name] = found["attacks"]["worst"]["of_all"]["value"]
    assert robust["against"] > robust["plain"] + 0.2
    assert robust["against"] > 0.5
