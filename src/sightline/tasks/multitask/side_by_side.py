"""The results of each target of the same images, each as if it were alone."""

from collections.abc import Callable

from sightline.data.targets import LABEL, MASK
from sightline.errors import TooFewError
from sightline.machine.terminal import logger
from sightline.run.folder import Run, SplitName
from sightline.run.part import PartOfRun
from sightline.tasks.multitask.predictions import MultitaskPredictions
from sightline.tasks.multitask.results import MultitaskResults
from sightline.tasks.results import Results

Measure = Callable[[Run], Results]
"""The results of one target, from its part of the run."""


def side_by_side(
    run: Run, split: SplitName, predictions: MultitaskPredictions, of_labels: Measure, of_masks: Measure
) -> MultitaskResults:
    """The results of each target that some image bears; one that too few bear to be calibrated goes without.

    Raises:
        TooFewError: that holds for all; it names each.
    """
    bears = {LABEL: len(predictions.labelled) > 0, MASK: bool(predictions.masks.confusions.any())}
    measures = {LABEL: of_labels, MASK: of_masks}
    parts: dict[str, Results] = {}
    reasons: dict[str, TooFewError] = {}
    for name in (name for name, is_borne in bears.items() if is_borne):
        try:
            parts[name] = measures[name](PartOfRun(run, name))
        except TooFewError as error:
            reasons[name] = error
    if reasons and not parts:
        raise TooFewError("; ".join(f"{name}: {reason}" for name, reason in reasons.items()))
    for name, reason in reasons.items():
        logger.warning("%s: %s; its probabilities stay as they are", name, reason)
    return MultitaskResults(split, len(predictions), parts)
