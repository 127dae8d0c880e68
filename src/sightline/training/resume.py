"""What a checkpoint holds of a training, and putting a training back to where its last checkpoint left it."""

import json
from typing import Any

import torch

from sightline.errors import RunFailedError
from sightline.models.checkpoints import load_best
from sightline.run.folder import Run
from sightline.tasks.objective import Tally
from sightline.training.setup import Training
from sightline.training.state import Progress, load_last, weights


def snapshot(training: Training, progress: Progress, tally: Tally) -> dict[str, object]:
    """Everything that `restore` takes back, as tensors and plain values.

    Args:
        training: as it is between two steps.
        progress: of it.
        tally: of the epoch under way, in all processes together.
    """
    learned = training.objective.learned
    return {
        **training.identity,
        **({} if learned is None else {"objective": learned.state_dict()}),
        "model": weights(training.model),
        "ema": weights(training.ema.module) if training.ema else None,
        "lookahead": training.lookahead.state_dict() if training.lookahead else None,
        "optimizer": training.optimizer.state_dict(),
        "scaler": training.precision.state_dict(),
        "progress": vars(progress).copy(),
        "tally": tally.state_dict(),
    }


def restore(training: Training) -> tuple[Progress, Tally]:
    """Load the newest checkpoint that can be read into a training, or begin anew where there is none.

    Rows of `metrics.jsonl` that are younger than the checkpoint are dropped: their steps will be taken again.

    Raises:
        RunFailedError: every checkpoint is damaged, or the newest is of another configuration or other data; the best
            epoch's is damaged, and no other holds that epoch.
    """
    run = training.run
    tally = training.objective.tally()
    content = load_last(run, training.train.device)
    if content is None:
        progress = Progress(micro_batches=training.config.accumulate)
    else:
        different = [key for key, value in training.identity.items() if content[key] != value]
        if different:
            raise RunFailedError(f"the checkpoint in {run.path} is of another {', '.join(different)}; begin a new run")
        _load(training, content)
        if run.writes:  # the sums of all processes, to be counted once
            tally.load_state_dict(content["tally"])
        progress = Progress.from_state(content["progress"])
        if progress.best is not None:
            load_best(run, torch.device("cpu"))  # damaged, it is built anew while the last state is that of its epoch
    _drop_rows_after(run, progress)
    return progress, tally


def _load(training: Training, content: dict[str, Any]) -> None:
    """Give every component its state back."""
    training.model.load_state_dict(content["model"])
    if training.ema is not None:
        training.ema.module.load_state_dict(content["ema"])
    if training.lookahead is not None:
        training.lookahead.load_state_dict(content["lookahead"])
    if training.objective.learned is not None:
        training.objective.learned.load_state_dict(content["objective"])
    training.optimizer.load_state_dict(content["optimizer"])
    training.precision.load_state_dict(content["scaler"])


def _drop_rows_after(run: Run, progress: Progress) -> None:
    if run.has("metrics.jsonl"):
        rows = [row for row in run.rows("metrics.jsonl") if _is_before(row, progress)]
        run.save_text("metrics.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def _is_before(row: dict[str, Any], progress: Progress) -> bool:
    """Whether the row tells of something before the checkpoint."""
    step_done: bool = row["step"] < progress.step
    return step_done or (row["kind"] == "epoch" and bool(row["epoch"] < progress.epochs))
