"""How training went, and what shaped it."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Final

from sightline.metrics.catalogue import METRICS, MONITORED, monitored
from sightline.reporting.contents import Contents, JsonFile, JsonLines
from sightline.reporting.formatting import duration, number
from sightline.reporting.sections.blocks import Block, Facts
from sightline.reporting.sections.section import FigureKind, Section
from sightline.run.records import SoupFile

Pairs = list[tuple[str, str]]
Row = Mapping[str, float]
"""An epoch: what is known of it."""


LOG: Final = JsonLines[Mapping[str, object]]("metrics.jsonl")
SOUP: Final = JsonFile[SoupFile]("soup.json")
SETTINGS: Final = (
    ("Model", "model.name"),
    ("Augmentation", "transforms.name"),
    ("Freezing", "freezing.name"),
    ("Optimiser", "optimizer.name"),
    ("Learning rate", "optimizer.lr"),
    ("Schedule", "scheduler.name"),
    ("Batch size", "training.batch_size"),
    ("Rare classes", "imbalance.name"),
    ("Teacher", "training.teacher"),
)


def epochs(contents: Contents) -> list[Row]:
    """The epochs of the log."""
    rows = [row for row in contents.rows(LOG) if row.get("kind") == "epoch"]
    return [{key: value for key, value in row.items() if isinstance(value, int | float)} for row in rows]


def kept_epoch(rows: Sequence[Row], monitor: str) -> Row | None:
    """The row of the epoch whose weights were kept: the best by the monitored value, the earlier of two equals."""
    known = [row for row in rows if monitor in row]
    return min(known, key=lambda row: monitored(monitor).sign * row[monitor], default=None)


def training_facts(contents: Contents) -> Facts:
    """How long, how fast, which epoch was kept, and the choices that shaped it; epochs count from 1 as in the log."""
    rows = epochs(contents)
    return Facts([*_length(contents, rows), *_best(contents, rows), *_speed(rows), *_settings(contents)])


def _length(contents: Contents, rows: Sequence[Row]) -> Pairs:
    asked = contents.setting("training.epochs")
    return [("Epochs", f"{len(rows)}" + (f" of {asked} allowed" if asked else ""))] if rows else []


def _best(contents: Contents, rows: Sequence[Row]) -> Pairs:
    monitor = str(contents.setting("training.monitor", MONITORED[0]))
    kept = kept_epoch(rows, monitor)
    if kept is None:
        return []
    reason = f"{'highest' if monitored(monitor).higher_is_better else 'lowest'} {monitor}"
    return [
        ("Best epoch", f"{int(kept['epoch']) + 1}: {reason}" + _reached(kept, contents.task)),
        ("Weights kept", _weights_kept(contents.read(SOUP))),
    ]


def _reached(kept: Row, task: str) -> str:
    """The first of the numbers that a report of this task begins with, on the validation split."""
    for metric in METRICS.values():
        value = kept.get(f"val_{metric.name}")
        if metric.task == task and metric.headline and metric.monitored and value is not None:
            return f", validation {metric.short} {number(metric.name, value)}"
    return ""


def _weights_kept(soup: SoupFile | None) -> str:
    if soup is None:
        return "those of the best epoch"
    averaged = ", ".join(str(epoch + 1) for epoch in soup["epochs"])
    if soup["taken"]:
        return f"the average of epochs {averaged}: better on the validation split than the best one alone"
    return "those of the best epoch: no average with other epochs was better on the validation split"


def _speed(rows: Sequence[Row]) -> Pairs:
    found = []
    if seconds := [row["seconds"] for row in rows if "seconds" in row]:
        found.append(("Time", f"{duration(sum(seconds))} ({duration(median(seconds))} an epoch)"))
    if speeds := [row["images_per_second"] for row in rows if "images_per_second" in row]:
        found.append(("Speed", f"{median(speeds):,.0f} images/s, median of the epochs"))
    return found


def _settings(contents: Contents) -> Pairs:
    values = [(label, contents.setting(key)) for label, key in SETTINGS]
    return [(label, str(value)) for label, value in values if value is not None] + _adversarial(contents)


def _adversarial(contents: Contents) -> Pairs:
    """What was done to images so that the model errs, if anything."""
    name, norm, budget, steps = (
        contents.setting(f"training.adversarial.{key}") for key in ("name", "norm", "budget", "steps")
    )
    if name is None or name == "none":
        return []
    shown = f"{budget:g}" if isinstance(budget, int | float) else budget
    return [("Adversarial training", f"{name} within {shown}/255 ({norm}), steps: {steps}")]


def blocks(contents: Contents) -> Iterator[Block]:
    """Facts; the settings alone are no training."""
    if epochs(contents):
        yield training_facts(contents)


SECTION: Final = Section(
    blocks=blocks,
    card="Training",
    sources=(LOG.name, "config.yaml"),
    missing="training",
    own=True,
    figures=(
        FigureKind(
            "freezing",
            "Freezing plan",
            "Layer groups from the stem at the bottom to the head on top: grey while frozen.",
        ),
        FigureKind(
            "lr_range",
            "Range test",
            "Loss of a hundred steps whose learning rate grows; dashed: the rate to try.",
        ),
        FigureKind(
            "curves",
            "Curves",
            "Dashed: the epoch whose weights were kept. "
            "Training is measured on augmented images, while the weights move.",
        ),
    ),
)
