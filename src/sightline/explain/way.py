"""The way from a baseline to an image: points that are closer where the score bends, and trapezoids between them.

The score is known at both ends and wherever a gradient was taken. So each piece between two points tells by itself how
far its trapezoid misses what the score does there, and the sum of these is by how much attributions are not complete.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Reals = NDArray[np.float64]

SPLIT: Final = 0.25
"""At most this share of the pieces gets a point in each round: those that miss most …"""
ENOUGH: Final = 0.5
"""… as few as hold this share of all that is missed."""
KEPT: Final = 64
"""Attributions that a way holds, or as many as it began with; those of further points go into the sum for good."""
NARROWEST: Final = 1e-5
"""A piece as narrow as this, on a way of length 1, is not split: there the score jumps."""
ROUNDING: Final = 1e-4
"""Share of all attributions, without their signs, below which a difference of scores is rounding."""


def midpoints(count: int) -> list[float]:
    """Of so many equal parts of the way: trapezoids between them are the midpoint rule."""
    return [(2 * number + 1) / (2 * count) for number in range(count)]


@dataclass
class Point:
    """What was found at one place.

    Attributes:
        at: the place, from 0 to 1.
        score: of the image there.
        slope: by how much the score grows along the way: the sum of the attributions.
        size: the sum of the attributions without their signs.
        attributions: (3, H, W) gradient times the whole way, or None once they are in the sum.
    """

    at: float
    score: float
    slope: float
    size: float
    attributions: Tensor | None


class Way:
    """The way of one image.

    Args:
        first: score of the baseline.
        last: score of the image.
        kept: attributions to hold.
    """

    def __init__(self, first: float, last: float, kept: int = KEPT) -> None:
        self.first, self.last, self.kept = first, last, kept
        self.points = list[Point]()
        self._folded: Tensor | None = None

    def add(self, point: Point) -> None:
        """Take in a place where a gradient was taken."""
        insort(self.points, point, key=lambda one: one.at)

    @property
    def error(self) -> float:
        """By how much the attributions miss the difference of the scores, as a share of it."""
        size = ROUNDING * float(self._weights() @ [point.size for point in self.points])
        missed, size = abs(float(self._missed().sum())), max(abs(self.last - self.first), size)
        return missed / size if size > 0 else missed

    def next(self, tolerance: float, most: int) -> list[float]:
        """Where points are missing: within the pieces that miss most; none where the attributions are complete.

        Args:
            tolerance: the largest error that is complete.
            most: points that there may be.
        """
        if not self.error > tolerance:
            return []
        edges, missed = self._edges(), np.abs(self._missed())
        known = [True, *(point.attributions is not None for point in self.points), True]
        free = np.logical_and(known[:-1], known[1:]) & (np.diff(edges) > NARROWEST) & (missed > 0)
        order = np.argsort(np.where(free, -missed, 0), kind="stable")
        enough = 1 + int(np.searchsorted(missed[order].cumsum(), ENOUGH * missed[free].sum()))
        count = min(enough, int(np.ceil(SPLIT * len(missed))), most - len(self.points), int(free.sum()))
        # The slope at an end is not asked, for a plain baseline has none: its piece ends with that of the next point.
        middles = (edges[:-1] + edges[1:]) / 2
        middles[0], middles[-1] = edges[1] / 3, 1 - (1 - edges[-2]) / 3
        worst = order[: max(0, count)]
        if len(worst):
            self._fold(np.maximum(missed[:-1], missed[1:]), worst)
        return [float(middles[piece]) for piece in worst]

    def values(self) -> Tensor:
        """(3, H, W) the attributions."""
        return self._sum(range(len(self.points)))

    def _fold(self, missed: Reals, split: Sequence[int] | NDArray[np.int64]) -> None:
        """Hold no more than `kept`: points beside pieces that miss least come into the sum, and those stay whole."""
        beside = {int(piece) + side for piece in split for side in (-1, 0)}
        held = [number for number, point in enumerate(self.points) if point.attributions is not None]
        idle = sorted((number for number in held if number not in beside), key=lambda number: float(missed[number]))
        done = idle[: max(0, len(held) - self.kept)]
        if done:
            self._folded = self._sum(done)
            for number in done:
                self.points[number].attributions = None

    def _sum(self, numbers: Sequence[int]) -> Tensor:
        """What is in the sum, and some points more."""
        weights, total = self._weights(), self._folded
        for number in numbers:
            one = self.points[number].attributions
            if one is not None:
                part = float(weights[number]) * one
                total = part if total is None else total + part
        if total is None:
            raise ValueError("a way without points")
        return total

    def _edges(self) -> Reals:
        return np.array([0.0, *(point.at for point in self.points), 1.0])

    def _weights(self) -> Reals:
        """(n,) of each point: half of the pieces beside it, and the whole of one that goes to an end."""
        half = np.diff(self._edges()) / 2
        weights = half[:-1] + half[1:]
        weights[0] += half[0]
        weights[-1] += half[-1]
        return np.asarray(weights)

    def _missed(self) -> Reals:
        """(n + 1,) of each piece: what the score changes there, less what its trapezoid says."""
        scores = np.array([self.first, *(point.score for point in self.points), self.last])
        slopes = [point.slope for point in self.points]
        ends = np.array([slopes[0], *slopes, slopes[-1]])
        return np.asarray(np.diff(scores) - np.diff(self._edges()) * (ends[:-1] + ends[1:]) / 2)
