"""The training loop. Its order is fixed: evaluate, save, stop?, step, log."""

import math
import time
from contextlib import closing
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from sightline.config.training import PlateauSchedule
from sightline.data.batch import Batch
from sightline.data.sources.remarks import counted
from sightline.machine.distributed import all_reduce_max, broadcast_tensors, gather_objects, world
from sightline.machine.signals import Interrupted, StopSignal, remedy_or
from sightline.machine.terminal import ProgressBar, logger
from sightline.metrics.catalogue import monitored
from sightline.models.checkpoints import BEST, best_checkpoint, save_checkpoint
from sightline.models.freezing import apply_freezing
from sightline.run.folder import Run
from sightline.tasks.objective import Tally
from sightline.training.extras.compiling import compile_in_place
from sightline.training.extras.profiling import StepProfiler
from sightline.training.extras.soup import save_soup_member
from sightline.training.optimizer import set_rates
from sightline.training.resume import snapshot
from sightline.training.schedule import plateau_drops, rate_factor
from sightline.training.setup import Training
from sightline.training.state import Progress, save_last, weights
from sightline.training.step import step_seed, train_step
from sightline.training.stream import BatchStream
from sightline.training.validation import tally_batches

STEP_ROWS_AN_EPOCH = 20


class Loop:
    """Runs a training from wherever its progress stands.

    Args:
        training: its components.
        stream: the batches, and what they are for.
        progress: where it stands; zero for a new one.
        tally: the sums of the epoch under way.
    """

    def __init__(self, training: Training, stream: BatchStream, progress: Progress, tally: Tally) -> None:
        self.training = training
        self.stream = stream
        self.progress = progress
        self.tally = tally
        self._world = world()
        self._wrapped: nn.Module | None = None
        self._in_train_mode = False
        self._epoch_started = time.perf_counter()
        self._images_seen = 0
        self._save_at = self._next_save()

    def run(self, stop: StopSignal) -> Progress:
        """Train to the end, or until early stopping or a signal.

        Raises:
            Interrupted: a signal came; the state was saved after the step under way.
            RunFailedError: the loss was not finite.
        """
        training, progress = self.training, self.progress
        with (
            closing(self.stream.batches(progress)) as batches,
            ProgressBar(training.total_steps, "training", progress.step) as bar,
            StepProfiler(training.run, training.config.profile_steps) as profiler,
        ):
            while True:
                epoch = progress.step // len(training.train)
                # All processes stop, or save, after the same step, whichever of them was asked to.
                signal, save_is_due = all_reduce_max([stop.number or 0, time.monotonic() > self._save_at])
                epoch_has_ended = progress.epochs < epoch
                if epoch_has_ended:
                    self._close_epoch()
                if epoch_has_ended or save_is_due:
                    self._save()
                if self._finished():
                    return progress
                if signal:
                    self._save()
                    how = remedy_or(_how_to_go_on(training.run))
                    raise Interrupted(signal, f"state saved after step {progress.step}; {how}")
                profiler.step()
                loss = self._step(next(batches))
                bar.update(progress.step, f"epoch {epoch + 1}/{training.config.epochs}", self._note(loss))

    def _step(self, batch: Batch) -> float:
        training, progress = self.training, self.progress
        step = progress.step
        epoch, index = divmod(step, len(training.train))
        module = self.stream.module(epoch)
        if not self._in_train_mode or index == 0:
            self._enter_train_mode(module, epoch)
        rate = training.rate * self._factor(progress.updates)
        set_rates(training.optimizer, rate, training.plan, step, len(training.train))
        done = train_step(
            self._wrap(batch) if module is training.model else module,
            training.objective,
            batch,
            progress.micro_batches,
            training.optimizer,
            training.precision,
            training.config.clip_norm,
            self.tally,
            step_seed(training.seed, step, self._world.rank),
            training.adversary and training.adversary.at(step),
        )
        progress.micro_batches = done.micro_batches
        if done.stepped and training.ema:
            training.ema.update(training.model, step=progress.updates)
        progress.step += 1
        progress.updates += done.stepped
        if done.stepped and training.lookahead:
            training.lookahead.update(progress.step, training.total_steps)
        self._images_seen += round(len(batch) * self._world.size / batch.weight)
        if index % max(1, len(training.train) // STEP_ROWS_AN_EPOCH) == 0:
            training.run.log("step", step=step, epoch=epoch, loss=done.loss, lr=rate)
        return done.loss

    def _wrap(self, batch: Batch) -> nn.Module:
        """The model as a step calls it: compiled where asked for, and exchanging gradients between processes."""
        training = self.training
        if self._wrapped is None:
            if training.compiles:
                training.compiles = compile_in_place(training.model, batch, training.precision)
            self._wrapped = training.model
            if self._world.size > 1:
                self._wrapped = DistributedDataParallel(training.model)
        return self._wrapped

    def _factor(self, step: int) -> float:
        training = self.training
        drops = 0
        if isinstance(training.scheduler, PlateauSchedule):
            monitor = training.config.monitor
            values = [row[monitor] for row in self.progress.history]
            drops = plateau_drops(
                values, training.scheduler.patience, higher_is_better=monitored(monitor).higher_is_better
            )
        return rate_factor(training.scheduler, step, len(training.train), training.total_steps, drops)

    def _enter_train_mode(self, module: nn.Module, epoch: int) -> None:
        training = self.training
        training.model.train(module is training.model)
        module.train()
        apply_freezing(training.model, training.groups, training.plan.trainable(epoch), dropout=training.plan.dropout)
        if epoch in training.plan.changes:
            self._wrapped = None  # the exchange between processes is laid out for the parameters that train
        self._in_train_mode = True

    def _close_epoch(self) -> None:
        """Evaluate, add the epoch's row, keep the weights when they are the best so far."""
        training, progress = self.training, self.progress
        row = self._epoch_row()
        progress.epochs += 1
        progress.history.append(row)
        if progress.is_best(training.config.monitor):
            content = best_checkpoint(training.identity, weights(training.eval_model), row)
            save_checkpoint(training.run, BEST, content)
        if training.config.soup:
            save_soup_member(training, progress.history)
        training.run.log("epoch", **row)
        logger.info(_line(row, training.config.epochs, best=progress.waited() == 0))
        self.tally = training.objective.tally()
        self._epoch_started = time.perf_counter()
        self._images_seen = 0

    def _epoch_row(self) -> dict[str, float]:
        """What is known of the epoch that has ended; its seconds are those of training alone."""
        seconds = time.perf_counter() - self._epoch_started
        row: dict[str, float] = {"epoch": self.progress.epochs, "step": self.progress.step}
        row |= {f"train_{name}": value for name, value in self._total(self.tally).metrics().items()}
        row |= {f"val_{name}": value for name, value in self.evaluate().items()}
        row |= {"lr": self.training.rate * self._factor(max(0, self.progress.updates - 1))}
        row |= {"seconds": round(seconds, 3), "images_per_second": round(self._images_seen / seconds, 1)}
        return row

    def _total(self, tally: Tally) -> Tally:
        """The tally of all processes together; every item was counted by one of them."""
        return tally if self._world.size == 1 else tally.merged(gather_objects(tally.state_dict()))

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Measure the weights that are kept on val."""
        training = self.training
        model, batches = self.stream.evaluation(self.progress.epochs)
        model.eval()
        self._in_train_mode = False
        broadcast_tensors(list(model.buffers()))  # each process keeps running statistics of its own items
        return self._total(
            tally_batches(training.answering(model), batches, training.objective, training.precision)
        ).metrics()

    def _finished(self) -> bool:
        config = self.training.config
        if config.patience is not None and self.progress.waited() >= config.patience:
            epochs = counted(config.patience, "epoch")
            logger.info("no better %s for %s: stopping early", config.monitor, epochs)
            return True
        return self.progress.step >= self.training.total_steps

    def _save(self) -> None:
        save_last(self.training.run, snapshot(self.training, self.progress, self._total(self.tally)))
        self._save_at = self._next_save()

    def _next_save(self) -> float:
        """When a checkpoint is due within an epoch."""
        return time.monotonic() + 60 * self.training.config.checkpoint_minutes

    def _note(self, loss: float) -> str:
        """Loss, speed and the monitored metric, for the progress bar."""
        speed = self._images_seen / (time.perf_counter() - self._epoch_started)
        monitor = self.training.config.monitor
        last = f" · {monitor} {self.progress.history[-1][monitor]:.3f}" if self.progress.history else ""
        return f"loss {loss:.3f} · {speed:.0f} images/s{last}"


def _line(row: dict[str, float], epochs: int, *, best: bool) -> str:
    """An epoch in one line of 80 columns: the first two metrics of the task; all are in `metrics.jsonl`."""
    names = [key.removeprefix("val_") for key in row if key.startswith("val_")][:2]
    metrics = [f"{name} {row.get(f'train_{name}', math.nan):.3f}, val {row[f'val_{name}']:.3f}" for name in names]
    return "  ".join(
        [f"epoch {int(row['epoch']) + 1:>{len(str(epochs))}}/{epochs}", *metrics, *(["best"] if best else [])]
    )


def _how_to_go_on(run: Run) -> str:
    return f"go on with run={Path(run.path.parent.name) / run.path.name}"
