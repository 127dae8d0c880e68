"""Optuna's samplers and pruners by name, their options checked against what they take."""

import inspect
import warnings
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from sightline.config.suggestions import did_you_mean
from sightline.config.sweep import PrunerConfig, SamplerConfig
from sightline.errors import UsageError
from sightline.sweep.space import Space

SAMPLERS: dict[str, type[BaseSampler]] = {
    "tpe": optuna.samplers.TPESampler,
    "random": optuna.samplers.RandomSampler,
    "gp": optuna.samplers.GPSampler,
    "cmaes": optuna.samplers.CmaEsSampler,
    "qmc": optuna.samplers.QMCSampler,
    "grid": optuna.samplers.GridSampler,
    "brute_force": optuna.samplers.BruteForceSampler,
    "nsga2": optuna.samplers.NSGAIISampler,
    "nsga3": optuna.samplers.NSGAIIISampler,
}
PRUNERS: dict[str, type[BasePruner]] = {
    "none": optuna.pruners.NopPruner,
    "median": optuna.pruners.MedianPruner,
    "percentile": optuna.pruners.PercentilePruner,
    "successive_halving": optuna.pruners.SuccessiveHalvingPruner,
    "hyperband": optuna.pruners.HyperbandPruner,
    "threshold": optuna.pruners.ThresholdPruner,
    "patient": optuna.pruners.PatientPruner,
    "wilcoxon": optuna.pruners.WilcoxonPruner,
}
MOST_POINTS = 1_000_000
"""A grid may have."""


def sampler(config: SamplerConfig, space: Space, seed: int, number: int) -> BaseSampler:
    """The sampler for one trial.

    Its randomness follows from the seed and the number of the trial, not from what was drawn before, so a search that
    was killed draws on as if it had not been. A sequence (`qmc`) is one sequence and keeps the seed.

    Raises:
        UsageError: an option is unknown or wrong; the space is not what the sampler can walk.
    """
    given: dict[str, Any] = {"seed": seed if config.name == "qmc" else (seed * 1_000_003 + number) % 2**32}
    if config.name in {"grid", "brute_force"}:
        points = _points(config.name, space)
        given |= {"search_space": points} if config.name == "grid" else {}
    made: BaseSampler = _made("sampler", SAMPLERS[config.name], config.options, given)
    return made


def pruner(config: PrunerConfig) -> BasePruner:
    """The pruner; `patient` wraps the one that its option `wrapped_pruner` names, or none.

    Raises:
        UsageError: an option is unknown or wrong.
    """
    options, given = dict(config.options), {}
    if config.name == "patient":
        wrapped = options.pop("wrapped_pruner", None)
        if wrapped is not None and wrapped not in PRUNERS:
            raise UsageError(f"sweep.pruner.options.wrapped_pruner={wrapped} is none of {', '.join(PRUNERS)}")
        given["wrapped_pruner"] = None if wrapped is None else PRUNERS[str(wrapped)]()
    made: BasePruner = _made("pruner", PRUNERS[config.name], options, given)
    return made


def _made(what: str, kind: type, options: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    takes = [name for name in inspect.signature(kind).parameters if name not in {*given, "search_space"}]
    for name in options:
        if name not in takes:
            raise UsageError(
                f"sweep.{what}.options: {kind.__name__} takes no {name}{did_you_mean(name, takes)}; "
                f"it takes {', '.join(takes) or 'none'}"
            )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return kind(**options, **given)
    except (ValueError, TypeError) as error:
        raise UsageError(f"sweep.{what}: {error}") from error


def _points(name: str, space: Space) -> dict[str, list[Any]]:
    """Every value of every dimension."""
    found: dict[str, list[Any]] = {}
    total = 1
    for key, of in space.distributions().items():
        match of:
            case CategoricalDistribution():
                found[key] = list(of.choices)
            case IntDistribution(log=False):
                found[key] = list(range(of.low, of.high + 1, of.step))
            case FloatDistribution(step=float() as step):
                found[key] = [of.low + index * step for index in range(round((of.high - of.low) / step) + 1)]
            case _:
                raise UsageError(f"sweep.sampler.name={name} needs a step: {key} has values without end")
        total *= len(found[key])
    if total > MOST_POINTS:
        raise UsageError(f"sweep.sampler.name={name}: the space has {total} points; give fewer values")
    return found
