"""How a search went: its trials, its figures, its space."""

from collections.abc import Iterator
from typing import Final

from sightline.metrics.documents.sweep import Choice, Study, keys_of
from sightline.reporting.contents import Contents
from sightline.reporting.formatting import MISSING, duration, monitor_value
from sightline.reporting.sections.blocks import Block, Code, Table, Text, Verbatim
from sightline.reporting.sections.section import FigureKind, Section
from sightline.reporting.sections.sweep.retrained import SWEEP

TRIAL_HEADER: Final = ("Trial", "End", "Value", "Epochs", "Time")
BREAK: Final = "\N{ZERO WIDTH SPACE}"
"""Where a long key may go on in the next line."""


def epochs_saved(found: Study) -> tuple[int, int]:
    """Epochs that were trained, and those that pruning spared."""
    ended = [row for row in found["trials"] if row["state"] in {"complete", "pruned"}]
    longest = max((len(row["curve"]) for row in ended if row["state"] == "complete"), default=0)
    trained = sum(len(row["curve"]) for row in ended)
    spared = sum(longest - len(row["curve"]) for row in ended if row["state"] == "pruned")
    return trained, spared


def trial_table(found: Study) -> Table:
    """Every trial, the best first, then those without a value."""
    metric, sign = found["metric"], -1 if found["direction"] == "maximize" else 1
    used = {key for row in found["trials"] for key in row["values"]}
    keys = [key for key in keys_of(found["space"]) if key in used]
    ranked = sorted(found["trials"], key=lambda row: (row["value"] is None, sign * (row["value"] or 0), row["number"]))
    rows = [
        [
            f"{row['number']}" + (" (as configured)" if row["number"] == found["as_configured"] else ""),
            row["state"] + (f": {row['reason'].splitlines()[0]}" if row["state"] == "failed" and row["reason"] else ""),
            monitor_value(metric, row["value"]),
            f"{len(row['curve'])}",
            MISSING if row["seconds"] is None else duration(row["seconds"]),
            *(_written(row["values"].get(key)) for key in keys),
        ]
        for row in ranked
    ]
    return Table([*TRIAL_HEADER, *(key.replace(".", f".{BREAK}") for key in keys)], rows)


def _written(value: Choice) -> str:
    """A value of a dimension, short."""
    return MISSING if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def summary(found: Study) -> str:
    """How many trials and epochs, and by which means."""
    states = [row["state"] for row in found["trials"]]
    complete, pruned, failed = (states.count(state) for state in ("complete", "pruned", "failed"))
    trained, spared = epochs_saved(found)
    saved = f", {spared:,} spared by pruning" if spared else ""
    return (
        f"{complete} trials complete, {pruned} pruned, {failed} failed; {trained:,} epochs trained{saved}. "
        f"Sampler {found['sampler']}, pruner {found['pruner']}."
    )


def blocks(contents: Contents) -> Iterator[Block]:
    """How many, and by which means."""
    if found := contents.read(SWEEP):
        yield Text(summary(found), soft=True)


def space(contents: Contents) -> Iterator[Block]:
    """What was searched, and where it is stored."""
    if found := contents.read(SWEEP):
        yield Table(("Key", "Values"), list(found["space"].items()))
        yield Text(("Stored in ", Code(found["storage"]), ", which Optuna Dashboard opens."), soft=True)


def trials(contents: Contents) -> Iterator[Block]:
    """Every trial."""
    if found := contents.read(SWEEP):
        yield trial_table(found)


def best(contents: Contents) -> Iterator[Block]:
    """The configuration that is best, as a file of its own holds it."""
    if text := contents.text("best.yaml"):
        yield Verbatim(text)


SECTION: Final = Section(
    blocks=blocks,
    figures=(
        FigureKind("sweep_history", "History", "What each trial reached at its best epoch."),
        FigureKind("sweep_curves", "Curves", "Every trial, epoch by epoch."),
        FigureKind(
            "sweep_importances",
            "Importance",
            "How much of the differences between trials goes with each key (PED-ANOVA).",
        ),
        FigureKind(
            "sweep_parallel",
            "Parallel coordinates",
            "A line for each complete trial; a gap where a key has no value.",
        ),
        FigureKind("sweep_slices", "Slices", "What trials reached over each key by itself; the darker, the later."),
    ),
)
SPACE: Final = Section(title="Space", blocks=space)
TRIALS: Final = Section(blocks=trials)
BEST: Final = Section(blocks=best)
