"""What speaks against a result: no better than one answer for all, a small split, few steps."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from sightline.metrics.catalogue import MASKS
from sightline.metrics.documents.evaluation import Evaluation
from sightline.metrics.documents.segmentation import MaskEvaluation
from sightline.reporting.contents import Contents
from sightline.reporting.files import EVALUATION
from sightline.reporting.formatting import bounds, level, number, quoted
from sightline.reporting.sections.blocks import Alert, Block
from sightline.reporting.sections.explanations import EXPLAIN
from sightline.reporting.sections.map_summary import alarm_text
from sightline.reporting.sections.section import Section
from sightline.reporting.sections.segmentation import verdict as masks
from sightline.reporting.sections.training import epochs

FEW_STEPS: Final = 10
"""Steps of an epoch that are few, half of what `training.batch_size=auto` aims at …"""
ENOUGH_STEPS: Final = 200
"""… unless the epochs together had so many."""
SMALLEST: Final = 8
"""A batch that can hardly be smaller."""
WIDE: Final = 0.2
"""An interval of the accuracy as wide as this leaves little to claim."""


def doubts(contents: Contents) -> list[str]:
    """Each in one sentence with its remedy, the gravest first; of several targets those of each, then of all."""
    return [
        *(said for one in contents.by_target for said in of_result(one)),
        *_few_steps(contents),
        *_where_maps_lie(contents),
    ]


def of_result(contents: Contents) -> list[str]:
    """What speaks against the numbers of one target, which is named where there are several."""
    found = []
    if contents.task == MASKS and (of_masks := contents.read(masks.EVALUATION)):
        found = masks_no_better(of_masks)
    if contents.task == "classification" and (evaluation := contents.read(EVALUATION)):
        found = [*no_better(evaluation), *_little_measured(evaluation)]
    return [f"{contents.target}: {said}" if contents.target else said for said in found]


def no_better(evaluation: Evaluation) -> list[str]:
    """Whether the accuracy may be that of always naming the largest class, as far as its interval tells."""
    accuracy = evaluation["metrics"].get("accuracy")
    supports = [sum(row) for row in evaluation["confusion"]] if accuracy else []
    low, high = (accuracy.get("low"), accuracy.get("high")) if accuracy else (None, None)
    if accuracy is None or low is None or high is None or not sum(supports):
        return []
    commonest = max(range(len(supports)), key=supports.__getitem__)
    share = supports[commonest] / sum(supports)
    if low > share:
        return []
    how = "Worse than" if high < share else "Not shown to be better than"
    text = (
        f"{how} one answer for all: always naming {quoted(evaluation['class_names'][commonest])} would be right for "
        f"{number('accuracy', share)} of these images, and the {level(accuracy)} interval of the accuracy runs from "
        f"{bounds('accuracy', accuracy, ' to ')} %."
    )
    return [text]


def masks_no_better(evaluation: MaskEvaluation) -> list[str]:
    """Whether the mean IoU may be that of calling every pixel the commonest class, as far as its interval tells."""
    found = evaluation["metrics"][masks.IOU]
    low, high = found.get("low"), found.get("high")
    if low is None or high is None:
        return []
    name, _, iou = masks.one_class_for_all(evaluation)
    if low > iou:
        return []
    how = "Worse than" if high < iou else "Not shown to be better than"
    text = (
        f"{how} one class for every pixel: calling all {quoted(name)} would reach a mean IoU of "
        f"{number(masks.IOU, iou)}, and the {level(found)} interval of the mean IoU runs from "
        f"{bounds(masks.IOU, found, ' to ')} %."
    )
    return [text]


def _little_measured(evaluation: Evaluation) -> list[str]:
    """Whether the measured split is too small to say much."""
    accuracy = evaluation["metrics"].get("accuracy")
    low, high = (accuracy.get("low"), accuracy.get("high")) if accuracy else (None, None)
    if low is None or high is None or high - low < WIDE:
        return []
    text = (
        f"The {evaluation['split']} split is small: {evaluation['n']:,} images leave an interval of "
        f"{100 * (high - low):.0f} points for the accuracy; four times as many would halve it."
    )
    return [text]


def _few_steps(contents: Contents) -> list[str]:
    """Whether the weights moved too seldom to have learned much."""
    ends = [0, *(int(row["step"]) for row in epochs(contents) if "step" in row)]
    each = max((later - earlier for earlier, later in pairwise(ends)), default=FEW_STEPS)
    if each >= FEW_STEPS or ends[-1] >= ENOUGH_STEPS:
        return []
    batch = contents.setting("training.batch_size")
    smaller = "" if isinstance(batch, int) and batch <= SMALLEST else "training.batch_size=auto or a smaller one, or "
    steps = f"{each} step{'s' * (each != 1)}"
    return [f"An epoch had {steps}, {ends[-1]:,} in all: too few to learn much. Take {smaller}more images or epochs."]


def _where_maps_lie(contents: Contents) -> list[str]:
    """Whether the model, or a class, looks at the border or at one corner, as far as that was looked for."""
    found = None if contents.staleness(EXPLAIN) else contents.read(EXPLAIN)
    if found is None or (summary := found.get("summary")) is None:
        return []
    return [alarm_text(one) for one in summary["alarms"]]


def blocks(contents: Contents) -> Iterator[Block]:
    """An alert for each of one target."""
    yield from map(Alert, of_result(contents))


def steps(contents: Contents) -> Iterator[Block]:
    """An alert where the steps were few, whatever was learned in them."""
    yield from map(Alert, _few_steps(contents))


def maps(contents: Contents) -> Iterator[Block]:
    """An alert for each place that is looked at too much."""
    yield from map(Alert, _where_maps_lie(contents))


SECTION: Final = Section(blocks=blocks, by_target=True)
STEPS: Final = Section(blocks=steps)
MAPS: Final = Section(blocks=maps)
