"""The commands that are put through faults: small, and their data with them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

IMAGES = 48
SMALL = (
    "tracking=none", "device=cpu", "model.width=8", "image_size=16", "training.batch_size=16", "data.workers=0",
    "evaluation.resamples=100", "calibration.resamples=100", "compare.resamples=100", "explain.classes=2",
    "explain.per_class=1", "data.val_fraction=0.2", "data.calibration_fraction=0.2",
)  # fmt: skip
SEARCH = """
name: small
space: {optimizer.lr: {log_uniform: [0.001, 0.1]}}
trials: 2
top: 1
fresh_seeds: 1
"""
EVERY_STEP = "training.checkpoint_minutes=1e-9"
"""Save a checkpoint after every step."""
STAGES = ("calibrate", "evaluate", "explain", "report")
NAMES = ("train", *STAGES, "study", "sweep")


@dataclass(frozen=True)
class Scenario:
    """A command and how to go on with it.

    Attributes:
        name: of it.
        words: of the command.
        again: of the command that goes on, from what is there.
    """

    name: str
    words: tuple[str, ...]
    again: Callable[[], tuple[str, ...]]


def draw_pictures(root: Path) -> Path:
    """Digits 0 and 1 as files in two folders."""
    digits = load_digits()
    chosen = [place for place in range(400) if digits.target[place] < 2][:IMAGES]
    for place in chosen:
        (root / str(digits.target[place])).mkdir(parents=True, exist_ok=True)
        image = Image.fromarray((digits.images[place] * 15).astype(np.uint8))
        image.save(root / str(digits.target[place]) / f"{place}.png")
    return root


def scenarios(folder: Path, runs: Path) -> dict[str, Scenario]:
    """All of them, by name; what is called after a stage goes on from where the one before it ended.

    Args:
        folder: where to put what they read.
        runs: their `runs_dir`.
    """
    search = folder / "search.yaml"
    search.write_text(SEARCH)
    data = ("cnn", "data=folder", f"data.root={draw_pictures(folder / 'pictures')}", f"runs_dir={runs}", *SMALL)
    train = ("train", *data, "mode.stages=[validate,train]", "training.epochs=2", EVERY_STEP)
    study = ("train", *data, "mode.stages=[validate,train,evaluate]", "training.epochs=1", "seeds=[1,2]")
    sweep = ("sweep", f"sweep={search}", *data, "training.epochs=1")
    found = [Scenario("train", train, lambda: (*train, *_run(runs / "pictures-cnn")))]
    for stage in STAGES:
        words = (stage, "run=latest", f"runs_dir={runs}", "tracking=none")
        found.append(Scenario(stage, words, partial(tuple[str, ...], words)))
    found.append(Scenario("study", study, lambda: (*study, *_run(runs / "pictures-study"))))
    found.append(Scenario("sweep", sweep, lambda: sweep))
    return {scenario.name: scenario for scenario in found}


def _run(family: Path) -> tuple[str, ...]:
    """`run=` of the one that was begun; nothing where none was."""
    begun = sorted(family.glob("*/config.yaml"))
    return tuple(f"run={file.parent}" for file in begun[:1])
