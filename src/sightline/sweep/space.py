"""The space of a search: its keys, and the alternatives that each has under different conditions."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from optuna.trial import Trial

from sightline.config.overrides import as_overrides, literal
from sightline.config.sweep import Dimension, Scalar, SweepConfig
from sightline.errors import UsageError
from sightline.metrics.documents.sweep import Choice
from sightline.sweep.distributions import contains, draw_again, from_optuna, grid, suggest, to_optuna

Check = Callable[[Sequence[str]], object]


class Space:
    """The keys that a search varies, those that others depend on first.

    Args:
        config: of the search.
    """

    def __init__(self, config: SweepConfig) -> None:
        alternatives = config.alternatives
        ordered: dict[str, tuple[Dimension, ...]] = {}
        while len(ordered) < len(alternatives):
            for key, found in alternatives.items():
                if key not in ordered and {other for one in found for other in one.when} <= ordered.keys():
                    ordered[key] = found
        self._alternatives = ordered

    def items(self) -> list[tuple[str, Sequence[Dimension]]]:
        """Every key with its alternatives."""
        return list(self._alternatives.items())

    def draw(self, trial: Trial) -> dict[str, Choice]:
        """The values of a trial by key, drawn by the study's sampler; keys whose condition fails have none.

        Of a trial whose process died between two draws, the rest comes out as it would have.
        """
        values: dict[str, Choice] = {}
        stored = dict(trial.params)
        undrawn: dict[str, Dimension] = {}
        for key, found in self._alternatives.items():
            for one in _active(found, values):
                name = _name(key, one, found)
                if name in stored:
                    undrawn[name] = one
                elif undrawn:
                    draw_again(trial, undrawn)
                    undrawn = {}
                values[key] = from_optuna(suggest(trial, name, one))
        return values

    def parameters(self, values: Mapping[str, object]) -> dict[str, object]:
        """Values by key as Optuna's parameters by name.

        Raises:
            UsageError: a value lies outside the space.
        """
        parameters: dict[str, object] = {}
        for key, found in self._alternatives.items():
            for one in _active(found, values):
                value = to_optuna(values.get(key))
                if not contains(one, value):
                    raise UsageError(f"{key}={value} lies outside sweep.space")
                parameters[_name(key, one, found)] = value
        return parameters

    def values(self, parameters: Mapping[str, Scalar]) -> dict[str, Choice]:
        """Optuna's parameters by name as values by key."""
        names = {_name(key, one, found): key for key, found in self._alternatives.items() for one in found}
        return {names[name]: from_optuna(value) for name, value in parameters.items() if name in names}

    def described(self) -> dict[str, str]:
        """Each dimension by its name, in words."""
        found = {}
        for key, alternatives in self._alternatives.items():
            for one in alternatives:
                values = ", ".join(literal(value) for value in one.categorical or one.range)
                step = f" in steps of {one.step:g}" if one.step else ""
                found[_name(key, one, alternatives)] = f"{one.kind.replace('_', '-')} {values}{step}"
        return found

    def points(self) -> Iterator[dict[str, Choice]]:
        """Every point of the space, values by key.

        Raises:
            UsageError: a dimension has values without end.
        """
        yield from _points(self.items(), {})

    @property
    def has_conditions(self) -> bool:
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
                given = self._values_fulfilling(one.when)
                for value in one.categorical if one.categorical is not None else one.range:
                    try:
                        check(as_overrides({**given, key: value}))
                    except UsageError as error:
                        raise UsageError(f"sweep.space.{key}: {error}") from error

    def _values_fulfilling(self, when: Mapping[str, object]) -> dict[str, object]:
        """Values under which these conditions hold, and those that they depend on."""
        given: dict[str, object] = {}
        for key, wanted in when.items():
            value = wanted[0] if isinstance(wanted, tuple) else wanted
            holding = next((one for one in self._alternatives[key] if one.when), None)
            given |= {**(self._values_fulfilling(holding.when) if holding else {}), key: value}
        return given


def _points(left: Sequence[tuple[str, Sequence[Dimension]]], given: dict[str, Choice]) -> Iterator[dict[str, Choice]]:
    if not left:
        yield given
        return
    (key, found), rest = left[0], left[1:]
    active = _active(found, given)
    for values in [{key: from_optuna(value)} for value in grid(key, active[0])] if active else [{}]:
        yield from _points(rest, given | values)


def _active(found: Sequence[Dimension], values: Mapping[str, object]) -> list[Dimension]:
    """The alternative whose conditions hold, if one does; the first of several."""
    return [one for one in found if all(_holds(values.get(key, ...), wanted) for key, wanted in one.when.items())][:1]


def _holds(value: object, wanted: object) -> bool:
    return value in wanted if isinstance(wanted, tuple) else value == wanted


def _name(key: str, one: Dimension, found: Sequence[Dimension]) -> str:
    if len(found) == 1:
        return key
    conditions = ", ".join(f"{other}={literal(value)}" for other, value in one.when.items())
    return f"{key} ({conditions})" if conditions else key
