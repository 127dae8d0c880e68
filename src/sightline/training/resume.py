"""Putting a training back to where its last checkpoint left it."""

import json
from typing import TYPE_CHECKING, Any

from sightline.errors import RunFailedError
from sightline.run.folder import Run
from sightline.training.state import Progress, load_last

if TYPE_CHECKING:
    from sightline.tasks.objective import Tally
    from sightline.training.parts import Training


def restore(training: "Training") -> tuple[Progress, "Tally"]:
    """Load the newest checkpoint that can be read into the parts of a training, or begin anew where there is none.

    Rows of `metrics.jsonl` that are younger than the checkpoint are dropped: their steps will be taken again.

    Raises:
        RunFailedError: every checkpoint is damaged, or the newest is of another configuration or other data.
    """
    run, tally = training.run, training.objective.tally()
    content = load_last(run, training.train.device)
    if content is None:
        progress = Progress(parts=training.config.accumulate)
        _drop_rows_after(run, progress)
        return progress, tally
    different = [key for key, value in training.identity.items() if content[key] != value]
    if different:
        raise RunFailedError(f"the checkpoint in {run.path} is of another {', '.join(different)}; begin a new run")
    training.model.load_state_dict(content["model"])
    if training.ema is not None:
        training.ema.module.load_state_dict(content["ema"])
    if training.lookahead is not None:
        training.lookahead.load_state_dict(content["lookahead"])
    training.optimizer.load_state_dict(content["optimizer"])
    training.precision.load_state_dict(content["scaler"])
    if run.writes:  # the sums of all processes, to be counted once
        tally.load_state_dict(content["tally"])
    progress = Progress(**content["progress"])
    _drop_rows_after(run, progress)
    return progress, tally


def _drop_rows_after(run: Run, progress: Progress) -> None:
    if run.has("metrics.jsonl"):
        rows = [row for row in run.rows("metrics.jsonl") if _done(row, progress)]
        run.save_text("metrics.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def _done(row: dict[str, Any], progress: Progress) -> bool:
    """Whether the row tells of something before the checkpoint."""
    step_done: bool = row["step"] < progress.step
    return step_done or (row["kind"] == "epoch" and bool(row["epoch"] < progress.epochs))
