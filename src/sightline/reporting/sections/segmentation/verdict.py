"""A run of masks in plain words: a headline, the numbers that matter, a few sentences."""

from collections.abc import Iterator
from typing import Final

from sightline.metrics.catalogue import MASKS, METRICS
from sightline.metrics.documents.segmentation import MaskClassScores, MaskEvaluation
from sightline.metrics.segmentation.evaluation import left_out
from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.formatting import bounds, level, number, quoted
from sightline.reporting.sections.blocks import Block, Bullets, Headline, Tile, Tiles
from sightline.reporting.sections.caveats import uses_tile
from sightline.reporting.sections.section import Section

EVALUATION: Final = JsonFile[MaskEvaluation]("evaluation.json")
HEADLINES: Final = ("mean_iou", "pixel_accuracy", "image_iou")
IOU: Final = "mean_iou"


def headline(evaluation: MaskEvaluation | None, external: bool = False) -> str:
    """One sentence with the most important number."""
    if evaluation is None:
        return "The masks of this run have not been evaluated yet."
    what = "the validation images" if evaluation["split"] == "val" else "these images" if external else "unseen images"
    found = evaluation["metrics"][IOU]
    ends = bounds(IOU, found, " to ")
    limits = f", {level(found)} interval {ends} %" if ends else ""
    return f"On {what} masks reach a mean IoU of {number(IOU, found['value'])}{limits}."


def sentences(evaluation: MaskEvaluation, external: bool = False) -> list[str]:
    """What else there is to say, in order of importance."""
    return [_measured(evaluation, external), _baseline(evaluation), *_ends(evaluation), *_mistake(evaluation)]


def _measured(evaluation: MaskEvaluation, external: bool) -> str:
    """On how much, at which size, and what is left out of the mean."""
    split, pixels = evaluation["split"], evaluation["pixels"]
    part = "chose the epoch, so it flatters" if split == "val" else "played no part in training"
    if external:
        part = "another tool answered; whether they played a part in its training is not known here"
    absent = evaluation["absent"]
    means = len(evaluation["class_names"]) - len(absent)
    absentees = f"; {', '.join(map(quoted, absent))} occur{'s' * (len(absent) == 1)} nowhere" if absent else ""
    ignored = f", {pixels['ignored']:,} more do not count" if pixels["ignored"] else ""
    unlabelled = evaluation["unlabelled"]
    without = f" {left_out(unlabelled)}." if unlabelled else ""
    return (
        f"Measured on {pixels['counted']:,} pixels of {evaluation['n']:,} {split} image{'s' * (evaluation['n'] != 1)} "
        f"that {part}, at {evaluation['measured_at']}{ignored}. The mean is over {means} classes{absentees}.{without}"
    )


def _baseline(evaluation: MaskEvaluation) -> str:
    """What one class for every pixel would be worth."""
    name, share, iou = one_class_for_all(evaluation)
    return (
        f"Calling every pixel {quoted(name)} would be right for {number('pixel_accuracy', share)} of the pixels, and "
        f"reach a mean IoU of {number(IOU, iou)}."
    )


def one_class_for_all(evaluation: MaskEvaluation) -> tuple[str, float, float]:
    """The commonest class, and which pixel accuracy and mean IoU calling every pixel so would reach."""
    truth = [sum(row) for row in evaluation["confusion"]]
    total, commonest = max(1, sum(truth)), max(range(len(truth)), key=truth.__getitem__)
    share, occurring = truth[commonest] / total, max(1, sum(count > 0 for count in truth))
    return evaluation["class_names"][commonest], share, share / occurring


def _ends(evaluation: MaskEvaluation) -> list[str]:
    """The weakest and the strongest class, as far as one is."""
    ranked = sorted(
        (row for row in evaluation["per_class"] if row["pixels"] and row["iou"]["value"] is not None), key=_iou
    )
    if len(ranked) < 2 or _iou(ranked[0]) == _iou(ranked[-1]):
        return []
    low, high = (f"{quoted(row['class'])} ({number(IOU, _iou(row))})" for row in (ranked[0], ranked[-1]))
    alike = sum(_iou(row) == _iou(ranked[0]) for row in ranked)
    weak = f"It is weakest on {low}" if alike == 1 else f"{alike} classes have the lowest IoU, {low} among them"
    return [f"{weak}; it is strongest on {high}."]


def _iou(row: MaskClassScores) -> float:
    value = row["iou"]["value"]
    return 0.0 if value is None else value


def _mistake(evaluation: MaskEvaluation) -> list[str]:
    """The confusion that takes most pixels."""
    names, confusion = evaluation["class_names"], evaluation["confusion"]
    pairs = [
        (count, truth, predicted)
        for truth, row in enumerate(confusion)
        for predicted, count in enumerate(row)
        if truth != predicted
    ]
    count, truth, predicted = max(pairs, default=(0, 0, 0))
    if not count:
        return []
    share = number("pixel_accuracy", count / sum(confusion[truth]))
    true, called = quoted(names[truth]), quoted(names[predicted])
    return [f"Most wrong pixels, {count:,}, are of {true} and called {called}: {share} of all that is {true}."]


def tiles(contents: Contents) -> list[Tile]:
    """The headline numbers."""
    evaluation = contents.read(EVALUATION)
    if evaluation is None:
        return []
    remark = f"on {evaluation['n']:,} {evaluation['split']} image{'s' * (evaluation['n'] != 1)}"
    found = []
    for name in HEADLINES:
        entry = evaluation["metrics"][name]
        ends = bounds(name, entry, " to ")
        found.append(Tile(METRICS[name].label, number(name, entry["value"]), f"{ends} %" if ends else "", remark))
    if evaluation["split"] == "test" and not contents.target:
        found.append(uses_tile(contents.test_uses))
    return found


def head(contents: Contents) -> Iterator[Block]:
    """The headline, and its numbers beside others."""
    yield Headline(headline(contents.read(EVALUATION), contents.external))
    if shown := tiles(contents):
        yield Tiles(shown, on="page")


def words(contents: Contents) -> Iterator[Block]:
    """The sentences."""
    if evaluation := contents.read(EVALUATION):
        yield Bullets(sentences(evaluation, contents.external), on="page")


HEAD: Final = Section(blocks=head, task=MASKS)
WORDS: Final = Section(blocks=words, task=MASKS)
