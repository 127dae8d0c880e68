"""How good the maps of a run are: whether it is measured, by how much work, and what is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.data.sources.remarks import counted
from sightline.explain.integrated_gradients import attributions
from sightline.explain.methods import METHODS
from sightline.explain.quality.correlation import agreement
from sightline.explain.quality.fills import FILLS
from sightline.explain.quality.judged import Judged, alike_of, ends_of, quality_of
from sightline.explain.quality.randomisation import STAGES, cascade
from sightline.explain.quality.removal import INSERTED, RANDOM_MAPS, STEPS, Areas, passes, removal_areas
from sightline.inference.operations import operations
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger
from sightline.metrics.documents.explanation import ItemQuality, QualityJson
from sightline.tasks.results import Explanation, JsonRow

Effort = Literal["auto", "light", "full", "none"]
FULL_STEPS: Final = 10
MOST: Final[Mapping[str, float]] = {"cpu": 2e12, "other": 1e15}
"""Floating-point operations that `auto` spends: some seconds of two cores, or of a graphics card."""


@dataclass(frozen=True)
class Work:
    """What is measured of each map.

    Attributes:
        steps: parts in which pixels go.
        inserted: random maps that are inserted as well as deleted.
    """

    steps: int
    inserted: int

    @property
    def passes(self) -> int:
        """Of each image through the network, for deletion and insertion."""
        return passes(len(FILLS), RANDOM_MAPS, self.inserted, self.steps)


WORK: Final[Mapping[str, Work]] = {"light": Work(STEPS, INSERTED), "full": Work(FULL_STEPS, RANDOM_MAPS)}
"""By `explain.quality`."""


class Judge:
    """Measures maps batch by batch of images of one shape.

    Args:
        effort: `explain.quality`.
        network: that is explained.
        explained: what of.
        level: confidence of the intervals.
        names: of the methods.
        groups: of the images that are explained, as integers from 0, or None.
    """

    def __init__(
        self,
        effort: Effort,
        network: nn.Module,
        explained: Explanation,
        level: float,
        names: Sequence[str],
        groups: NDArray[np.int64] | None = None,
    ) -> None:
        self._network, self._explained, self._level, self._groups = network, explained, level, groups
        self._effort, self._names, self._images = effort, names, len(explained.rows)
        self._parts: dict[str, list[Judged]] = {}
        self._rows: list[int] = []
        self._alike: dict[tuple[str, str], list[NDArray[np.float64]]] = {}
        self._work: Work | None = WORK.get(effort)

    def add(self, rows: list[int], images: Tensor, targets: Tensor, maps: Mapping[str, NDArray[np.float32]]) -> None:
        """Measure the maps (B, H, W) of each method, of images (B, 3, H, W) on the network's device.

        Args:
            rows: (B,) places of the images among those that are explained.
            images: normalised.
            targets: (B, …).
            maps: by method.
        """
        if self._effort == "auto":
            self._effort = "light" if self._is_quick(images) else "none"
            self._work = WORK.get(self._effort)
        if self._work is None:
            return
        self._rows += rows
        heats = {name: torch.from_numpy(heat) for name, heat in maps.items()}
        for name, heat in heats.items():
            check_stop()
            self._parts.setdefault(name, []).append(self._judged(name, images, targets, heat, self._work))
        for pair, values in agreement(heats).items():
            self._alike.setdefault(pair, []).append(values)

    def _is_quick(self, images: Tensor) -> bool:
        work = sum(WORK["light"].passes + (_stages(name) + 1) * _passes(name) for name in self._names)
        flops = float(operations(self._network, images[:1])) * work * self._images
        if flops <= MOST["cpu" if images.device.type == "cpu" else "other"]:
            return True
        logger.info(
            "explain: the quality of maps is not measured, it would take %s passes of %s: "
            "explain.quality=light does it",
            f"{work:,}",
            counted(self._images, "image"),
        )
        return False

    def _judged(self, name: str, images: Tensor, targets: Tensor, heat: Tensor, work: Work) -> Judged:
        method = METHODS[name]
        again = partial(method, images=images, targets=targets, score=self._explained.score)
        areas = removal_areas(
            self._network,
            images,
            heat,
            targets,
            confidence=self._explained.confidence,
            inserted=work.inserted,
            steps=work.steps,
        )
        randomised = cascade(self._network, images, heat, lambda other: again(other).cpu(), stages=_stages(name))
        if name != "integrated_gradients":
            return Judged(areas, randomised)
        found = attributions(self._network, images, targets, score=self._explained.score)
        errors, points = (each.double().cpu().numpy() for each in (found.error, found.steps))
        return Judged(areas, randomised, errors, points)

    def content(self) -> QualityJson | None:
        """What `explain.json` says of all of it; None where it was not measured."""
        if self._work is None or not self._parts:
            return None
        judged = {name: Judged.joined(parts) for name, parts in self._parts.items()}
        first: Areas = next(iter(judged.values())).areas
        groups = None if self._groups is None else self._groups[self._rows]
        untouched, left = ends_of(first, self._level, groups)
        return {
            "images": len(self._rows),
            "random_maps": RANDOM_MAPS,
            "steps": self._work.steps,
            "passes": self._work.passes,
            "untouched": untouched,
            "left": left,
            "methods": [quality_of(name, one, self._level, groups) for name, one in judged.items()],
            "alike": alike_of(
                {pair: np.concatenate(parts) for pair, parts in self._alike.items()}, self._level, groups
            ),
        }

    def items(self, name: str) -> list[ItemQuality]:
        """Of the map of each image that was explained, in order; empty where nothing was measured."""
        if name not in self._parts:
            return []
        found = Judged.joined(self._parts[name]).items()
        return [found[place] for place in np.argsort(self._rows)]


def _passes(name: str) -> int:
    """At least so often a method sends each image through a network; a gradient counts as two."""
    forward, backward = (int(each.split(",")[0]) for each in (METHODS[name].forward, METHODS[name].backward))
    return forward + 2 * backward


def _stages(name: str) -> int:
    """Of random weights: a method of many passes is asked again with a random head and when all is random."""
    return STAGES if METHODS[name].forward == "1" else 2


def with_quality(items: Sequence[JsonRow], quality: Mapping[str, Sequence[ItemQuality]]) -> list[JsonRow]:
    """Items with the row of their map, and the quality of that of each method where it was measured."""
    measured = {name: each for name, each in quality.items() if each}
    return [
        {**item, "map": row, **({"quality": {name: each[row] for name, each in measured.items()}} if measured else {})}
        for row, item in enumerate(items)
    ]


def with_scores(titles: Sequence[str], quality: Sequence[ItemQuality]) -> list[str]:
    """Titles of pictures; those of maps that were measured say how they compare with random ones."""
    if not quality:
        return list(titles)
    return [
        f"{title}\ndeletion {one['deletion']:.0%}, random {one['random']:.0%}, beats {one['beaten']:.0%}"
        for title, one in zip(titles, quality, strict=True)
    ]
