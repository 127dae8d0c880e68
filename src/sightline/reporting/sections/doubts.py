"""What speaks against a result: no better than one answer for all, a small split, few steps."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from sightline.metrics.documents.evaluation import Evaluation
from sightline.reporting.contents import Contents
from sightline.reporting.files import EVALUATION
from sightline.reporting.formatting import bounds, level, number, quoted
from sightline.reporting.sections.blocks import Alert, Block
from sightline.reporting.sections.section import Section
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
    """Each in one sentence with its remedy, the gravest first."""
    evaluation = contents.read(EVALUATION) if contents.task == "classification" else None
    measured = [*no_better(evaluation), *_little_measured(evaluation)] if evaluation else []
    return [*measured, *_few_steps(contents)]


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


def blocks(contents: Contents) -> Iterator[Block]:
    """An alert for each."""
    yield from map(Alert, doubts(contents))


SECTION: Final = Section(blocks=blocks, by_target=True)
