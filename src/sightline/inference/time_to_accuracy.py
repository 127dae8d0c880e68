"""How long systems take to an accuracy that all of them reach."""

from collections.abc import Sequence
from statistics import mean

from sightline.inference.systems import System


def seconds_to_common_accuracy(systems: Sequence[System]) -> tuple[float | None, list[float | None]]:
    """The accuracy on the validation split that all reach, and the mean seconds that each takes to it.

    That accuracy is the lowest of all members' best ones; a system without curves has no time.
    """
    curves = [system.curves() for system in systems]
    best = [max(accuracy for _, accuracy in curve) for members in curves for curve in members]
    if not best:
        return None, [None] * len(systems)
    target, found = min(best), []
    for members in curves:
        times = [next(end for end, accuracy in curve if accuracy >= target) for curve in members]
        found.append(mean(times) if times else None)
    return target, found
