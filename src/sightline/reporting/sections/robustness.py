"""What a model is worth on images that are not as they should be."""

from collections.abc import Iterator, Sequence
from typing import Final

from sightline.metrics.documents.robustness import (
    Condition,
    Corruptions,
    Robustness,
    ShiftedSets,
    TargetUnderCorruptions,
)
from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.formatting import MISSING, interval, label, number, quotient, signed
from sightline.reporting.sections.attacks import attack_blocks, distrust
from sightline.reporting.sections.backgrounds import background_blocks
from sightline.reporting.sections.blocks import Block, Heading, Table, Text
from sightline.reporting.sections.moves import move_blocks
from sightline.reporting.sections.section import FigureKind, Section

ROBUSTNESS: Final = JsonFile[Robustness]("robustness.json")
CLEAN: Final = "clean"
NAMES: Final = {CLEAN: "none", "jpeg_compression": "JPEG compression"}
SETS: Final = "lac"
"""The kind of sets that tables show."""
TABLES: Final = {"cifar": "CIFAR-10-C", "imagenet": "ImageNet-C"}


def name_of(corruption: str) -> str:
    """What a corruption is called: `Gaussian noise`."""
    words = corruption.replace("_", " ")
    return NAMES.get(corruption, words[:1].upper() + words[1:])


def score_table(found: TargetUnderCorruptions, severities: Sequence[int]) -> Table:
    """One row a corruption: its mean over severities, each severity, and its error over the baseline's."""
    by_place = {(one["corruption"], one["severity"]): one for one in found["conditions"]}
    metric, compares = found["metric"], "mean_corruption_error" in found
    severities = severities if found["corruptions"] else ()
    header = ["Corruption", f"{label(metric)}, mean", *(f"severity {severity}" for severity in severities)]
    clean = interval(metric, by_place[CLEAN, 0]["metrics"][metric])
    rows = [[name_of(CLEAN), clean, *[""] * len(severities), *[""] * compares]]
    for one in found["corruptions"]:
        each = [by_place[one["corruption"], severity]["metrics"][metric]["value"] for severity in severities]
        ratio = [quotient(one.get("corruption_error"))] * compares
        rows.append(
            [name_of(one["corruption"]), interval(metric, one["score"]), *(number(metric, v) for v in each), *ratio]
        )
    if "mean" in found:
        ratio = [quotient(found.get("mean_corruption_error"))] * compares
        rows.append(["all, mean", interval(metric, found["mean"]), *[""] * len(severities), *ratio])
    return Table([*header, *["Error over the baseline's"] * compares], rows)


def condition_table(found: TargetUnderCorruptions) -> Table:
    """Every number with its interval: one row a corruption and severity."""
    conditions = found["conditions"]
    metrics = list(conditions[0]["metrics"])
    shown = [_shown(one) for one in conditions]
    has_sets = any(shown)
    header = ["Corruption", "Severity", *map(label, metrics)]
    if has_sets and (first := next(one for one in shown if one)):
        header += [f"Truth in the set, {100 * (1 - first['alpha']):g} % asked", "Classes in a set"]
    rows = []
    for one, sets in zip(conditions, shown, strict=True):
        cells = [name_of(one["corruption"]), str(one["severity"] or "")]
        cells += [interval(name, one["metrics"][name]) for name in metrics]
        if has_sets:
            cells += [MISSING, MISSING] if sets is None else [interval("accuracy", sets["coverage"]), _size(sets)]
        rows.append(cells)
    return Table(header, rows)


def blocks(contents: Contents) -> Iterator[Block]:
    """Corruptions, target by target; of other weights, that they are left out."""
    if reason := contents.staleness(ROBUSTNESS):
        yield Text(f"Left out: {ROBUSTNESS.name} {reason}. Mode `robustness` makes it anew.")
        return
    if not (found := contents.read(ROBUSTNESS)):
        return
    if attacks := found.get("attacks"):
        yield from distrust(attacks)
    if corruptions := found.get("corruptions"):
        yield Text(about(found, corruptions))
        for target, one in corruptions["targets"].items():
            if len(corruptions["targets"]) > 1:
                yield Heading(target)
            yield score_table(one, corruptions["severities"])
            if gain := one.get("over_baseline"):
                yield Text(
                    f"{label(one['metric'])}, mean over all, less the baseline's: {signed(one['metric'], gain)}."
                )
            table = condition_table(one)
            yield Table(table.header, table.rows, on="page", folded="Every corruption and severity, with intervals")
        for note in corruptions["notes"]:
            yield Text(note, soft=True)
    if moves := found.get("moves"):
        yield from move_blocks(moves)
    if backgrounds := found.get("backgrounds"):
        yield from background_blocks(backgrounds)
    if attacks:
        yield from attack_blocks(attacks)
    if left_out := found.get("left_out"):
        yield Text(left_out, soft=True)


def about(found: Robustness, corruptions: Corruptions) -> str:
    """On what images, how strong the corruptions are, and what the errors are over."""
    baseline = corruptions.get("baseline")
    beside = f" Errors are divided by those of {baseline}: below 1 is better than it." if baseline else ""
    images = f"{found['n']:,} images of the {found['split']} split at {corruptions['side']} pixels"
    if not any(one["corruptions"] for one in corruptions["targets"].values()):
        return f"{images}, not corrupted.{beside}"
    how = f"corrupted with the constants of {TABLES[corruptions['constants']]}, seed {corruptions['seed']}"
    return f"{images}, {how}.{beside}"


def _shown(condition: Condition) -> ShiftedSets | None:
    """The sets that tables show: of the first promise."""
    return next((one for one in condition.get("sets", ()) if one["method"] == SETS), None)


def _size(sets: ShiftedSets) -> str:
    return f"{sets['mean_size']:.2f}"


SECTION: Final = Section(
    blocks=blocks,
    card="Robustness",
    sources=(ROBUSTNESS.name,),
    own=True,
    figures=(
        FigureKind(
            "corruptions",
            "Corruptions",
            "One image as the model sees it, and what each corruption makes of it.",
        ),
    ),
)
