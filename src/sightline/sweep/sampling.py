"""Optuna's samplers and pruners by name, their options checked against what they take."""

import inspect
import warnings
from collections.abc import Callable, Mapping
from itertools import islice
from typing import TypeVar

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from sightline.config.suggestions import did_you_mean
from sightline.config.sweep import PrunerConfig, SamplerConfig, SweepConfig
from sightline.errors import UsageError
from sightline.sweep.distributions import grid
from sightline.sweep.space import Space

Kind = TypeVar("Kind")


class Grid(optuna.samplers.GridSampler):
    """Optuna's, which would stop a loop that a study of ours does not have."""

    def after_trial(self, *_: object) -> None:
        """Nothing: the study knows how many points there are."""


class BruteForce(optuna.samplers.BruteForceSampler):
    """Optuna's, likewise."""

    def after_trial(self, *_: object) -> None:
        """Nothing: the study knows how many points there are."""


SAMPLERS: dict[str, type[BaseSampler]] = {
    "tpe": optuna.samplers.TPESampler,
    "random": optuna.samplers.RandomSampler,
    "gp": optuna.samplers.GPSampler,
    "cmaes": optuna.samplers.CmaEsSampler,
    "qmc": optuna.samplers.QMCSampler,
    "grid": Grid,
    "brute_force": BruteForce,
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
SEQUENCES = ("qmc", "grid")
FINITE = ("grid", "brute_force")
"""Samplers that try every point once."""


def build_sampler(config: SamplerConfig, space: Space, seed: int, number: int) -> BaseSampler:
    """The sampler for one trial.

    Its randomness follows from the seed and the number of the trial, not from what was drawn before, so a search that
    was killed draws on as if it had not been. What is one sequence, shuffled once, keeps the seed; killed between two
    draws of a trial, qmc takes the rest from the next point of its sequence.

    Raises:
        UsageError: an option is unknown or wrong; the space is not what the sampler can walk.
    """
    given: dict[str, object] = {"seed": seed if config.name in SEQUENCES else (seed * 1_000_003 + number) % 2**32}
    if config.name == "grid":
        if space.has_conditions:
            raise UsageError("sweep.sampler.name=grid knows no `when`; take brute_force")
        given["search_space"] = {key: grid(key, one) for key, (one,) in space.items()}
    return _construct("sampler", config.name, SAMPLERS[config.name], config.options.get(config.name, {}), given)


def trial_count(config: SweepConfig, space: Space) -> int:
    """How many trials there will be: as many as asked for, or as there are points for a sampler that tries them all.

    Raises:
        UsageError: such a sampler has a dimension with values without end.
    """
    if config.sampler.name not in FINITE:
        return config.trials
    return sum(1 for _ in islice(space.points(), config.trials))


def build_pruner(config: PrunerConfig) -> BasePruner:
    """The pruner; `patient` wraps the one that its option `wrapped_pruner` names, or none.

    Raises:
        UsageError: an option is unknown or wrong.
    """
    options = dict(config.options.get(config.name, {}))
    given: dict[str, object] = {}
    if config.name == "patient":
        wrapped = options.pop("wrapped_pruner", None)
        if wrapped is not None and wrapped not in PRUNERS:
            raise UsageError(f"sweep.pruner.options.patient.wrapped_pruner={wrapped} is none of {', '.join(PRUNERS)}")
        given["wrapped_pruner"] = None if wrapped is None else PRUNERS[str(wrapped)]()
    return _construct("pruner", config.name, PRUNERS[config.name], options, given)


def _construct(
    what: str, name: str, kind: Callable[..., Kind], options: Mapping[str, object], given: Mapping[str, object]
) -> Kind:
    """Call a class of Optuna's with the options of a person and what is given besides.

    Raises:
        UsageError: an option is unknown or wrong.
    """
    takes = [name for name in inspect.signature(kind).parameters if name not in given]
    for option in options:
        if option not in takes:
            raise UsageError(
                f"sweep.{what}.options.{name}: unknown option {option}{did_you_mean(option, takes)}; "
                f"it takes {', '.join(takes) or 'none'}"
            )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return kind(**options, **given)
    except (ValueError, TypeError) as error:
        raise UsageError(f"sweep.{what}: {error}") from error
