"""Which faults: every one, the many of the long tests, the few of the short ones."""

from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

from tests.invariants.faults.bench import Bench, Fault
from tests.invariants.faults.plans import Point

T = TypeVar("T")


def every_fault(bench: Bench) -> list[Fault]:
    """A kill before every call and in the midst of every write, a full disk from each on, an error of each."""
    kills: list[Fault] = [("kill", point, state) for point, state in bench.kills]
    full: list[Fault] = [("full", point, None) for point in bench.points]
    return [*kills, *full, *(("error", point, None) for point in bench.points)]


def many_faults(bench: Bench, most: int) -> list[Fault]:
    """A kill into every state that differs; at each point in turn a full disk and an error; at most `most` of each.

    Of writes that follow each other into one temporary file, the first two and the last.
    """
    states = {state: ("kill", point, state) for point, state in reversed(bench.kills)}
    points = thinned(bench.points)
    errors: list[Fault] = [("full" if place % 2 else "error", point, None) for place, point in enumerate(points)]
    return [*spread(list(states.values()), most), *spread(errors, most)]


def thinned(points: Sequence[Point]) -> list[Point]:
    """Points, less what repeats itself."""
    found = []
    for _, group in groupby(points, lambda point: (point.call, point.path)):
        same = list(group)
        found += same if len(same) <= 3 else [*same[:2], same[-1]]
    return found


def spread(values: Sequence[T], most: int) -> list[T]:
    """At most so many, from beginning to end."""
    if len(values) <= most:
        return list(values)
    return [values[round(place * (len(values) - 1) / (most - 1))] for place in range(most)]
