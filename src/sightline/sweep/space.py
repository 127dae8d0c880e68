"""The space of a search: keys and their values as Optuna draws them, and as overrides of a configuration."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from sightline.config.sweep import Dimension, SweepConfig
from sightline.errors import UsageError

_BARE = re.compile(r"[A-Za-z_][\w.-]*")

Check = Callable[[Sequence[str]], object]


class Space:
    """The keys that a search varies, those that others depend on first.

    Args:
        config: of the search.
    """

    def __init__(self, config: SweepConfig) -> None:
        alternatives, ordered = config.alternatives, dict[str, tuple[Dimension, ...]]()
        while len(ordered) < len(alternatives):
            for key, found in alternatives.items():
                if key not in ordered and {other for one in found for other in one.when} <= ordered.keys():
                    ordered[key] = found
        self._alternatives = ordered

    def items(self) -> list[tuple[str, Sequence[Dimension]]]:
        """Every key with its alternatives."""
        return list(self._alternatives.items())

    def draw(self, trial: Trial) -> dict[str, Any]:
        """The values of a trial by key, drawn by the study's sampler; keys whose condition fails have none."""
        values: dict[str, Any] = {}
        for key, found in self._alternatives.items():
            for one in _active(found, values):
                values[key] = _plain(_draw(trial, _name(key, one, found), one))
        return values

    def parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values by key as Optuna's parameters by name.

        Raises:
            UsageError: a value lies outside the space.
        """
        parameters = {}
        for key, found in self._alternatives.items():
            for one in _active(found, values):
                value = _optuna(values.get(key))
                if not _within(distribution(one), value):
                    raise UsageError(f"{key}={value} lies outside sweep.space")
                parameters[_name(key, one, found)] = value
        return parameters

    def values(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Optuna's parameters by name as values by key."""
        names = {_name(key, one, found): key for key, found in self._alternatives.items() for one in found}
        return {names[name]: _plain(value) for name, value in parameters.items() if name in names}

    def shown(self) -> dict[str, str]:
        """Each dimension by its name, in words."""
        found = {}
        for key, alternatives in self._alternatives.items():
            for one in alternatives:
                values = ", ".join(_literal(value) for value in one.categorical or one.range)
                step = f" in steps of {one.step:g}" if one.step else ""
                found[_name(key, one, alternatives)] = f"{one.kind.replace('_', '-')} {values}{step}"
        return found

    def points(self) -> Iterator[dict[str, Any]]:
        """Every point of the space, values by key.

        Raises:
            UsageError: a dimension has values without end.
        """
        yield from _points(self.items(), {})

    @property
    def depends(self) -> bool:
        """Whether any key depends on another."""
        return any(one.when for found in self._alternatives.values() for one in found)

    def check(self, check: Check) -> None:
        """Try the ends of every range and every choice.

        Args:
            check: takes overrides and raises UsageError for what is no configuration.

        Raises:
            UsageError: the first that is wrong, named by its place in the space.
        """
        for key, found in self._alternatives.items():
            for one in found:
                given = self._making(one.when)
                for value in one.categorical if one.categorical is not None else one.range:
                    try:
                        check(overrides({**given, key: value}))
                    except UsageError as error:
                        raise UsageError(f"sweep.space.{key}: {error}") from error

    def _making(self, when: Mapping[str, Any]) -> dict[str, Any]:
        """Values under which these conditions hold, and those that they depend on."""
        given: dict[str, Any] = {}
        for key, wanted in when.items():
            value = wanted[0] if isinstance(wanted, tuple) else wanted
            holding = next((one for one in self._alternatives[key] if one.when), None)
            given |= {**(self._making(holding.when) if holding else {}), key: value}
        return given


def overrides(values: Mapping[str, Any]) -> list[str]:
    """Values by key as overrides that Hydra reads back as they are."""
    return [f"{key}={_literal(value)}" for key, value in values.items()]


def distribution(dimension: Dimension) -> BaseDistribution:
    """A dimension as Optuna's distribution; a list among choices stands as JSON, since Optuna takes scalars only."""
    if dimension.categorical is not None:
        return CategoricalDistribution([_optuna(choice) for choice in dimension.categorical])
    low, high = dimension.range
    log = dimension.kind.startswith("log")
    if dimension.kind.endswith("integer"):
        return IntDistribution(int(low), int(high), log=log, step=int(dimension.step or 1))
    return FloatDistribution(low, high, log=log, step=dimension.step)


def _points(left: Sequence[tuple[str, Sequence[Dimension]]], given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not left:
        yield given
        return
    (key, found), rest = left[0], left[1:]
    active = _active(found, given)
    for values in [{key: _plain(value)} for value in grid(key, active[0])] if active else [{}]:
        yield from _points(rest, given | values)


def grid(key: str, dimension: Dimension) -> list[Any]:
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


def _active(found: Sequence[Dimension], values: Mapping[str, Any]) -> list[Dimension]:
    """The alternative whose conditions hold, if one does; the first of several."""
    return [one for one in found if all(_holds(values.get(key, ...), wanted) for key, wanted in one.when.items())][:1]


def _holds(value: object, wanted: object) -> bool:
    return value in wanted if isinstance(wanted, tuple) else value == wanted


def _name(key: str, one: Dimension, found: Sequence[Dimension]) -> str:
    if len(found) == 1:
        return key
    conditions = ", ".join(f"{other}={_literal(value)}" for other, value in one.when.items())
    return f"{key} ({conditions})" if conditions else key


def _draw(trial: Trial, name: str, one: Dimension) -> Any:
    of = distribution(one)
    match of:
        case CategoricalDistribution():
            return trial.suggest_categorical(name, of.choices)
        case IntDistribution():
            return trial.suggest_int(name, of.low, of.high, step=of.step, log=of.log)
        case FloatDistribution():
            return trial.suggest_float(name, of.low, of.high, step=of.step, log=of.log)
    raise AssertionError(f"{of} is no distribution of this space")


def _within(of: BaseDistribution, value: object) -> bool:
    match of:
        case CategoricalDistribution():
            return value in of.choices
        case IntDistribution() | FloatDistribution():
            if isinstance(value, bool) or not isinstance(value, int | float) or not of.low <= value <= of.high:
                return False
            steps = 0.0 if of.step is None else (value - of.low) / of.step
            return abs(steps - round(steps)) < 1e-8
    return False


def _optuna(value: Any) -> Any:
    return json.dumps(list(value)) if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    """A value as a configuration has it; twelve digits are enough, and steps come out round."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    return json.loads(value) if isinstance(value, str) and value.startswith("[") else value


def _literal(value: Any) -> str:
    """A value as Hydra's grammar writes it."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(_literal(one) for one in value) + "]"
    if isinstance(value, str) and not (_BARE.fullmatch(value) and value.lower() not in {"null", "true", "false"}):
        return json.dumps(value)
    return value if isinstance(value, str) else json.dumps(value)
