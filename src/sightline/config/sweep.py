"""A search: what is varied, how it is sampled and pruned, how long, and where it is stored."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from sightline.config.base import Count, Frozen, OneOf, Positive
from sightline.metrics.catalogue import MONITORED, monitored

Scalar = bool | int | float | str | None
Plain = Scalar | tuple[Scalar, ...]
Conditions = dict[str, Plain]
Reals = tuple[float, float]
Integers = tuple[int, int]
Sampler = Literal["tpe", "random", "gp", "cmaes", "qmc", "grid", "brute_force", "nsga2", "nsga3"]
Pruner = Literal["none", "median", "percentile", "successive_halving", "hyperband", "threshold", "patient", "wilcoxon"]
STORAGES = ("sqlite:///", "journal:///", "postgresql://", "postgres://", "postgresql+psycopg://")
"""What the address of a storage begins with."""
KINDS = ("uniform", "log_uniform", "integer", "log_integer", "categorical")


class Dimension(Frozen):
    """The values one key may take: exactly one kind, and on what they depend.

    Attributes:
        uniform: [low, high] of a real number, both included.
        log_uniform: the same, even in the logarithm.
        integer: [low, high] of a whole number, both included.
        log_integer: the same, even in the logarithm.
        categorical: the choices.
        step: of `uniform` and `integer`: only every so far from low.
        when: other keys of the space and the value, or the values, that they must have for this one to be varied.
    """

    uniform: Reals | None = None
    log_uniform: Reals | None = None
    integer: Integers | None = None
    log_integer: Integers | None = None
    categorical: Annotated[tuple[Plain, ...], Field(min_length=1)] | None = None
    step: Positive | None = None
    when: Conditions = Field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def range(self) -> Reals | Integers:
        """[low, high] of a number."""
        found: Reals | Integers = getattr(self, self.kind)
        return found

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"it takes one of {', '.join(KINDS)}, and got {' and '.join(given) or 'none'}")
        if self.categorical is not None:
            if len({repr(choice) for choice in self.categorical}) < len(self.categorical):
                raise ValueError(f"categorical names a choice twice: {list(self.categorical)}")
        elif self.range[0] >= self.range[1]:
            raise ValueError(f"{self.kind} {list(self.range)} must rise")
        elif self.kind.startswith("log") and self.range[0] <= 0:
            raise ValueError(f"{self.kind} {list(self.range)} must begin above 0")
        if self.step is not None and self.kind not in {"uniform", "integer"}:
            raise ValueError("step goes with uniform and integer")
        if self.step is not None and self.integer is not None and self.step != int(self.step):
            raise ValueError(f"step={self.step} of integer must be whole")
        return self


ONE, SEVERAL = "one", "several"
Alternatives = Annotated[
    Annotated[Dimension, Tag(ONE)] | Annotated[tuple[Dimension, ...], Field(min_length=1), Tag(SEVERAL)],
    Discriminator(lambda given: SEVERAL if isinstance(given, list | tuple) else ONE),
]
"""One dimension, or several under different conditions."""


class SamplerConfig(Frozen):
    """An Optuna sampler, and the options of each by its name, as Optuna calls them."""

    name: Sampler
    options: dict[Sampler, dict[str, Plain]]


class PrunerConfig(Frozen):
    """An Optuna pruner, and the options of each by its name, as Optuna calls them."""

    name: Pruner
    options: dict[str, dict[str, Plain]]


def _storage(value: str) -> str:
    """An address of one of the storages; the message does not repeat it, for it may hold a password."""
    if not value.startswith(STORAGES):
        raise ValueError("is none of sqlite:///FILE, journal:///FILE, postgresql://USER@HOST/DATABASE")
    return value


class SweepConfig(Frozen):
    """One search."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")] | None
    space: Annotated[dict[str, Alternatives], Field(min_length=1)]
    overrides: tuple[str, ...]
    trials: Count
    minutes: Positive | None
    jobs: Count
    retries: Annotated[int, Field(ge=0)]
    metric: Annotated[str, OneOf(MONITORED)]
    direction: Literal["maximize", "minimize"]
    sampler: SamplerConfig
    pruner: PrunerConfig
    top: Count
    fresh_seeds: Count
    storage: Annotated[str, AfterValidator(_storage)] | None

    @model_validator(mode="after")
    def _goes_the_right_way(self) -> Self:
        right = "maximize" if monitored(self.metric).higher_is_better else "minimize"
        if self.direction != right:
            raise ValueError(f"metric={self.metric} is there to {right}; direction={self.direction} seeks the worst")
        return self

    @model_validator(mode="after")
    def _conditions_are_searched(self) -> Self:
        for key, alternatives in self.alternatives.items():
            for other in {name for dimension in alternatives for name in dimension.when}:
                if other not in self.space:
                    raise ValueError(f"space.{key}.when names {other}, which is not in the space")
        done: set[str] = set()
        while waiting := {key: needs for key, needs in self._needs.items() if key not in done}:
            ready = {key for key, needs in waiting.items() if needs <= done}
            if not ready:
                raise ValueError(f"space: {' and '.join(sorted(waiting))} wait for each other by their `when`")
            done |= ready
        return self

    @property
    def alternatives(self) -> dict[str, tuple[Dimension, ...]]:
        """The space by key, every key with the alternatives it has under different conditions."""
        return {key: (found,) if isinstance(found, Dimension) else found for key, found in self.space.items()}

    @property
    def _needs(self) -> dict[str, set[str]]:
        return {
            key: {other for dimension in found for other in dimension.when} for key, found in self.alternatives.items()
        }
