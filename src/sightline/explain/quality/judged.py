"""The quality of the maps of several methods on the same images, as `explain.json` holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.explain.integrated_gradients import TOLERANCE
from sightline.explain.quality.fills import FILLS
from sightline.explain.quality.randomisation import Cascade
from sightline.explain.quality.removal import SIGNS, Areas
from sightline.metrics.documents.explanation import AlikeJson, ItemQuality, MapQuality, RandomWeightsJson, RemovalJson
from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.intervals.interval import wilson
from sightline.metrics.intervals.means import bounded_mean

Reals = NDArray[np.float64]
Groups = NDArray[np.int64] | None
"""(B,) which images belong together, as integers from 0, or None: where there are some, intervals are over them."""


@dataclass(frozen=True)
class Judged:
    """What was measured of the maps of one method, of some images in one order.

    Attributes:
        areas: of deletion and insertion.
        cascade: with random weights.
        errors: (B,) of completeness, see `integrated_gradients.Attributions`; None of methods that add up to nothing.
        points: (B,) points on the way that they took, likewise.
    """

    areas: Areas
    cascade: Cascade
    errors: Reals | None = None
    points: Reals | None = None

    @classmethod
    def joined(cls, parts: Sequence["Judged"]) -> "Judged":
        """Those of several batches of images, one after the other."""
        correlations = np.concatenate([part.cascade.correlations for part in parts], axis=1)
        areas = Areas.joined([part.areas for part in parts])
        errors = [part.errors for part in parts if part.errors is not None]
        points = [part.points for part in parts if part.points is not None]
        return cls(areas, Cascade(parts[0].cascade.layers, correlations), _whole(errors), _whole(points))

    def items(self) -> list[ItemQuality]:
        """Of each image: what stands above its picture."""
        own, random = self.areas.own[..., 0].mean(axis=1), self.areas.random[:, :, 0].mean(axis=(1, 2))
        beaten = self.areas.beaten[..., 0].mean(axis=1)
        found: list[ItemQuality] = [
            {"deletion": float(a), "random": float(b), "beaten": float(c)}
            for a, b, c in zip(own, random, beaten, strict=True)
        ]
        if self.errors is not None:
            for item, error in zip(found, self.errors.tolist(), strict=True):
                item["completeness_error"] = error
        return found


def _whole(parts: Sequence[Reals]) -> Reals | None:
    return np.concatenate(parts) if parts else None


def quality_of(name: str, judged: Judged, level: float, groups: Groups = None) -> MapQuality:
    """The quality of one method's maps, with intervals over the images, or over whole groups of them."""
    found: MapQuality = {
        "name": name,
        "removal": {
            fill: {way: _removal(judged.areas, number, place, level, groups) for place, way in enumerate(SIGNS)}
            for number, fill in enumerate(FILLS)
        },
        "random_weights": _random_weights(judged.cascade, level, groups),
    }
    if judged.errors is not None and judged.points is not None:
        complete = judged.errors <= TOLERANCE
        found["completeness"] = {
            "complete": _counted(complete, level, groups),
            "tolerance": TOLERANCE,
            "largest": float(judged.errors.max()),
            "steps": int(judged.points.max()),
        }
    return found


def ends_of(areas: Areas, level: float, groups: Groups = None) -> tuple[IntervalJson, dict[str, IntervalJson]]:
    """The confidence for the untouched images, and for nothing but each fill-in."""
    left = {fill: _share(areas.left[:, number], level, groups) for number, fill in enumerate(FILLS)}
    return _share(areas.whole, level, groups), left


def alike_of(pairs: Mapping[tuple[str, str], Reals], level: float, groups: Groups = None) -> list[AlikeJson]:
    """How alike the maps of each pair of methods are."""
    return [{"methods": list(names), "correlation": _signed(values, level, groups)} for names, values in pairs.items()]


def _removal(areas: Areas, fill: int, way: int, level: float, groups: Groups) -> RemovalJson:
    return {
        "own": _share(areas.own[:, fill, way], level, groups),
        "random": _share(np.nanmean(areas.random[:, fill, way], axis=-1), level, groups),
        "edges": _share(areas.edge[:, fill, way], level, groups),
        "over_random": _signed(areas.over_random[:, fill, way], level, groups),
        "over_edges": _signed(areas.over_edge[:, fill, way], level, groups),
        "beaten": _share(areas.beaten[:, fill, way], level, groups),
    }


def _random_weights(cascade: Cascade, level: float, groups: Groups) -> RandomWeightsJson:
    return {
        "layers": list(cascade.layers),
        "correlations": [_signed(stage, level, groups) for stage in cascade.correlations],
    }


def _counted(yes: NDArray[np.bool_], level: float, groups: Groups) -> IntervalJson:
    if groups is None:
        return wilson(int(yes.sum()), len(yes), level).to_json()
    return _share(yes.astype(np.float64), level, groups)


def _share(values: Reals, level: float, groups: Groups) -> IntervalJson:
    return bounded_mean(values, 0.0, 1.0, level, groups).to_json()


def _signed(values: Reals, level: float, groups: Groups) -> IntervalJson:
    return bounded_mean(values, -1.0, 1.0, level, groups).to_json()
