"""The range test of the learning rate (Smith 2017): a short training whose rate grows until the loss diverges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.data.batch import Batch
from sightline.errors import DivergedError, RunFailedError
from sightline.models.freezing import apply_freezing
from sightline.training.optimizer import set_rates
from sightline.training.setup import Training
from sightline.training.step import step_seed, train_step

STEPS: Final = 100
SPAN: Final = 1000.0
"""The rate runs from the configured one over this to the configured one times this."""
DIVERGED: Final = 4.0
"""The test ends once the smoothed loss is this many times its least value."""
HALF: Final = 5
"""Steps on either side of one over which the loss is averaged."""
AT_REST: Final = 20
"""Steps at the beginning, whose rates move the weights hardly at all: they show the noise of the loss."""
BEYOND_NOISE: Final = 4.0
"""Standard errors of an average by which the loss must fall for that to be more than noise."""
BELOW_LOWEST: Final = 10.0
"""The suggestion stays so many times below the rate at which the loss is least: there it diverges soon."""


@dataclass(frozen=True)
class RateTest:
    """What a range test found.

    Attributes:
        rates: of each step taken.
        losses: of each step, before its update.
        smoothed: the mean of the losses around each step.
        suggestion: the rate at which the loss falls most steeply, or a tenth of `lowest` if that is less; None where
            the loss falls by no more than its noise.
        lowest: the rate at which the loss is least; beyond it training gets worse.
    """

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    suggestion: float | None
    lowest: float


def range_test(training: Training) -> RateTest:
    """Train for `STEPS` steps with a rate that grows geometrically; the weights are of no use afterwards.

    It ends early where the loss diverges, or is not finite.
    """
    rates = np.geomspace(training.rate / SPAN, training.rate * SPAN, STEPS)
    losses: list[float] = []
    training.model.train()
    plan = training.plan
    apply_freezing(training.model, training.groups, plan.trainable(0), dropout=plan.dropout)
    for step, (rate, batch) in enumerate(zip(rates, _batches(training), strict=False)):
        loss = _step(training, batch, step, float(rate))
        if loss is None:
            break
        losses.append(loss)
        mean = smoothed(losses)
        if step >= AT_REST and mean[-1] > DIVERGED * mean.min():
            break
    return read_off(rates[: len(losses)].tolist(), losses)


def read_off(rates: Sequence[float], losses: Sequence[float]) -> RateTest:
    """What losses at growing rates say.

    Raises:
        RunFailedError: the loss was not finite at the first rate already.
    """
    if not losses:
        raise RunFailedError(f"the loss is not finite at a rate of {rates[0] if rates else 0:.3g} already")
    mean = smoothed(losses)
    least = int(mean.argmin())
    suggestion = None
    if _falls(losses, mean[least]):
        slopes = np.gradient(mean, np.log(rates))
        steepest = rates[int(slopes[: least + 1].argmin())]
        suggestion = float(f"{min(steepest, rates[least] / BELOW_LOWEST):.2g}")
    return RateTest(list(rates), list(losses), mean.tolist(), suggestion, float(f"{rates[least]:.2g}"))


def _falls(losses: Sequence[float], least: float) -> bool:
    """Whether the least mean lies below the losses at rest by more than their noise."""
    rest = np.array(losses[:AT_REST])
    if len(losses) <= AT_REST:
        return False
    error = float(rest.std(ddof=1)) / (2 * HALF + 1) ** 0.5
    return bool(rest.mean() - least > BEYOND_NOISE * error)


def smoothed(losses: Sequence[float]) -> NDArray[np.float64]:
    """(n,) the mean of each loss and of `HALF` on either side, of fewer at the ends."""
    sums = np.concatenate([[0.0], np.cumsum(losses)])
    places = np.arange(len(losses))
    first, last = np.maximum(0, places - HALF), np.minimum(len(losses), places + HALF + 1)
    found: NDArray[np.float64] = (sums[last] - sums[first]) / (last - first)
    return found


def _batches(training: Training) -> Iterator[Batch]:
    """The batches of one epoch after the other."""
    for epoch in count():
        for index in range(len(training.train)):
            yield training.train.batch(epoch, index, progress=0.0)


def _step(training: Training, batch: Batch, step: int, rate: float) -> float | None:
    """One step at a rate; the loss before it, or None where that is not finite."""
    set_rates(training.optimizer, rate, training.plan, 0, len(training.train))
    try:
        return train_step(
            training.model,
            training.objective,
            batch,
            training.config.accumulate,
            training.optimizer,
            training.precision,
            training.config.clip_norm,
            training.objective.tally(),
            step_seed(training.seed, step),
            training.adversary and training.adversary.at(step),
        ).loss
    except DivergedError:
        return None
