"""The loop on components made here: no run of the command, no data on disk."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from sightline.cli import compose_config
from sightline.config import parse
from sightline.data.batch import Batch
from sightline.machine.signals import Interrupted, StopSignal
from sightline.models.freezing import FreezingPlan
from sightline.models.groups import LayerGroup
from sightline.run.folder import Run
from sightline.tasks.classification.losses import CrossEntropy
from sightline.tasks.classification.objective import ClassificationObjective
from sightline.training import loop as loop_file
from sightline.training.loop import Loop, _line
from sightline.training.precision import Precision
from sightline.training.resume import restore
from sightline.training.setup import Training
from sightline.training.state import Progress
from sightline.training.step import Step
from sightline.training.stream import ImageStream

CPU = torch.device("cpu")
STEPS = 4


class SeparableLoader:
    """Two classes that a straight line separates; four batches an epoch."""

    device = CPU

    def __len__(self) -> int:
        return STEPS

    def batch(self, epoch: int, index: int, _progress: float) -> Batch:
        generator = torch.Generator().manual_seed(epoch * STEPS + index)
        images = torch.randn(16, 3, 2, 2, generator=generator)
        return Batch(images, {"label": (images.sum(dim=(1, 2, 3)) > 0).long()}, np.arange(16))

    def batches(self, first: int, last: int, _total: int) -> Generator[Batch, None, None]:
        yield from (self.batch(step // STEPS, step % STEPS, 0.0) for step in range(first, last))

    def __iter__(self) -> Iterator[Batch]:
        return (self.batch(999, index, 0.0) for index in range(2))


def training_in(tmp_path: Path, *overrides: str) -> Training:
    config = parse.parse(compose_config(["mode=demo", "scheduler=constant", "training.epochs=3", *overrides]))
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    optimizer = torch.optim.SGD([{"params": list(model.parameters()), "lr_scale": 1.0, "group": 0}], lr=0.1)
    loader: Any = SeparableLoader()
    objective = ClassificationObjective(2, CrossEntropy(0.0))
    groups = [LayerGroup("all", ("1.weight", "1.bias"), ("1",))]
    return Training(
        config.training, config.scheduler, 0, 0.1, model, None, None, objective, optimizer,
        Precision("fp32", CPU), loader, loader, groups, FreezingPlan((0,)), Run.create(tmp_path, "a", "b"), {},
    )  # fmt: skip


def finish(training: Training) -> Progress:
    progress, tally = restore(training)
    return Loop(training, ImageStream(training), progress, tally).run(StopSignal())


def test_every_step_and_every_epoch_happens_once(tmp_path: Path):
    training = training_in(tmp_path)
    progress = finish(training)
    assert (progress.step, progress.updates, progress.epochs) == (12, 12, 3)
    rows = training.run.rows("metrics.jsonl")
    assert [row["step"] for row in rows if row["kind"] == "step"] == list(range(12))
    assert [row["epoch"] for row in rows if row["kind"] == "epoch"] == [0, 1, 2]
    assert progress.history[-1]["val_accuracy"] > 0.8


def test_patience_stops_early(tmp_path: Path):
    training = training_in(tmp_path, "training.epochs=50", "training.patience=2", "optimizer.lr=1e-9")
    training.rate = 1e-12
    progress = finish(training)
    assert progress.epochs < 50
    assert progress.waited() == 2


@pytest.mark.parametrize("after", [1, 4, 6, 11])
def test_a_signal_saves_and_the_rest_is_the_same(tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch):
    whole = training_in(tmp_path / "whole")
    finish(whole)
    stopped, stop, count = training_in(tmp_path / "stopped"), StopSignal(), 0
    real = loop_file.train_step

    def counted(*arguments: Any) -> Step:
        nonlocal count
        count += 1
        if count == after:
            stop.number = 15
        return real(*arguments)

    monkeypatch.setattr(loop_file, "train_step", counted)
    progress, tally = restore(stopped)
    with pytest.raises(Interrupted, match=f"after step {after}") as signal:
        Loop(stopped, ImageStream(stopped), progress, tally).run(stop)
    assert signal.value.status == 143
    resumed = training_in(tmp_path / "resumed")
    resumed.run = stopped.run
    finish(resumed)
    for one, other in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(one, other)
    clocks = {"seconds", "images_per_second"}
    one, other = (
        [{key: value for key, value in row.items() if key not in clocks} for row in training.run.rows("metrics.jsonl")]
        for training in (whole, resumed)
    )
    assert one == other


def test_a_skipped_step_moves_no_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """fp16 skips steps whose gradients overflow (rule 19)."""
    training = training_in(tmp_path, "scheduler=onecycle")
    real, calls = loop_file.train_step, 0

    def skipping(*arguments: Any) -> Step:
        nonlocal calls
        calls += 1
        done = real(*arguments)
        return done._replace(stepped=done.stepped and calls not in {2, 3})

    monkeypatch.setattr(loop_file, "train_step", skipping)
    progress = finish(training)
    assert (progress.step, progress.updates) == (12, 10)
    rates = [row["lr"] for row in training.run.rows("metrics.jsonl") if row["kind"] == "step"]
    assert rates[1] == rates[2] == rates[3] != rates[4]


def test_an_epoch_is_one_line_of_80_columns():
    row = {"epoch": 11, "train_loss": 1.46912, "train_accuracy": 0.6283, "train_f1_macro": 0.5, "val_loss": 10.5361}
    row |= {"val_accuracy": 0.85, "val_f1_macro": 0.8, "images_per_second": 127.4}
    line = _line(row, 100, best=True)
    assert line == "epoch  12/100  loss 1.469, val 10.536  accuracy 0.628, val 0.850  best"
    assert len(line) <= 80
