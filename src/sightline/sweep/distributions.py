"""One dimension of a search as Optuna's distribution: its values drawn, listed, checked, and taken back."""

import json
from collections.abc import Mapping, Sequence

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial

from sightline.config.sweep import Dimension, Scalar
from sightline.errors import UsageError
from sightline.metrics.documents.sweep import Choice


def distribution(dimension: Dimension) -> BaseDistribution:
    """A dimension as Optuna's distribution; a list among choices stands as JSON, since Optuna takes scalars only."""
    if dimension.categorical is not None:
        return CategoricalDistribution([to_optuna(choice) for choice in dimension.categorical])
    low, high = dimension.range
    log = dimension.kind.startswith("log")
    if dimension.kind.endswith("integer"):
        return IntDistribution(int(low), int(high), log=log, step=int(dimension.step or 1))
    return FloatDistribution(low, high, log=log, step=dimension.step)


def suggest(trial: Trial, name: str, dimension: Dimension) -> Scalar:
    """The value of a trial, drawn by the study's sampler."""
    of = distribution(dimension)
    match of:
        case CategoricalDistribution():
            return trial.suggest_categorical(name, of.choices)
        case IntDistribution():
            return trial.suggest_int(name, of.low, of.high, step=of.step, log=of.log)
        case FloatDistribution():
            return trial.suggest_float(name, of.low, of.high, step=of.step, log=of.log)
    raise AssertionError(f"{of} is no distribution of this space")


def draw_again(trial: Trial, stored: Mapping[str, Dimension]) -> None:
    """Draw stored parameters once more and drop what comes, so that the sampler's next draw is the one after them.

    Args:
        trial: that has them.
        stored: dimensions by the name of the parameter, in the order in which they were drawn.
    """
    frozen = trial.study.get_trials(deepcopy=True)[trial.number]
    params, distributions = frozen.params, frozen.distributions
    frozen.params, frozen.distributions = {}, {}
    for name, dimension in stored.items():
        of = distribution(dimension)
        if not of.single() and name not in trial.relative_params:
            trial.study.sampler.sample_independent(trial.study, frozen, name, of)
        frozen.params |= {name: params[name]}
        frozen.distributions |= {name: distributions[name]}


def grid(key: str, dimension: Dimension) -> Sequence[Scalar]:
    """Every value of a dimension, as Optuna has it.

    Raises:
        UsageError: there is no end of them.
    """
    match distribution(dimension):
        case CategoricalDistribution(choices=choices):
            return list(choices)
        case IntDistribution(log=False, low=first, high=last, step=by):
            return list(range(first, last + 1, by))
        case FloatDistribution(step=float() as step, low=low, high=high):
            return [low + index * step for index in range(round((high - low) / step) + 1)]
    raise UsageError(f"sweep.sampler: {key} has values without end; give it a step, or choices")


def contains(dimension: Dimension, value: Scalar) -> bool:
    """Whether a dimension can take a value, as Optuna has it."""
    of = distribution(dimension)
    match of:
        case CategoricalDistribution():
            return value in of.choices
        case IntDistribution() | FloatDistribution():
            if isinstance(value, bool) or not isinstance(value, int | float) or not of.low <= value <= of.high:
                return False
            steps = 0.0 if of.step is None else (value - of.low) / of.step
            return abs(steps - round(steps)) < 1e-8
    return False


def to_optuna(value: object) -> Scalar:
    """A value of a configuration as Optuna takes it: a list as JSON."""
    match value:
        case list() | tuple():
            return json.dumps(list(value))
        case None | bool() | int() | float() | str():
            return value
    raise AssertionError(f"{value!r} is no value of a dimension")


def from_optuna(value: Scalar) -> Choice:
    """A value as a configuration has it; twelve digits are enough, and steps come out round."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, str) and value.startswith("["):
        items: Choice = json.loads(value)
        return items
    return value
