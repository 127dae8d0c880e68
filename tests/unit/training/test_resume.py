"""A checkpoint brings back everything it was made of, also one that earlier code wrote."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sightline.errors import RunFailedError
from sightline.machine.signals import StopSignal
from sightline.training.extras.streams import open_stream
from sightline.training.loop import Loop
from sightline.training.resume import restore, snapshot
from sightline.training.setup import Training
from sightline.training.state import Progress, save_last
from tests.invariants.comparing import same
from tests.invariants.two_heads import build_training

EXTRAS = ("training.ema_decay=0.9", "training.lookahead_steps=2", "training.accumulate=3")


def trained(folder: Path) -> tuple[Training, Loop]:
    training = build_training(folder, *EXTRAS)
    progress, tally = restore(training)
    loop = Loop(training, open_stream(training), progress, tally)
    loop.run(StopSignal())
    return training, loop


def test_a_new_training_begins_with_the_micro_batches_it_is_told(tmp_path: Path):
    progress, _ = restore(build_training(tmp_path, *EXTRAS))
    assert progress == Progress(micro_batches=3)


def test_a_snapshot_is_restored_to_the_bit(tmp_path: Path):
    training, loop = trained(tmp_path / "one")
    expected = snapshot(training, loop.progress, loop.tally)
    other = replace(build_training(tmp_path / "other", *EXTRAS), run=training.run)
    assert same(snapshot(other, *restore(other)), expected)


def test_a_checkpoint_that_calls_micro_batches_parts_is_restored(tmp_path: Path):
    training, loop = trained(tmp_path)
    content = snapshot(training, loop.progress, loop.tally)
    content["progress"]["parts"] = content["progress"].pop("micro_batches")
    save_last(training.run, content)
    progress, _ = restore(training)
    assert progress == loop.progress
    assert progress.micro_batches == 3


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path):
    training, _ = trained(tmp_path)
    training.identity = {"task": "another"}
    with pytest.raises(RunFailedError, match="of another task; begin a new run"):
        restore(training)


def test_rows_younger_than_the_checkpoint_are_dropped(tmp_path: Path):
    training, loop = trained(tmp_path)
    before = training.run.rows("metrics.jsonl")
    younger = {"kind": "step", "step": loop.progress.step, "epoch": 2, "loss": 1.0, "lr": 0.1}
    text = "".join(json.dumps(row) + "\n" for row in [*before, younger])
    training.run.save_text("metrics.jsonl", text)
    restore(training)
    assert training.run.rows("metrics.jsonl") == before
