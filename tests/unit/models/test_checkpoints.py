import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sightline.errors import RunFailedError, UsageError
from sightline.models.checkpoints import (
    BEST,
    LAST,
    PREVIOUS,
    SOUP,
    best_checkpoint,
    load_best,
    load_checkpoint,
    save_checkpoint,
    soup_member,
)
from sightline.run.folder import Run

CPU = torch.device("cpu")
IDENTITY = {"config_hash": "a", "split": "b", "model_name": "cnn", "class_names": ["one", "two"]}
FLIPS = 60


def model(value: float) -> dict[str, torch.Tensor]:
    return {"layer.weight": torch.full((50, 20), value), "count": torch.tensor(3)}


def state(epoch: int, best: int, *, extra_steps: int = 0, ema: float | None = None) -> dict[str, Any]:
    """A state after a number of epochs of ten steps, whose weights are the number of the epoch."""
    history = [{"epoch": row, "step": 10 * (row + 1), "val_loss": 1.0, "seconds": 0.5} for row in range(epoch + 1)]
    progress = {"step": 10 * (epoch + 1) + extra_steps, "epochs": epoch + 1, "history": history, "best": best}
    averaged = None if ema is None else model(ema)
    return {**IDENTITY, "model": model(epoch), "ema": averaged, "optimizer": {}, "progress": progress}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, "digits-cnn", "x")


def best_of(saved: dict[str, Any], weights: dict[str, torch.Tensor]) -> dict[str, Any]:
    progress = saved["progress"]
    return best_checkpoint(IDENTITY, weights, progress["history"][progress["best"]])


def damage(run: Run, name: str) -> None:
    content = bytearray((run.path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (run.path / name).write_bytes(content)


def test_no_flipped_bit_loads(run: Run):
    save_checkpoint(run, BEST, best_checkpoint(IDENTITY, model(1.0), {"epoch": 0}))
    content, rng = (run.path / BEST).read_bytes(), np.random.default_rng(17)
    for place in rng.choice(len(content), FLIPS, replace=False).tolist():
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        (run.path / BEST).write_bytes(changed)
        with pytest.raises(RunFailedError, match=r"best\.pt is damaged"):
            load_checkpoint(run, BEST, CPU)


def test_a_checkpoint_without_a_seal_loads_unless_its_own_checksums_are_wrong(run: Run):
    torch.save(best_checkpoint(IDENTITY, model(1.0), {}), run.file(BEST))
    assert load_checkpoint(run, BEST, CPU)["model_name"] == "cnn"
    content = (run.path / BEST).read_bytes()
    place = content.index(torch.full((4,), 1.0).numpy().tobytes())
    (run.path / BEST).write_bytes(content[: place + 3] + b"\x3e" + content[place + 4 :])
    with pytest.raises(RunFailedError, match="damaged: the checksum of"):
        load_checkpoint(run, BEST, CPU)


def test_the_clock_leaves_no_trace_in_the_best_weights(run: Run):
    contents = []
    for seconds in (1.0, 2.0):
        save_checkpoint(run, BEST, best_checkpoint(IDENTITY, model(1.0), {"epoch": 0, "seconds": seconds}))
        contents.append((run.path / BEST).read_bytes())
    assert contents[0] == contents[1]


@pytest.mark.parametrize("source", [LAST, PREVIOUS, soup_member(1)])
def test_the_best_one_is_built_anew_from_a_state_of_its_epoch(run: Run, source: str, caplog: pytest.LogCaptureFixture):
    last = state(1 if source == LAST else 2, best=1, ema=7.0)
    save_checkpoint(run, LAST, last)
    if source == PREVIOUS:
        save_checkpoint(run, PREVIOUS, state(1, best=1, ema=7.0))
    if source.startswith("checkpoints/soup"):
        save_checkpoint(run, source, {**IDENTITY, "model": model(7.0)})
    save_checkpoint(run, BEST, best_of(last, model(7.0)))
    before = (run.path / BEST).read_bytes()
    damage(run, BEST)
    logging.getLogger("sightline").propagate = True
    with caplog.at_level(logging.WARNING, logger="sightline"):
        found = load_best(run, CPU)
    assert torch.equal(found["model"]["layer.weight"], model(7.0)["layer.weight"])
    assert f"it is built anew from {source}" in caplog.text
    assert (run.path / BEST).read_bytes() == before
    (run.path / BEST).unlink()
    assert load_best(run, CPU)["row"]["epoch"] == 1, "a missing one too"


@pytest.mark.parametrize(
    "last",
    [
        state(2, best=1),
        state(1, best=1, extra_steps=3),
        {**state(1, best=1), "progress": []},
        None,
    ],
    ids=["later epoch", "steps after it", "wrong shape", "no checkpoint"],
)
def test_without_a_state_of_the_best_epoch_a_person_is_told(run: Run, last: dict[str, Any] | None):
    if last is not None:
        save_checkpoint(run, LAST, last)
    save_checkpoint(run, BEST, best_checkpoint(IDENTITY, model(1.0), {"epoch": 1}))
    damage(run, BEST)
    before = (run.path / BEST).read_bytes()
    with pytest.raises(RunFailedError, match="train the run anew"):
        load_best(run, CPU)
    assert (run.path / BEST).read_bytes() == before


def test_a_soup_is_no_epoch(run: Run):
    save_checkpoint(run, LAST, state(1, best=1))
    run.save_json(SOUP, {"taken": True})
    run.save_bytes(BEST, b"junk")
    with pytest.raises(RunFailedError, match="no other checkpoint"):
        load_best(run, CPU)


def test_before_the_first_epoch_there_is_no_best_one(run: Run):
    with pytest.raises(UsageError, match="has not closed an epoch yet"):
        load_best(run, CPU)
    begun = state(0, best=0)
    begun["progress"] |= {"history": [], "best": None}
    save_checkpoint(run, LAST, begun)
    with pytest.raises(UsageError, match="has not closed an epoch yet"):
        load_best(run, CPU)
