"""The training loop. Its order is fixed: evaluate, save, stop?, step, log."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from sightline.config.schema import PlateauSchedule, SchedulerConfig, TrainingConfig
from sightline.data.loaders import EvalLoader, TrainLoader
from sightline.models.freezing import FreezingPlan, apply_freezing
from sightline.models.groups import LayerGroup
from sightline.run import Run
from sightline.runtime import Interrupted, StopSignal
from sightline.tasks.task import Tally, Task
from sightline.terminal import ProgressBar, logger
from sightline.training.optimizer import set_rates
from sightline.training.precision import Precision
from sightline.training.schedule import plateau_drops, rate_factor
from sightline.training.state import BEST, Progress, save_checkpoint, save_last, weights
from sightline.training.step import seed_step, train_step

if TYPE_CHECKING:
    from timm.utils import ModelEmaV3

STEP_ROWS_AN_EPOCH = 20


@dataclass
class Training:
    """The parts of one training, wired together by the train stage."""

    config: TrainingConfig
    scheduler: SchedulerConfig
    seed: int
    rate: float
    model: nn.Module
    ema: "ModelEmaV3 | None"
    task: Task
    optimizer: torch.optim.Optimizer
    precision: Precision
    train: TrainLoader
    val: EvalLoader
    groups: list[LayerGroup]
    plan: FreezingPlan
    run: Run
    identity: dict[str, Any]

    @property
    def total_steps(self) -> int:
        """Optimiser steps of the whole training."""
        return self.config.epochs * len(self.train)

    @property
    def judged(self) -> nn.Module:
        """The weights that are evaluated and kept: the running average where there is one."""
        return self.ema.module if self.ema else self.model


class Loop:
    """Runs a training from wherever its progress stands.

    Args:
        training: the parts.
        progress: where it stands; zero for a new one.
        tally: the sums of the epoch under way.
    """

    def __init__(self, training: Training, progress: Progress, tally: Tally) -> None:
        self.training = training
        self.progress = progress
        self.tally = tally
        self._in_train_mode = False
        self._epoch_started = time.perf_counter()
        self._seen = 0
        self._save_at = time.monotonic() + 60 * training.config.checkpoint_minutes

    def run(self, stop: StopSignal) -> Progress:
        """Train to the end, or until early stopping or a signal.

        Raises:
            Interrupted: a signal came; the state was saved after the step under way.
            RunFailedError: the loss was not finite.
        """
        training, progress = self.training, self.progress
        per_epoch = len(training.train)
        with ProgressBar(training.total_steps, "training", progress.step) as bar:
            while True:
                epoch, index = divmod(progress.step, per_epoch)
                if progress.epochs < epoch:
                    self._close_epoch()
                    self._save()
                elif time.monotonic() > self._save_at:
                    self._save()
                if self._finished():
                    return progress
                if stop.number is not None:
                    self._save()
                    raise Interrupted(
                        stop.number, f"state saved after step {progress.step}; go on with run={_short(training.run)}"
                    )
                loss = self._step(epoch, index)
                bar.update(progress.step, f"epoch {epoch + 1}/{training.config.epochs}", self._note(loss))

    def _step(self, epoch: int, index: int) -> float:
        training, step = self.training, self.progress.step
        if not self._in_train_mode or index == 0:
            self._enter_train_mode(epoch)
        batch = training.train.batch(epoch, index, step / training.total_steps)
        rate = training.rate * self._factor(self.progress.updates)
        set_rates(training.optimizer, rate, training.plan, step, len(training.train))
        seed_step(training.seed, step)
        loss, moved = train_step(
            training.model,
            training.task,
            batch.parts(training.config.accumulate),
            training.optimizer,
            training.precision,
            training.config.clip_norm,
            self.tally,
        )
        if training.ema and moved:
            training.ema.update(training.model, step=self.progress.updates)
        self.progress.step += 1
        self.progress.updates += moved
        self._seen += len(batch)
        if index % max(1, len(training.train) // STEP_ROWS_AN_EPOCH) == 0:
            training.run.log("step", step=step, epoch=epoch, loss=loss, lr=rate)
        return loss

    def _factor(self, step: int) -> float:
        training, drops = self.training, 0
        if isinstance(training.scheduler, PlateauSchedule):
            monitor = training.config.monitor
            values = [row[monitor] for row in self.progress.history]
            drops = plateau_drops(values, training.scheduler.patience, higher_is_better=not monitor.endswith("loss"))
        return rate_factor(training.scheduler, step, len(training.train), training.total_steps, drops)

    def _enter_train_mode(self, epoch: int) -> None:
        training = self.training
        training.model.train()
        apply_freezing(training.model, training.groups, training.plan.trainable(epoch), dropout=training.plan.dropout)
        self._in_train_mode = True

    def _close_epoch(self) -> None:
        """Evaluate, add the epoch's row, keep the weights when they are the best so far."""
        training, progress = self.training, self.progress
        seconds = time.perf_counter() - self._epoch_started
        row: dict[str, float] = {"epoch": progress.epochs, "step": progress.step}
        row |= {f"train_{name}": value for name, value in self.tally.metrics().items()}
        row |= {f"val_{name}": value for name, value in self._evaluate().items()}
        row |= {"lr": training.rate * self._factor(max(0, progress.updates - 1))}
        row |= {"seconds": round(seconds, 3), "images_per_second": round(self._seen / seconds, 1)}
        progress.epochs += 1
        progress.history.append(row)
        if progress.is_best(training.config.monitor):
            save_checkpoint(training.run, BEST, {**training.identity, "model": weights(training.judged), "row": row})
        training.run.log("epoch", **row)
        logger.info(_line(row, training.config.epochs, best=progress.waited() == 0))
        self.tally = training.task.tally()
        self._epoch_started, self._seen = time.perf_counter(), 0

    @torch.no_grad()
    def _evaluate(self) -> dict[str, float]:
        training, tally = self.training, self.training.task.tally()
        model = training.judged.eval()
        self._in_train_mode = False
        for batch in training.val:
            with training.precision.autocast():
                outputs = model(batch.images)
            tally.add(outputs, batch.targets, training.task.plain_loss(outputs, batch.targets))
        return tally.metrics()

    def _finished(self) -> bool:
        patience = self.training.config.patience
        if patience is not None and self.progress.waited() >= patience:
            logger.info("no better %s for %d epochs: stopping early", self.training.config.monitor, patience)
            return True
        return self.progress.step >= self.training.total_steps

    def _save(self) -> None:
        training, progress = self.training, self.progress
        content = {
            **training.identity,
            "model": weights(training.model),
            "ema": weights(training.ema.module) if training.ema else None,
            "optimizer": training.optimizer.state_dict(),
            "scaler": training.precision.state_dict(),
            "progress": vars(progress).copy(),
            "tally": self.tally.state_dict(),
        }
        save_last(training.run, content)
        self._save_at = time.monotonic() + 60 * training.config.checkpoint_minutes

    def _note(self, loss: float) -> str:
        speed = self._seen / (time.perf_counter() - self._epoch_started)
        monitor = self.training.config.monitor
        last = f" · {monitor} {self.progress.history[-1][monitor]:.3f}" if self.progress.history else ""
        return f"loss {loss:.3f} · {speed:.0f} images/s{last}"


def _line(row: dict[str, float], epochs: int, *, best: bool) -> str:
    """An epoch in one line, whatever metrics the task has."""
    parts = [f"epoch {int(row['epoch']) + 1:>3}/{epochs}"]
    for part in ("train", "val"):
        values = [f"{key.removeprefix(part + '_')} {row[key]:.4f}" for key in row if key.startswith(f"{part}_")]
        parts.append(f"{part} {' '.join(values)}")
    return "  ".join([*parts, f"{row['images_per_second']:.0f} images/s", *(["best"] if best else [])])


def _short(run: Run) -> str:
    return str(Path(run.path.parent.name) / run.path.name)
