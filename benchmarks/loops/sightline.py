"""Sightline: the command `train` in this process, timed by the rows of `metrics.jsonl` as they are written.

Nothing of the loop is rewritten or left out. When enough was timed, the run is stopped as a person would stop it.
"""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sightline.machine.environment import prepare_environment
from sightline.machine.signals import Interrupted

prepare_environment()  # the command does so too, before torch is imported

import torch  # noqa: E402

from benchmarks.loops.protocol import MOMENTUM, RATE, WEIGHT_DECAY, Job, Stopwatch, answer, read_job  # noqa: E402
from sightline.cli import compose_config  # noqa: E402
from sightline.commands.pipeline import run_stages  # noqa: E402
from sightline.config import parse  # noqa: E402
from sightline.inference.model import load_split  # noqa: E402
from sightline.run.folder import Run  # noqa: E402
from sightline.training.loop import STEP_ROWS_AN_EPOCH  # noqa: E402

Row = Mapping[str, Any]
A_ROW_A_STEP = f"training.steps_per_epoch={2 * STEP_ROWS_AN_EPOCH - 1}"
"""Short epochs, in which every step writes a row, so that single steps can be timed. The writing is on our account."""


def main() -> None:
    """Train until enough was timed."""
    job, _ = read_job(__doc__)
    watch = Stopwatch(job)
    run = train(job, [A_ROW_A_STEP], lambda row: watch.tick(row["step"], row["epoch"]))
    weights = torch.load(run.path / "checkpoints/last.pt", weights_only=True)["model"]
    answer("sightline", job, watch.steps * images_a_step(run, job), watch.seconds, weights)


def train(job: Job, overrides: Sequence[str], enough: Callable[[Row], bool]) -> Run:
    """Train in a new run until `enough` says so; it is told of every row of a step when it is written."""
    return train_until([*_words(job), *overrides], job.runs, enough)


def train_until(words: Sequence[str], runs: Path, enough: Callable[[Row], bool]) -> Run:
    """Train with the words of a command in a new run until `enough` says so."""
    config = parse.parse(compose_config(words))
    run = Run.create(runs, "benchmark", config.training.precision)
    run.save_text("config.yaml", parse.to_yaml(config))

    def listen(row: Row) -> None:
        if row["kind"] == "step" and enough(row):
            os.kill(os.getpid(), signal.SIGTERM)

    run.listeners.append(listen)
    try:
        run_stages(config, run)
    except Interrupted:
        return run
    raise SystemExit("the training ended before enough was timed")


def images_a_step(run: Run, job: Job) -> float:
    """Mean size of a batch: the items of an epoch are dealt out evenly, so it is a little below the one asked for."""
    items = len(load_split(run).positions("train"))
    return items / -(-items // job.batch)


def _words(job: Job) -> list[str]:
    """The command; what it does not name is as it comes."""
    return [
        "tracking=none",
        "mode.stages=[validate,train]",
        "data=folder",
        f"data.root={job.root}",
        f"data.workers={job.workers}",
        "model=timm",
        "model.name=resnet18",
        "model.pretrained=false",
        "optimizer=sgd",
        f"optimizer.lr={RATE}",
        f"optimizer.momentum={MOMENTUM}",
        f"optimizer.weight_decay={WEIGHT_DECAY}",
        "scheduler=constant",
        "transforms.horizontal_flip=0.5",  # as the other loops do
        "training.epochs=1000",
        f"training.batch_size={job.batch}",
        f"training.precision={job.precision}",
        f"device={job.device.type}",
        f"runs_dir={job.runs}",
    ]


if __name__ == "__main__":
    main()
