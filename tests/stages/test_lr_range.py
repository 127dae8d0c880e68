import json
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.stages.conftest import strangers, times


def test_loss_against_rate_with_a_suggestion(sightline: Command, tmp_path: Path):
    answer = sightline(
        "cnn", "debug=lr_range", "data=digits", "limit=400", "model.width=8", "tracking=none", f"runs_dir={tmp_path}",
        "training.batch_size=32",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    (path,) = tmp_path.rglob("lr_range.json")
    found = json.loads(path.read_text())
    assert len(found["rates"]) == len(found["losses"]) == len(found["smoothed"]) <= 100
    assert found["rates"] == sorted(found["rates"])
    assert found["rates"][0] == pytest.approx(found["configured"] / 1000)
    assert found["rates"][0] < found["suggestion"] < found["lowest"]
    assert f"try optimizer.lr={found['suggestion']:g} for batches of 32" in answer.out
    assert (path.parent / "figures/lr_range.png").stat().st_size > 5000
    assert not list(path.parent.glob("checkpoints/*")), "nothing of it is kept"
    assert not strangers("lr_range", {name for name in times(path.parent) if name.startswith("lr_range")})
