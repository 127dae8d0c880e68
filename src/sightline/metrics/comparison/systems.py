"""Systems to be compared: their members, items in one order, and a metric of each member."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.metrics.classification.checks import check
from sightline.metrics.comparison.judged import Answers, Judged
from sightline.metrics.comparison.variance import Measured, jackknife
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.metric import Metric
from sightline.metrics.predictions import Predictions

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class System:
    """One way of training, and the predictions of each of its members on the same items.

    Attributes:
        name: what it is called.
        members: one or more.
        groups: (n,) the group of each item of the first member, or None where it knows of none.
        class_names: in the order of the logits, or None where it knows of none.
    """

    name: str
    members: tuple[Predictions, ...]
    groups: NDArray[np.str_] | None = None
    class_names: tuple[str, ...] | None = None


def aligned(systems: Sequence[System]) -> list[System]:
    """The same systems with the items of all members in the order of the very first, and the classes of those named.

    Raises:
        UsageError: there are none; a name repeats; items, labels or classes differ.
    """
    if not systems or not all(system.members for system in systems):
        raise UsageError("there is nothing to compare")
    names = [system.name for system in systems]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"two systems are called {min(repeated)}")
    reference = next((system for system in systems if _named(system)), systems[0])
    systems = [in_classes(system, reference) for system in systems]
    first = systems[0].members[0]
    return [
        replace(system, members=tuple(in_order(member, first, system.name, names[0]) for member in system.members))
        for system in systems
    ]


def in_classes(system: System, reference: System) -> System:
    """The system with its classes in the order of another, matched by name; without names they are taken as they are.

    Raises:
        UsageError: they are other classes, or another number of them.
    """
    width, wanted = (one.members[0].logits.shape[1] for one in (system, reference))
    if width != wanted:
        raise UsageError(
            f"{system.name} knows {width} classes and {reference.name} {wanted}; compare what answers the same question"
        )
    own, names = _named(system), _named(reference)
    if own is None or names is None or own == names:
        return system
    if sorted(own) != sorted(names):
        only = next(name for name in own if name not in names)
        raise UsageError(
            f"{system.name} and {reference.name} name their classes differently: {only} is not known to "
            f"{reference.name}, which has {', '.join(names[:10])}; name the columns of both alike"
        )
    order = np.array([own.index(name) for name in names])
    place = np.argsort(order)
    members = tuple(Predictions(one.ids, one.logits[:, order], place[one.labels]) for one in system.members)
    return replace(system, members=members, class_names=names)


class WithIds(Protocol):
    """Predictions of any kind."""

    @property
    def ids(self) -> NDArray[np.str_]:
        """(n,) of the items."""


class Grouped(Protocol):
    """A system that may know which items belong together."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def members(self) -> Sequence[WithIds]:
        """One or more."""

    @property
    def groups(self) -> NDArray[np.str_] | None:
        """(n,) the group of each item of the first member, or None where it knows of none."""


def shared_groups(systems: Sequence[Grouped]) -> NDArray[np.str_] | None:
    """(n,) the group of each item of the very first member, from whichever system knows; None where none does.

    Args:
        systems: before `aligned`, each with its groups in the order of its own first member.

    Raises:
        UsageError: two systems put the items into different groups.
    """
    ids = systems[0].members[0].ids.tolist()
    found: tuple[str, NDArray[np.str_]] | None = None
    for system in systems:
        if system.groups is None:
            continue
        known = dict(zip(system.members[0].ids.tolist(), system.groups.tolist(), strict=True))
        if any(item not in known for item in ids):
            continue  # other items: `aligned` says so
        groups = np.array([known[item] for item in ids])
        if found is None:
            found = system.name, groups
        elif not _same_partition(found[1], groups):
            raise UsageError(
                f"{found[0]} and {system.name} put the same items into different groups; give both the same groups, "
                "or one of them none"
            )
    return None if found is None else found[1]


def _same_partition(one: NDArray[np.str_], other: NDArray[np.str_]) -> bool:
    """Whether the same items belong together, whatever the groups are called."""
    codes = [np.unique(groups, return_inverse=True)[1] for groups in (one, other)]
    count = len(np.unique(np.stack(codes), axis=1)[0])
    return count == len(np.unique(codes[0])) == len(np.unique(codes[1]))


def _named(system: System) -> tuple[str, ...] | None:
    """The classes of a system, unless their names are nothing but their numbers."""
    names = system.class_names
    return None if names is None or names == tuple(str(number) for number in range(len(names))) else names


def in_order(predictions: Predictions, first: Predictions, name: str, first_name: str) -> Predictions:
    """The items in the order of `first`.

    Raises:
        UsageError: they are other items, or bear other labels.
    """
    check(predictions)
    if predictions is first or np.array_equal(predictions.ids, first.ids):
        found = predictions
    else:
        place = {item: index for index, item in enumerate(predictions.ids.tolist())}
        wanted = first.ids.tolist()
        lacking = [item for item in wanted if item not in place]
        surplus = len(place) - (len(wanted) - len(lacking))
        if lacking or surplus:
            example = lacking[0] if lacking else next(item for item in place if item not in set(wanted))
            raise UsageError(
                f"{name} and {first_name} were measured on different items: {len(lacking)} of {len(wanted)} are "
                f"missing and {surplus} are new, such as {example}; compare runs of the same data and split"
            )
        order = np.array([place[item] for item in wanted])
        found = Predictions(predictions.ids[order], predictions.logits[order], predictions.labels[order])
    if different := int((found.labels != first.labels).sum()):
        raise UsageError(f"{name} and {first_name} know {different} of the same items under different labels")
    return found


def measure(name: str, answers: Sequence[Answers], metric: Metric, resampling: Resampling) -> Measured:
    """The metric of each member of a system, and what each unit of the items does to it."""
    return measure_judged(name, tuple(one.judged(metric, resampling.groups) for one in answers), resampling.seed)


def measure_judged(name: str, judged: tuple[Judged, ...], seed: int) -> Measured:
    """The same of members that are judged already."""
    values = np.array([one.value for one in judged])
    if not np.isfinite(values).all() or judged[0].units.shape[1] < 2:
        return Measured(name, judged, values, np.full((len(judged), 1), np.nan))
    return Measured(name, judged, values, np.stack([jackknife(one.without_each(seed)) for one in judged]))


def units_of_classes(labels: Ints, classes: int, groups: Ints | None) -> Ints:
    """(classes,) how many items each class has, or in how many groups it occurs."""
    if groups is None:
        return np.bincount(labels, minlength=classes)
    seen = np.unique(np.stack([labels, groups]), axis=1)
    return np.bincount(seen[0], minlength=classes)
