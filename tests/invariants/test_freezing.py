"""A freezing schedule survives whatever ends the training."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Command
from tests.invariants.comparing import same, states
from tests.invariants.test_interruptions import kill_after, start

LEARNING = (
    "train", "data=digits", "model=cnn", "model.width=16", "training.batch_size=16", "tracking=none",
    "mode.stages=[validate,train]", "image_size=16",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("stages", [[1], pytest.param([0, 1, 2], marks=pytest.mark.exhaustive)])
def test_killed_in_stages_of_unfreezing_it_ends_the_same(sightline: Command, tmp_path: Path, stages: list[int]):
    """The same groups train at the same rates, and end at the same weights and optimiser state, to the bit."""
    answer = sightline(*LEARNING, "training.epochs=1", f"runs_dir={tmp_path / 'learned'}")
    assert answer.status == 0, answer.err
    progressive = (
        *LEARNING, f"model.weights={tmp_path / 'learned/latest/checkpoints/best.pt'}", "training.epochs=6",
        "freezing=progressive", "freezing.unfreeze_at=[2,4]", "freezing.warmup_epochs=0.5", "training.ema_decay=0.9",
        "freezing.cached_views=2", "optimizer.layer_decay=0.8", "training.checkpoint_minutes=0.001",
    )  # fmt: skip
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    answer = sightline(*progressive, f"runs_dir={whole}")
    assert answer.status == 0, answer.err
    assert answer.out.count("after 2 epochs") >= 1
    expected, rows = states(whole / "latest")
    in_epoch = expected["progress"]["step"] // 6
    again: tuple[str, ...] = ()
    for stage in stages:
        process = start(*progressive, f"runs_dir={killed}", *again)
        kill_after(process, killed, (2 * stage + 1) * in_epoch - 5, pause=0.02)
        again = ("run=latest",)
    answer = sightline(*progressive, f"runs_dir={killed}", *again)
    assert answer.status == 0, answer.err
    assert "going on after step" in answer.out
    found, others = states(killed / "latest")
    assert same(expected, found)
    assert rows == others
    plans = [json.loads((runs / "latest/freezing.json").read_text()) for runs in (whole, killed)]
    assert plans[0] == plans[1]
    assert [row["from_epoch"] for row in plans[0]] == [4, 4, 2, 2, 0]
    assert np.allclose([row["rate"] for row in plans[0]], [0.8 ** (4 - place) for place in range(5)])
