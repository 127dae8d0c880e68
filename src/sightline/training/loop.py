"""The training loop. Its order is fixed: evaluate, save, stop?, step, log."""

import time
from contextlib import closing
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from sightline.config.schema import PlateauSchedule
from sightline.data.batch import Batch
from sightline.machine.distributed import copy_from_first, from_all, largest, world
from sightline.machine.memory import fit_in_memory
from sightline.machine.signals import Interrupted, StopSignal
from sightline.machine.terminal import ProgressBar, logger
from sightline.metrics.catalogue import monitored
from sightline.models.freezing import apply_freezing
from sightline.models.outputs import Outputs, concatenate
from sightline.run.folder import Run
from sightline.tasks.objective import Tally
from sightline.training.extras.compiling import compile_in_place
from sightline.training.extras.features import FeatureCache, feature_cache, fed
from sightline.training.extras.profiling import StepProfiler
from sightline.training.extras.soup import keep_for_soup
from sightline.training.optimizer import set_rates
from sightline.training.parts import Training
from sightline.training.schedule import plateau_drops, rate_factor
from sightline.training.state import BEST, Progress, save_checkpoint, save_last, weights
from sightline.training.step import step_seed, train_step

STEP_ROWS_AN_EPOCH = 20


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
        self._world = world()
        self._wrapped: nn.Module | None = None
        self._in_train_mode = False
        self._epoch_started = time.perf_counter()
        self._seen = 0
        self._features: FeatureCache | None = None
        self._save_at = time.monotonic() + 60 * training.config.checkpoint_minutes

    def run(self, stop: StopSignal) -> Progress:
        """Train to the end, or until early stopping or a signal.

        Raises:
            Interrupted: a signal came; the state was saved after the step under way.
            RunFailedError: the loss was not finite.
        """
        training, progress = self.training, self.progress
        per_epoch = len(training.train)
        self._features = feature_cache(training)
        batches = fed(self._features, training.train, progress.step, training.total_steps)
        with (
            closing(batches),
            ProgressBar(training.total_steps, "training", progress.step) as bar,
            StepProfiler(training.run, training.config.profile_steps) as profiler,
        ):
            while True:
                epoch, index = divmod(progress.step, per_epoch)
                # All processes stop, or save, after the same step, whichever of them was asked to.
                signal, due = largest([stop.number or 0, time.monotonic() > self._save_at])
                if progress.epochs < epoch:
                    self._close_epoch()
                    self._save()
                elif due:
                    self._save()
                if self._finished():
                    return progress
                if signal:
                    self._save()
                    raise Interrupted(
                        signal, f"state saved after step {progress.step}; go on with run={_short(training.run)}"
                    )
                profiler.step()
                batch = next(batches)
                loss = self._step(training.teacher(batch) if training.teacher else batch, epoch, index)
                bar.update(progress.step, f"epoch {epoch + 1}/{training.config.epochs}", self._note(loss))

    def _step(self, batch: Batch, epoch: int, index: int) -> float:
        training, progress, step = self.training, self.progress, self.progress.step
        if not self._in_train_mode or index == 0:
            self._enter_train_mode(epoch)
        cache = self._cache(epoch)
        if cache and not cache.holds(epoch):
            batch = cache.kept(batch, epoch, progress.parts)
        rate = training.rate * self._factor(progress.updates)
        set_rates(training.optimizer, rate, training.plan, step, len(training.train))
        loss, moved, progress.parts = train_step(
            cache.head if cache else self._model(batch),
            training.objective,
            batch,
            progress.parts,
            training.optimizer,
            training.precision,
            training.config.clip_norm,
            self.tally,
            step_seed(training.seed, step, self._world.rank),
        )
        if training.ema and moved:
            training.ema.update(training.model, step=progress.updates)
        progress.step += 1
        progress.updates += moved
        if training.lookahead and moved:
            training.lookahead.update(progress.step, training.total_steps)
        self._seen += round(len(batch) * self._world.size / batch.weight)
        if index % max(1, len(training.train) // STEP_ROWS_AN_EPOCH) == 0:
            training.run.log("step", step=step, epoch=epoch, loss=loss, lr=rate)
        return loss

    def _cache(self, epoch: int) -> FeatureCache | None:
        """Where features are kept, in the epochs in which they are."""
        return self._features if self._features and epoch < self._features.until else None

    def _model(self, batch: Batch) -> nn.Module:
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
        training, drops = self.training, 0
        if isinstance(training.scheduler, PlateauSchedule):
            monitor = training.config.monitor
            values = [row[monitor] for row in self.progress.history]
            drops = plateau_drops(
                values, training.scheduler.patience, higher_is_better=monitored(monitor).higher_is_better
            )
        return rate_factor(training.scheduler, step, len(training.train), training.total_steps, drops)

    def _enter_train_mode(self, epoch: int) -> None:
        training = self.training
        training.model.train()
        apply_freezing(training.model, training.groups, training.plan.trainable(epoch), dropout=training.plan.dropout)
        if cache := self._cache(epoch):
            training.model.eval()
            cache.head.train()
        if epoch in training.plan.changes:
            self._wrapped = None  # the exchange between processes is laid out for the parameters that train
        self._in_train_mode = True

    def _close_epoch(self) -> None:
        """Evaluate, add the epoch's row, keep the weights when they are the best so far."""
        training, progress = self.training, self.progress
        seconds = time.perf_counter() - self._epoch_started
        row: dict[str, float] = {"epoch": progress.epochs, "step": progress.step}
        row |= {f"train_{name}": value for name, value in self._total(self.tally).metrics().items()}
        row |= {f"val_{name}": value for name, value in self.evaluate().items()}
        row |= {"lr": training.rate * self._factor(max(0, progress.updates - 1))}
        row |= {"seconds": round(seconds, 3), "images_per_second": round(self._seen / seconds, 1)}
        progress.epochs += 1
        progress.history.append(row)
        if progress.is_best(training.config.monitor):
            save_checkpoint(training.run, BEST, {**training.identity, "model": weights(training.judged), "row": row})
        if training.config.soup:
            keep_for_soup(training, progress.history)
        training.run.log("epoch", **row)
        logger.info(_line(row, training.config.epochs, best=progress.waited() == 0))
        self.tally = training.objective.tally()
        self._epoch_started, self._seen = time.perf_counter(), 0

    def _total(self, tally: Tally) -> Tally:
        """The tally of all processes together; every item was counted by one of them."""
        return tally if self._world.size == 1 else tally.merged(from_all(tally.state_dict()))

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Measure the weights that are kept on val."""
        training, tally = self.training, self.training.objective.tally()
        model, batches = training.judged.eval(), iter(training.val)
        cache = self._cache(self.progress.epochs)
        if cache and model is training.model:
            model, batches = cache.head.eval(), iter(cache.val_batches())
        self._in_train_mode = False
        copy_from_first(list(model.buffers()))  # each process keeps running statistics of its own items

        def outputs(batch: Batch, parts: int) -> Outputs:
            with training.precision.autocast():
                return concatenate([model(part.images) for part in batch.micro_batches(parts)])

        parts = 1
        for batch in batches:
            answer, parts = fit_in_memory(partial(outputs, batch), parts, len(batch), len(batch))
            tally.add(answer, batch.targets, training.objective.plain_loss(answer, batch.targets))
        return self._total(tally).metrics()

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
            "lookahead": training.lookahead.state_dict() if training.lookahead else None,
            "optimizer": training.optimizer.state_dict(),
            "scaler": training.precision.state_dict(),
            "progress": vars(progress).copy(),
            "tally": self._total(self.tally).state_dict(),
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
