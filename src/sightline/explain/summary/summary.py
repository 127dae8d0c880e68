"""Where a model looks over many images, class by class, beside an untrained network on the same images."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.explain.quality.randomisation import randomise, settle_norms
from sightline.explain.summary.objects import OnObjects, on_objects
from sightline.explain.summary.places import positive, regions, shares

Reals = NDArray[np.float64]
Explain = Callable[[nn.Module, Tensor, Tensor], Tensor]
"""From a network, images (B, 3, H, W) and their targets to maps (B, H, W)."""
SIDE: Final = 64
"""Pixels a side of a mean map and of a mean picture."""


class ClassMean(NamedTuple):
    """The mean over the images of a class.

    Attributes:
        images: how many.
        map: (SIDE, SIDE) each map over its own mass, times pixels: 1 everywhere is an even map.
        picture: (SIDE, SIDE) grey, as the model gets it.
    """

    images: int
    map: Reals
    picture: Reals


@dataclass(frozen=True)
class MapSummary:
    """What maps of many images have in common.

    Attributes:
        labels: (n,) the class that each map speaks for.
        own: (n, places) the share of each map that lies in each of `places.PLACES`.
        expected: (n, places) the same of an untrained network, or of an even map where that is more.
        empty: images whose map has no mass; they are left out.
        means: by class.
        objects: how much of the maps lies on masks, (n,) each; None where there are none.
        groups: (n,) which images belong together, or None.
    """

    labels: NDArray[np.int64]
    own: Reals
    expected: Reals
    empty: int
    means: dict[int, ClassMean]
    objects: OnObjects | None
    groups: NDArray[np.int64] | None = None


@dataclass
class Summariser:
    """Takes images batch by batch, and keeps no more of each than its shares.

    Args:
        network: the trained one; comes back as it was.
        explain: makes maps of images by a network; it is called for the trained one and for an untrained copy.
        seed: of the weights of the copy.
    """

    network: nn.Module
    explain: Explain
    seed: int = 0
    _untrained: nn.Module | None = None
    _labels: list[NDArray[np.int64]] = field(default_factory=list)
    _own: list[Reals] = field(default_factory=list)
    _expected: list[Reals] = field(default_factory=list)
    _objects: list[OnObjects] = field(default_factory=list)
    _sums: dict[int, ClassMean] = field(default_factory=dict)
    _groups: list[NDArray[np.int64]] = field(default_factory=list)
    _empty: int = 0

    def add(
        self,
        images: Tensor,
        targets: Tensor,
        labels: Tensor,
        masks: Tensor | None = None,
        groups: NDArray[np.int64] | None = None,
    ) -> None:
        """Count some images.

        Args:
            images: (B, 3, H, W), normalised.
            targets: (B, …) what is explained of each.
            labels: (B,) the class that each target is about.
            masks: (B, H, W) bool, where the object of that class is, if that is known.
            groups: (B,) which images belong together, of all batches or of none.
        """
        if self._untrained is None:
            self._untrained = untrained(self.network, images, self.seed)
        maps, other = (self.explain(one, images, targets) for one in (self.network, self._untrained))
        there = positive(maps).sum(dim=(1, 2)) > 0
        self._empty += int((~there).sum())
        maps, other, images, labels = maps[there], other[there], images[there], labels.to(there.device)[there]
        even = regions(maps.shape[1], maps.shape[2]).mean(dim=(1, 2)).to(maps.device)
        self._own.append(shares(maps).cpu().numpy())
        self._expected.append(torch.fmax(shares(other), even).cpu().numpy())
        self._labels.append(labels.cpu().numpy())
        if groups is not None:
            self._groups.append(groups[there.cpu().numpy()])
        if masks is not None:
            self._objects.append(on_objects(maps, masks.to(there.device)[there]))
        self._count(maps, images, labels)

    def _count(self, maps: Tensor, images: Tensor, labels: Tensor) -> None:
        mass = positive(maps)
        even = mass / mass.mean(dim=(1, 2), keepdim=True)
        both = torch.stack([even, images.detach().double().mean(dim=1)], dim=1)
        small = F.interpolate(both, size=(SIDE, SIDE), mode="area").cpu().numpy()
        of_each = labels.cpu().numpy()
        for label in np.unique(of_each).tolist():
            here, before = small[of_each == label], self._sums.get(label)
            count, (heat, picture) = len(here), here.sum(axis=0)
            if before is not None:
                count, heat, picture = before.images + count, before.map + heat, before.picture + picture
            self._sums[label] = ClassMean(count, heat, picture)

    def found(self) -> MapSummary:
        """Of all images that were counted.

        Raises:
            ValueError: none was.
        """
        objects = OnObjects(*map(np.concatenate, zip(*self._objects, strict=True))) if self._objects else None
        means = {
            label: ClassMean(count, heat / count, picture / count)
            for label, (count, heat, picture) in sorted(self._sums.items())
        }
        own, expected = np.concatenate(self._own), np.concatenate(self._expected)
        groups = np.concatenate(self._groups) if self._groups else None
        return MapSummary(np.concatenate(self._labels), own, expected, self._empty, means, objects, groups)


def untrained(network: nn.Module, images: Tensor, seed: int = 0) -> nn.Module:
    """A copy with random weights, its normalisation settled on some images; the network is not touched."""
    drawn = torch.Generator().manual_seed(seed)
    with torch.inference_mode(False), torch.no_grad():
        other = deepcopy(network)
        for module in other.modules():
            randomise(module, drawn)
        settle_norms(other, images.clone(), len(images))
    return other
